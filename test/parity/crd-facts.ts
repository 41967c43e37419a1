import { isJsonObject, listAt, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';

/**
 * A structural schema as one line per field: `path` → type and every rule on it, in a fixed order. Descriptions are left out.
 * `[]` in a path is an array's item, `{}` a map's value.
 */
export function schemaFacts(schema: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(facts(schema, '', false));
}

function facts(schema: JsonObject, path: string, required: boolean): readonly (readonly [string, string])[] {
  const own = path === '' ? [] : [[path, line(schema, required)] as const];
  const { properties, items, additionalProperties } = schema;
  const names = listAt(schema, 'required');
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  const prefix = path === '' ? '' : `${path}.`;
  return [
    ...own,
    ...fields.flatMap(([name, child]) => facts(child as JsonObject, `${prefix}${name}`, names.includes(name))),
    ...(isJsonObject(items) ? facts(items, `${path}[]`, false) : []),
    ...(isJsonObject(additionalProperties) ? facts(additionalProperties, `${path}{}`, false) : []),
  ];
}

const shown = new Set(['type', 'format', 'default', 'enum', 'description', 'properties', 'items', 'required']);

function line(schema: JsonObject, required: boolean): string {
  const rest = Object.keys(schema)
    .filter((key) => !shown.has(key) && key !== 'additionalProperties')
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(schema[key])}`);
  return [
    typeName(schema),
    ...(required ? ['required'] : []),
    ...(schema['default'] === undefined ? [] : [`default=${JSON.stringify(schema['default'])}`]),
    ...rest,
  ].join(' ');
}

function typeName(schema: JsonObject): string {
  const choices = schema['enum'];
  if (Array.isArray(choices)) return (choices as readonly Json[]).map(String).toSorted().join('|');
  const { type, format } = schema;
  return [type, format].filter((part) => typeof part === 'string').join(':');
}

/** Paths to what our own rules in CEL say there, beside those of the Go operator's CRDs: they say what its webhook says. */
export function addedRules(
  schema: JsonObject,
  known: ReadonlySet<string>,
  path = '',
): readonly (readonly [string, string])[] {
  const rules = listAt(schema, 'x-kubernetes-validations').map((rule) => textAt(rule, 'message') ?? '');
  const own = rules.filter((message) => !known.has(message)).map((message) => [path, message] as const);
  const { properties, items } = schema;
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    ...own,
    ...fields.flatMap(([name, child]) =>
      addedRules(child as JsonObject, known, path === '' ? name : `${path}.${name}`),
    ),
    ...(isJsonObject(items) ? addedRules(items, known, `${path}[]`) : []),
  ];
}

/** The schema with the known rules only. */
export function withoutAddedRules(schema: JsonObject, known: ReadonlySet<string>): JsonObject {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key !== 'x-kubernetes-validations') return value;
    const kept = (value as readonly { readonly message: string }[]).filter(({ message }) => known.has(message));
    return kept.length === 0 ? undefined : kept;
  });
  return JSON.parse(text) as JsonObject;
}
