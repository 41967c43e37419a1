import { Argument, Command as Commander, CommanderError, Help, Option } from 'commander';
import type { Argument as ArgumentSpec, Command, Completion, Flag, Flags, Input } from './command.ts';
import { commandGroups, commands } from './commands/index.ts';
import { type Host, makeContext } from './context.ts';
import { parseDuration } from './duration.ts';
import { describeError, usageError } from './errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { globalFlags, globalOptions, type GlobalValues, rareFlags } from './global-flags.ts';
import { kinds, type LynqKind, readName } from './kinds.ts';
import { completionWord } from './completion/protocol.ts';
import { splitShortFlags } from './short-flags.ts';

/** The command line made from the command table: parsing, help and errors in one style. Nothing here knows what a command does. */

export interface ProgramOptions {
  /** What people type to get here: `lynq`, or `kubectl lynq` for the plugin. */
  readonly name?: string;
}

/** Runs one command line (without `node` and the script) and resolves to the exit code; never throws, never ends the process. */
export async function runProgram(
  argv: readonly string[],
  host: Host,
  { name = 'lynq' }: ProgramOptions = {},
): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  if (argv[0] === completionWord) {
    const { answerShell } = await import('./completion/answer.ts');
    return answerShell(argv.slice(1), host);
  }
  const program = buildProgram(host, name, (code) => {
    exitCode = code;
  });
  try {
    const flags = [globalFlags, ...commands.map((command) => command.flags)];
    await program.parseAsync([...splitShortFlags(argv, flags)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { text, exitCode: failed } = describeError(error, host.debug);
    host.err.write(text);
    return failed;
  }
}

function buildProgram(host: Host, name: string, done: (code: ExitCode) => void): Commander {
  const program = new Commander(name);
  program
    .description('Operate Lynq: hubs, forms and nodes on Kubernetes, run by Temporal.')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.out.write(text),
      writeErr: (text) => host.err.write(text),
      getOutHelpWidth: () => host.out.columns,
      getErrHelpWidth: () => host.err.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(errorText(text)),
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name(), visibleGlobalOptions })
    .optionsGroup('Global options:')
    .version(host.version(), '-V, --version', 'show the version');
  addFlags(program, globalFlags);
  for (const command of commands) addCommand(program, command, host, done);
  return program;
}

/** Flags of the connection that few need would push what a command is about off the screen. */
function visibleGlobalOptions(this: Help, command: Commander): Option[] {
  const all = Help.prototype.visibleGlobalOptions.call(this, command);
  return all.filter(({ long }) => !rareFlags.has(long?.slice(2) ?? ''));
}

/** commander says `error: unknown option '--x'\n(Did you mean --y?)`. */
function errorText(text: string): string {
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const message = first.replace(/^error: /, '');
  return `${[`Error: ${message}`, ...rest.map((line) => `  ${line.replace(/^\((.*)\)$/, '$1')}`)].join('\n')}\n`;
}

function addCommand(program: Commander, command: Command, host: Host, done: (code: ExitCode) => void): void {
  const words = command.name.split(' ');
  const last = words.pop() ?? '';
  const parent = words.reduce(groupOf, program);
  const made = parent
    .command(last)
    .helpGroup('Commands:')
    .summary(command.summary)
    .description(command.description ?? `${command.summary}.`)
    .aliases(command.aliases ?? []);
  for (const argument of command.args) made.addArgument(argumentOf(argument));
  addFlags(made, command.flags);
  made.addHelpText('after', helpTail(program.name(), command));
  made.action(async () => done(await runCommand(made, command, { host, name: program.name() })));
}

function groupOf(parent: Commander, word: string): Commander {
  const existing = parent.commands.find((command) => command.name() === word);
  if (existing !== undefined) return existing;
  const summary = commandGroups[word] ?? '';
  return parent.command(word).summary(summary).description(`${summary}.`);
}

function argumentOf(argument: ArgumentSpec): Argument {
  const name = argument.kind === 'variadic' ? `${argument.name}...` : argument.name;
  const made = new Argument(argument.kind === 'required' ? `<${name}>` : `[${name}]`, argument.summary);
  return argument.choices === undefined ? made : made.choices(argument.choices);
}

