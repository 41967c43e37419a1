import type { Context } from './context.ts';
import type { ExitCode } from './exit-codes.ts';

/**
 * A command is data: the parser, the help, the reference page and the shell completion are all made from it. `run` does parse -> one call ->
 * print, through the context only; heavy modules are imported inside it.
 */

/**
 * What a shell can offer in a place: live names of the cluster, or what this machine knows. `targets` are hubs, nodes and uids; `pausable` hubs, forms and
 * nodes; `entries` those of the node named in the argument before; `revisions` the
 * kept ones of the form named before; `variables` those of the hub of the form named before, `columns` what the hubs of the namespace map, each with `=`. Where `hubs`, `forms` or `nodes` are offered, `PREFIX/NAME` is read as the name (kinds.ts).
 */
export type Completion =
  | 'hubs'
  | 'forms'
  | 'nodes'
  | 'uids'
  | 'targets'
  | 'pausable'
  | 'entries'
  | 'revisions'
  | 'variables'
  | 'columns'
  | 'namespaces'
  | 'contexts'
  | 'files';

export interface Argument {
  readonly name: string;
  readonly summary: string;
  readonly kind: 'required' | 'optional' | 'variadic';
  /** The only values there are. */
  readonly choices?: readonly string[];
  readonly completes?: Completion;
}

interface FlagBase {
  readonly short?: string;
  readonly summary: string;
}

export interface BooleanFlag extends FlagBase {
  readonly kind: 'boolean';
}

export interface TextFlag extends FlagBase {
  readonly kind: 'text';
  /** What stands for the value in the help. */
  readonly value: string;
  readonly choices?: readonly string[];
  /** Values to offer where others are possible too. */
  readonly suggests?: readonly string[];
  readonly default?: string;
  readonly required?: true;
  readonly completes?: Completion;
}

/** `30s`, `2m`, `1m30s`: checked before the command runs, which gets the text. */
export interface DurationFlag extends FlagBase {
  readonly kind: 'duration';
  readonly value: string;
  readonly default: string;
  readonly required?: undefined;
  readonly completes?: undefined;
}

/** May be given several times. */
export interface ListFlag extends FlagBase {
  readonly kind: 'list';
  readonly value: string;
  /** Takes all words up to the next flag: only for a command without arguments. */
  readonly several?: true;
  readonly required?: true;
  readonly completes?: Completion;
}

export type Flag = BooleanFlag | TextFlag | DurationFlag | ListFlag;
/** By long name, without dashes. */
export type Flags = Readonly<Record<string, Flag>>;

export interface Example {
  readonly command: string;
  readonly summary: string;
}

export interface Command {
  /** `get nodes`: the words after `lynq`. */
  readonly name: string;
  /** Other last words: `node`, `lnode`. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly args: readonly Argument[];
  readonly flags: Flags;
  readonly examples: readonly Example[];
  /** Meaning of exit codes where it is another one than that of all commands (`exit-codes.ts`), by code. */
  readonly exits?: Readonly<Record<number, string>>;
  run(input: Input, context: Context): Promise<ExitCode>;
}

export interface Input {
  readonly args: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

type TextValue<F> = F extends { choices: readonly (infer C)[] } ? C : string;

type FlagValue<F> = F extends { kind: 'boolean' }
  ? boolean
  : F extends { kind: 'list' }
    ? readonly string[]
    : F extends { default: string } | { required: true }
      ? TextValue<F>
      : TextValue<F> | undefined;

type ArgumentValue<A> = A extends { kind: 'required' }
  ? string
  : A extends { kind: 'variadic' }
    ? readonly string[]
    : string | undefined;

/** What `run` gets, typed by the command's own arguments and flags. */
export interface TypedInput<A extends readonly Argument[], F extends Flags> {
  readonly args: { readonly [K in A[number] as K['name']]: ArgumentValue<K> };
  readonly flags: { readonly [K in keyof F]: FlagValue<F[K]> };
}

type TypedCommand<A extends readonly Argument[], F extends Flags> = Omit<Command, 'args' | 'flags' | 'run'> & {
  readonly args: A;
  readonly flags: F;
  readonly run: (input: TypedInput<A, F>, context: Context) => Promise<ExitCode>;
};

/** Makes a command whose `run` sees its arguments and flags typed; the program hands over exactly what the data declares. */
export function defineCommand<const A extends readonly Argument[], const F extends Flags>(
  command: TypedCommand<A, F>,
): Command {
  return { ...command, run: (input, context) => command.run(input as TypedInput<A, F>, context) };
}
