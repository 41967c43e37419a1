import { type AnyNode, helperNames, type PathNode, type ProgramNode } from './ast.ts';
import { isMade } from './factory.ts';

const helpers: ReadonlySet<string> = new Set(helperNames);
const stateFields: ReadonlySet<string> = new Set(['dot', 'root']);

/** Thrown for a tree that the factory did not build as a whole. It is a bug or an attack, never a template error. */
export class ForgedTreeError extends Error {
  override readonly name = 'ForgedTreeError';
}

/** The tree, checked node by node: made by our factory, and nothing but calls of our helpers, literals and text. */
export function checkedTree(root: unknown): ProgramNode {
  const checked = checkedNode(root);
  if (checked.type !== 'Program') throw new ForgedTreeError('the root is no program');
  return checked;
}

function checkedNode(node: unknown): AnyNode {
  if (!isMade(node)) throw new ForgedTreeError('a node was not made by the factory');
  switch (node.type) {
    case 'Program':
      node.body.forEach(checkedNode);
      break;
    case 'BlockStatement':
      checkCall(node.path, node.params);
      checkedNode(node.program);
      if (node.inverse !== undefined) checkedNode(node.inverse);
      break;
    case 'MustacheStatement':
    case 'SubExpression':
      checkCall(node.path, node.params);
      break;
    case 'PathExpression':
      checkState(node);
      break;
    default:
      checkLiteral(node);
  }
  return node;
}

function checkCall(path: PathNode, params: readonly unknown[]): void {
  const [name] = path.parts;
  const plain = isMade(path) && path.parts.length === 1 && path.depth === 0;
  if (!plain || name === undefined || !helpers.has(name)) throw new ForgedTreeError('a call names no helper of ours');
  params.forEach(checkedNode);
}

function checkState(path: PathNode): void {
  const [name] = path.parts;
  const plain = path.parts.length === 1 && path.depth === 0 && path.data === false;
  if (!plain || name === undefined || !stateFields.has(name))
    throw new ForgedTreeError('a path leaves the render state');
}

type Leaf = Exclude<
  AnyNode,
  { type: 'Program' | 'BlockStatement' | 'MustacheStatement' | 'SubExpression' | 'PathExpression' }
>;

const leafTypes: Readonly<Record<Leaf['type'], string>> = {
  ContentStatement: 'string',
  StringLiteral: 'string',
  NumberLiteral: 'number',
  BooleanLiteral: 'boolean',
  NullLiteral: 'undefined',
};

function checkLiteral(node: Leaf): void {
  const value = 'value' in node ? node.value : undefined;
  if (!Object.hasOwn(leafTypes, node.type) || typeof value !== leafTypes[node.type]) {
    throw new ForgedTreeError('a literal has a value of another type');
  }
}