function addFlags(command: Commander, flags: Flags): void {
  for (const [long, flag] of Object.entries(flags)) command.addOption(optionOf(long, flag));
}

function optionOf(long: string, flag: Flag): Option {
  const dashes = flag.short === undefined ? `--${long}` : `-${flag.short}, --${long}`;
  if (flag.kind === 'boolean') return new Option(dashes, flag.summary);
  const value = flag.kind === 'list' && flag.several === true ? `${flag.value}...` : flag.value;
  const option = new Option(`${dashes} <${value}>`, flag.summary);
  if (flag.required === true) option.makeOptionMandatory();
  if (flag.kind === 'list') {
    return option.argParser((value: string, all: readonly string[] | undefined) => [...(all ?? []), value]);
  }
  if (flag.kind === 'text' && flag.choices !== undefined) option.choices(flag.choices);
  return flag.default === undefined ? option : option.default(flag.default);
}

function helpTail(name: string, { examples, exits = {} }: Command): string {
  const example = (command: string): string => `  ${command.replaceAll(/\blynq (?=[a-z])/g, `${name} `)}`;
  const shown = examples.flatMap(({ command, summary }) => [`  # ${summary}`, example(command)]);
  const codes = Object.entries(exits).map(([code, meaning]) => `  ${code}  ${meaning}`);
  const exitText = codes.length === 0 ? [] : ['', 'Exit codes:', ...codes];
  return ['', 'Examples:', ...shown, ...exitText, ''].join('\n');
}

interface Caller {
  readonly host: Host;
  /** Of the program. */
  readonly name: string;
}

async function runCommand(made: Commander, command: Command, { host, name }: Caller): Promise<ExitCode> {
  const options = globalOptions(valuesOf(made, globalFlags) as GlobalValues);
  const input = { args: argumentsOf(made, command), flags: valuesOf(made, command.flags) };
  const context = makeContext(host, options, `${name} ${command.name}`);
  try {
    return await command.run(input, context);
  } finally {
    await context.services.close();
  }
}

const absentValues = { boolean: false, text: undefined, duration: undefined, list: [] } as const satisfies Record<
  Flag['kind'],
  unknown
>;

function valuesOf(made: Commander, flags: Flags): Input['flags'] {
  const values: Record<string, unknown> = made.optsWithGlobals();
  return Object.fromEntries(
    Object.entries(flags).map(([long, flag]) => {
      // commander reads `--no-x` as the negation of an option `x` that is true unless named.
      const option = new Option(`--${long}`);
      const value = values[option.attributeName()];
      const given = option.negate ? value === false : (value ?? absentValues[flag.kind]);
      // A command that has begun cannot end with nothing done.
      if (flag.kind === 'duration' && typeof given === 'string') parseDuration(given, long);
      return [long, flag.kind === 'boolean' ? given : bare(given, flag.completes)] as const;
    }),
  ) as Input['flags'];
}

function argumentsOf(made: Commander, command: Command): Input['args'] {
  const values: readonly unknown[] = made.processedArgs;
  return Object.fromEntries(
    command.args.map(({ name, kind, completes }, index) => {
      const value = values[index];
      if (kind === 'required' && value === '') throw usageError(`${name} is empty`);
      return [name, bare(kind === 'variadic' ? (value ?? []) : value, completes)] as const;
    }),
  ) as Input['args'];
}

const namedKinds: Readonly<Partial<Record<Completion, LynqKind>>> = {
  hubs: kinds.hub,
  forms: kinds.form,
  nodes: kinds.node,
};

/** Names of one kind without what `-o name` puts before them. */
function bare(value: unknown, completes: Completion | undefined): unknown {
  const kind = completes === undefined ? undefined : namedKinds[completes];
  if (kind === undefined) return value;
  if (Array.isArray(value)) return value.map((one) => bare(one, completes));
  return typeof value === 'string' ? readName(value, kind) : value;
}
