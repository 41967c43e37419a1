import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { structuralSchema } from '../../../../tools/generate/structural.ts';

/** Turns one field's schema into its CRD form. */
function field(schema: z.ZodType): unknown {
  const { properties } = structuralSchema(z.object({ field: schema })) as { properties: { field: unknown } };
  return properties.field;
}

describe('tools/generate/structural', () => {
  it('names the width of integers and drops the bounds that only repeat it', () => {
    expect(field(z.int32())).toEqual({ type: 'integer', format: 'int32' });
    expect(field(z.int())).toEqual({ type: 'integer', format: 'int64' });
    expect(field(z.int32().min(1).max(3600))).toEqual({ type: 'integer', format: 'int32', minimum: 1, maximum: 3600 });
  });

  it('names the width of integers that are optional or have a default', () => {
    expect(field(z.int32().optional())).toEqual({ type: 'integer', format: 'int32' });
    expect(field(z.int32().default(3))).toEqual({ type: 'integer', format: 'int32', default: 3 });
  });

  it('demands a field with a default only where the schema says so', () => {
    const schema = z.object({
      plain: z.string(),
      silent: z.string().default('a'),
      demanded: z.string().default('b').meta({ 'x-lynq-required': true }),
    });

    expect(structuralSchema(schema)).toEqual({
      type: 'object',
      required: ['plain', 'demanded'],
      properties: {
        plain: { type: 'string' },
        silent: { type: 'string', default: 'a' },
        demanded: { type: 'string', default: 'b' },
      },
    });
  });

  it('writes patterns without the slashes JavaScript escapes', () => {
    expect(field(z.string().regex(/^a\/b\.c$/))).toEqual({ type: 'string', pattern: '^a/b\\.c$' });
  });

  it('drops what a strict object says and a CRD does anyway', () => {
    expect(field(z.strictObject({ a: z.string() }))).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'string' } },
    });
  });

  it('keeps unknown fields of loose and free-form objects', () => {
    const preserved = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

    expect(field(z.looseObject({}))).toEqual({ ...preserved, properties: {} });
    expect(field(z.record(z.string(), z.unknown()))).toEqual(preserved);
    expect(field(z.unknown())).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
  });

  it('knows the one union a CRD has a word for', () => {
    expect(field(z.union([z.int(), z.string()]).describe('Port.'))).toEqual({
      description: 'Port.',
      'x-kubernetes-int-or-string': true,
    });
  });

  it.each([
    ['another union', z.union([z.string(), z.boolean()])],
    ['a union of objects', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])],
    ['an unknown keyword', z.string().meta({ 'x-other': 1 })],
    ['a content keyword', z.string().meta({ contentEncoding: 'base64' })],
  ])('names the path of %s instead of dropping it', (_name, schema) => {
    expect(() => structuralSchema(z.object({ outer: z.array(schema) }))).toThrow(/outer/);
  });

  it('refuses shared definitions, which a CRD cannot refer to', () => {
    const shared = z.string().meta({ id: 'Shared' });

    expect(() => structuralSchema(z.object({ a: shared, b: shared }))).toThrow(/definitions/);
  });
});
