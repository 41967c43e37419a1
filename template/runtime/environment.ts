import Handlebars from 'handlebars';
import { helperNames, type ProgramNode } from '../compile/ast.ts';
import { checkedTree } from '../compile/whitelist.ts';
import { helpers, type HelperTable } from './helpers.ts';
import type { RenderState } from './state.ts';

/** A compiled program: prints with the given state. */
export type Program = (state: RenderState) => string;

const environment = isolated();

/** A Handlebars of our own: none of its helpers, partials or decorators, only ours. */
function isolated(): typeof Handlebars {
  const instance = Handlebars.create();
  for (const name of Object.keys(instance.helpers)) instance.unregisterHelper(name);
  for (const name of Object.keys(instance.decorators)) instance.unregisterDecorator(name);
  for (const name of helperNames) instance.registerHelper(name, helpers[name] as Handlebars.HelperDelegate);
  return instance;
}

const knownHelpers = Object.fromEntries([
  ...['helperMissing', 'blockHelperMissing', 'each', 'if', 'unless', 'with', 'log', 'lookup'].map((name) => [
    name,
    false,
  ]),
  ...helperNames.map((name) => [name, true]),
]) as CompileOptions['knownHelpers'];

const options: CompileOptions = {
  data: false,
  noEscape: true,
  strict: false,
  preventIndent: true,
  ignoreStandalone: true,
  knownHelpersOnly: true,
  ...(knownHelpers === undefined ? {} : { knownHelpers }),
};

/**
 * How a program is run: as Handlebars runs a partial, with the helpers as they are. A top-level run would wrap each of them anew for every
 * field of every row. There are no partials, decorators or hooks; prototype access stays forbidden.
 */
const baseOptions = {
  partial: true,
  partials: Object.freeze({}),
  decorators: Object.freeze({}),
  hooks: Object.freeze({}),
  protoAccessControl: {
    methods: { whitelist: Object.freeze({}), defaultValue: false },
    properties: { whitelist: Object.freeze({}), defaultValue: false },
  },
};

function runOptionsWith(table: HelperTable): RuntimeOptions {
  return { ...baseOptions, helpers: Object.freeze({ ...table }) } as unknown as RuntimeOptions;
}

const usualOptions = runOptionsWith(helpers);

/**
 * A program for the Handlebars runtime. The tree is checked first; Handlebars generates code from it on the first run.
 *
 * Throws `ForgedTreeError` for a tree that did not come from the factory. `table` is for tests that watch the helpers.
 */
export function compileProgram(tree: ProgramNode, table: HelperTable = helpers): Program {
  const checked = checkedTree(tree);
  // Handlebars' types want mutable nodes with full locations; it reads only what ours have.
  const program = environment.compile(checked as unknown as hbs.AST.Program, options);
  const runOptions = table === helpers ? usualOptions : runOptionsWith(table);
  return (state) => program(state, runOptions);
}
