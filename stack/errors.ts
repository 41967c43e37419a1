/** What can go wrong in the stack. Each kind carries what its text needs; `describeProblem` says what happened and what to do. */
export type StackProblem =
  | { readonly kind: 'tool-missing'; readonly tool: string; readonly neededFor: string }
  | { readonly kind: 'go-too-old'; readonly found: string; readonly needed: string; readonly neededFor: string }
  | { readonly kind: 'no-right-to-install'; readonly packages: readonly string[] }
  | { readonly kind: 'no-package-manager'; readonly packages: readonly string[] }
  | {
      readonly kind: 'install-failed';
      readonly what: string;
      readonly command: string;
      readonly log: string;
      readonly lastLines: readonly string[];
    }
  | { readonly kind: 'port-in-use'; readonly server: string; readonly port: number }
  | { readonly kind: 'no-free-port'; readonly from: number; readonly to: number }
  | {
      readonly kind: 'server-stopped';
      readonly server: string;
      readonly exit: string;
      readonly log: string;
      readonly lastLines: readonly string[];
    }
  | {
      readonly kind: 'server-not-ready';
      readonly server: string;
      readonly waitedMs: number;
      readonly lastAnswer: string;
      readonly log: string;
      readonly lastLines: readonly string[];
    }
  | { readonly kind: 'server-cannot-start'; readonly server: string; readonly reason: string }
  | { readonly kind: 'wont-stop'; readonly server: string; readonly pid: number }
  | { readonly kind: 'bad-file'; readonly file: string; readonly reason: string }
  | { readonly kind: 'other-store'; readonly running: string; readonly wanted: string }
  | { readonly kind: 'unknown-kubernetes'; readonly asked: string; readonly known: readonly string[] }
  | { readonly kind: 'other-kubernetes'; readonly has: string; readonly asked: string }
  | { readonly kind: 'not-running'; readonly dataDir: string }
  | { readonly kind: 'locked'; readonly file: string; readonly holder: number; readonly waitedMs: number }
  | { readonly kind: 'usage'; readonly reason: string };

type ProblemText = { readonly [K in StackProblem['kind']]: (problem: Extract<StackProblem, { kind: K }>) => string };

const texts = {
  'tool-missing': (p) =>
    `${p.tool} is not on PATH; it is needed for ${p.neededFor}. Install ${p.tool} and run this again.`,
  'go-too-old': (p) =>
    `${p.neededFor} needs Go ${p.needed} or newer, but "go version" says ${p.found} and may not fetch a newer one itself. ` +
    'Install a newer Go, or set GOTOOLCHAIN=auto, and run this again.',
  'no-right-to-install': (p) =>
    `${p.packages.join(' and ')} must be installed, but this user is not root and "sudo -n" asks for a password. ` +
    `Run "sudo apt-get install --no-install-recommends ${p.packages.join(' ')}" once and run this again.`,
  'no-package-manager': (p) =>
    `a database server is not on PATH and there is no apt-get to install ${p.packages.join(' and ')}. ` +
    'Install MariaDB 10.6 or newer so that mariadbd and mariadb-install-db are on PATH, and run this again.',
  'install-failed': (p) =>
    `Installing ${p.what} failed: ${p.command}\n${quoted(p.lastLines)}\n` +
    `The whole log is in ${p.log}. Nothing half-made was kept: run this again once the cause is gone.`,
  'port-in-use': (p) =>
    `Port ${p.port} of ${p.server} is used by another process. End that process, or run "down" and "up": ` +
    '"up" finds other ports when no server of the stack is running.',
  'no-free-port': (p) =>
    `No free port on 127.0.0.1 between ${p.from} and ${p.to}. End some servers and run this again.`,
  'server-stopped': (p) =>
    `${p.server} stopped while starting (${p.exit}). Its last lines:\n${quoted(p.lastLines)}\n` +
    `The whole log is in ${p.log}. If its data is damaged, "down --purge" deletes it.`,
  'server-not-ready': (p) =>
    `${p.server} was not ready after ${Math.round(p.waitedMs / 1000)} s (last answer: ${p.lastAnswer}). Its last lines:\n` +
    `${quoted(p.lastLines)}\nThe whole log is in ${p.log}. On a busy machine, run this again.`,
  'server-cannot-start': (p) =>
    `${p.server} could not be started: ${p.reason}. Run "up" again; it installs what is missing.`,
  'wont-stop': (p) =>
    `${p.server} (pid ${p.pid}) is still there after SIGKILL. Look at what it waits for, then run "down" again.`,
  'bad-file': (p) =>
    `${p.file} cannot be used: ${p.reason}. Delete it (and end the servers it names) or choose another --data folder.`,
  'other-store': (p) =>
    `Temporal is running with its ${p.running} store, not ${p.wanted}. Run "down" first, then start with the other store.`,
  'unknown-kubernetes': (p) =>
    `LYNQ_STACK_KUBERNETES is ${p.asked}, and there is no such control plane. Set it to ${p.known.join(' or ')}, or not at all.`,
  'other-kubernetes': (p) =>
    `The data in this folder is of Kubernetes ${p.has}, and LYNQ_STACK_KUBERNETES asks for ${p.asked}. ` +
    'Choose another --data folder, or delete the data with "down --purge".',
  'not-running': (p) => `No stack has been started in ${p.dataDir}. Run "up" first.`,
  locked: (p) =>
    `Process ${p.holder} still holds ${p.file} after ${Math.round(p.waitedMs / 1000)} s. Wait for it, or end it and run this again.`,
  usage: (p) => `${p.reason}\n`,
} satisfies ProblemText;

/** The text for a person: what happened and what to do about it. */
export function describeProblem(problem: StackProblem): string {
  const text = texts[problem.kind] as (p: StackProblem) => string;
  return text(problem);
}

/** An exception that carries a `StackProblem`; `message` is its full text. Thrown by everything public in `stack/`. */
export class StackError extends Error {
  readonly problem: StackProblem;

  constructor(problem: StackProblem) {
    super(describeProblem(problem));
    this.name = 'StackError';
    this.problem = problem;
  }
}

function quoted(lines: readonly string[]): string {
  return lines.length === 0 ? '  (no output)' : lines.map((line) => `  | ${line}`).join('\n');
}
