import { isLynqFailure, type FailureType, type LynqFailure } from '../domain/failures.ts';
import { apiVersion } from '../domain/keys.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';

/** A command cannot do what was asked. `message` says what and where, `fix` what to do; both are shown as they are. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly fix: string | undefined;

  constructor(message: string, options: { readonly fix?: string; readonly exitCode?: ExitCode } = {}) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.fix = options.fix;
  }
}

/** The command line is wrong. */
export function usageError(message: string, fix?: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.usage, ...(fix === undefined ? {} : { fix }) });
}

export interface ErrorText {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** What to print for anything a command threw. A stack only where somebody looks for a bug of ours (`LYNQ_DEBUG`). */
export function describeError(error: unknown, debug: boolean): ErrorText {
  if (error instanceof CommandError) {
    const fix = error.fix === undefined ? '' : `\n  ${error.fix}`;
    return { text: `Error: ${error.message}${fix}\n`, exitCode: error.exitCode };
  }
  if (isLynqFailure(error)) {
    const fix = adviceFor(error);
    return {
      text: `Error: ${error.message}\n${fix === undefined ? '' : `  ${fix}\n`}`,
      exitCode: exitCodeOf(error.type),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  const report = '\n  This is unexpected; run again with LYNQ_DEBUG=1 for the details of a report.';
  return { text: `Error: ${message}${debug ? stack : report}\n`, exitCode: exitCodes.failed };
}

/** What to do where the definitions of ours are missing. */
export const howToGetKinds = 'install the definitions of Lynq: the worker does it, or: kubectl apply -f deploy/crds/';

const advice: Readonly<Partial<Record<FailureType, string>>> = {
  ClusterUnreachable: 'check --context, --kubeconfig and that the API server is running',
  ClusterForbidden: 'check what the account may do: kubectl auth can-i --list',
};

/** Who asks is not known: what an account may do is not the question. */
const unauthorized = 401;

function adviceFor({ type, detail }: LynqFailure): string | undefined {
  if (detail['reason'] === 'MissingKind' && detail['apiVersion'] === apiVersion) {
    return howToGetKinds;
  }
  if (detail['code'] === unauthorized)
    return 'sign in again, or check the user of the context (--context, --kubeconfig)';
  if (detail['tls'] === 'failed')
    return 'check that the address and the certificate authority of the cluster in the kubeconfig belong together (--context, --kubeconfig)';
  return advice[type];
}
