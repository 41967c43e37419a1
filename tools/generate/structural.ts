import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../domain/api/json.ts';

/**
 * zod → structural schema, the subset of OpenAPI 3.0 that an API server accepts in a CRD.
 *
 * What a CRD cannot say is never dropped in silence: a keyword that is not in the table below ends the generation with its path.
 */

/** Integer bounds that only repeat what `format` says. */
const formatBounds: readonly number[] = [2 ** 31 - 1, -(2 ** 31), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

/** zod's name of a number format to OpenAPI's. */
const formats: Readonly<Record<string, string>> = {
  int32: 'int32',
  uint32: 'int64',
  safeint: 'int64',
  float32: 'float',
  float64: 'double',
};

type Keep = (value: Json) => boolean;
const always: Keep = () => true;
const notFormatBound: Keep = (value) => typeof value === 'number' && !formatBounds.includes(value);

/** Keywords that reach the CRD as they are, with the condition under which they do. Children are visited separately. */
const keywords: Readonly<Record<string, Keep>> = {
  description: always,
  type: always,
  format: always,
  nullable: always,
  default: always,
  enum: always,
  pattern: always,
  minimum: notFormatBound,
  maximum: notFormatBound,
  exclusiveMinimum: always,
  exclusiveMaximum: always,
  multipleOf: always,
  minLength: always,
  maxLength: always,
  minItems: always,
  maxItems: always,
  minProperties: always,
  maxProperties: always,
  'x-kubernetes-list-type': always,
  'x-kubernetes-list-map-keys': always,
  'x-kubernetes-map-type': always,
  'x-kubernetes-validations': always,
  'x-kubernetes-preserve-unknown-fields': always,
  'x-kubernetes-int-or-string': always,
};

/** Keywords that are handled below or have no meaning in a CRD. */
const handled: ReadonlySet<string> = new Set([
  'properties',
  'items',
  'additionalProperties',
  'required',
  'anyOf',
  'x-lynq-required',
  'readOnly',
  'deprecated',
  'examples',
  'title',
]);

/** The structural schema of a zod schema. Throws an Error that names the path when the schema says what a CRD cannot. */
export function structuralSchema(schema: z.ZodType): JsonObject {
  const raw = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    cycles: 'throw',
    override: ({ zodSchema, jsonSchema }) => {
      const format = 'format' in zodSchema._zod.def ? zodSchema._zod.def.format : undefined;
      const name = jsonSchema.type === 'integer' || jsonSchema.type === 'number' ? formats[String(format)] : undefined;
      if (name !== undefined) jsonSchema['format'] = name;
    },
  });
  return structural(raw as unknown as JsonObject, '');
}

function structural(raw: JsonObject, path: string): JsonObject {
  if (raw['anyOf'] !== undefined) return intOrString(raw, path);
  const unknown = Object.keys(raw).find((key) => keywords[key] === undefined && !handled.has(key));
  if (unknown !== undefined) throw new Error(`${path || '.'}: a CRD cannot say "${unknown}"`);
  const own = Object.keys(keywords).flatMap((key) => {
    const value = raw[key];
    return value !== undefined && keywords[key]?.(value) === true ? [[key, plain(key, value)] as const] : [];
  });
  return { ...Object.fromEntries(own), ...children(raw, path) };
}

/** A JavaScript pattern escapes slashes; nothing else does. */
function plain(key: string, value: Json): Json {
  return key === 'pattern' && typeof value === 'string' ? value.replaceAll('\\/', '/') : value;
}

function children(raw: JsonObject, path: string): JsonObject {
  const { properties, items, additionalProperties } = raw;
  if (isJsonObject(properties)) return objectSchema(raw, properties, path);
  if (isJsonObject(items)) return { items: structural(items, `${path}[]`) };
  if (raw['x-kubernetes-preserve-unknown-fields'] === true) return {};
  if (isJsonObject(additionalProperties)) return mapSchema(additionalProperties, path);
  if (raw['type'] === undefined) return { 'x-kubernetes-preserve-unknown-fields': true };
  return {};
}

/** A strict object's `additionalProperties: false` is what a CRD does anyway (it prunes); a loose one keeps what it does not know. */
function objectSchema(raw: JsonObject, properties: JsonObject, path: string): JsonObject {
  const loose = isJsonObject(raw['additionalProperties']);
  const entries = Object.entries(properties).map(([name, child]) => {
    if (!isJsonObject(child)) throw new Error(`${path}.${name}: not a schema`);
    return [name, structural(child, `${path}.${name}`)] as const;
  });
  const required = Object.keys(properties).filter((name) => isRequired(raw, properties, name));
  return {
    ...(loose ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(required.length > 0 ? { required } : {}),
    properties: Object.fromEntries(entries),
  };
}

function isRequired(raw: JsonObject, properties: JsonObject, name: string): boolean {
  const listed = Array.isArray(raw['required']) && raw['required'].includes(name);
  const child = properties[name];
  return listed || (isJsonObject(child) && child['x-lynq-required'] === true);
}

/** A map; one whose values are unknown is a free-form object. */
function mapSchema(value: JsonObject, path: string): JsonObject {
  if (Object.keys(value).length === 0) return { 'x-kubernetes-preserve-unknown-fields': true };
  return { additionalProperties: structural(value, `${path}{}`) };
}

/** The one union a CRD has a word for. Object unions have to be written as optional members with a discriminating enum. */
function intOrString(raw: JsonObject, path: string): JsonObject {
  const types = (Array.isArray(raw['anyOf']) ? raw['anyOf'] : []).map((one: Json) =>
    isJsonObject(one) ? one['type'] : '',
  );
  if (types.length !== 2 || !types.includes('integer') || !types.includes('string')) {
    throw new Error(`${path || '.'}: a CRD cannot say a union other than int | string`);
  }
  const { description } = raw;
  return { ...(description === undefined ? {} : { description }), 'x-kubernetes-int-or-string': true };
}
