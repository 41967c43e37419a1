import type { Scope } from './expressions.ts';
import type { Type } from './signatures.ts';

/** The type a value of a row has for expressions. */
function typeOf(value: unknown): Type {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' && value !== null ? 'map' : 'any';
}

/** The fields of a row by type. */
export function fieldsOf(row: unknown): Scope['fields'] {
  const fields: Partial<Record<Type, [string, ...string[]]>> = {};
  for (const [name, value] of Object.entries(row as Record<string, unknown>)) {
    const type = typeOf(value);
    const known = fields[type];
    if (known === undefined) fields[type] = [name];
    else known.push(name);
  }
  return fields;
}
