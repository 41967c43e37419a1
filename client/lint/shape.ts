import { z } from 'zod';
import { closest } from '../closest.ts';
import { findPath, pathText, type Located, type PathStep } from '../manifest/located.ts';
import { problemAt, type Problem, type SourceFile } from '../manifest/source.ts';

/** Checks a part of a manifest against a schema of `domain/api`: every issue, and every field the schema does not know, with its place. */

export interface Part {
  readonly source: SourceFile;
  readonly root: Located;
  /** Path of the part inside the document: `['spec']`. */
  readonly path: readonly PathStep[];
}

export type ShapeResult<T> =
  | { readonly ok: true; readonly value: T; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function checkShape<T>(part: Part, schema: z.ZodType<T>): ShapeResult<T> {
  const { located, depth } = findPath(part.root, part.path);
  if (depth < part.path.length) {
    const message = `${pathText(part.path)} is required`;
    return { ok: false, problems: [problemAt(part.source, part.root.start, { message })] };
  }
  const unknown = unknownFields(part, located, schema, part.path);
  const parsed = schema.safeParse(located.value);
  if (parsed.success) return { ok: true, value: parsed.data, problems: unknown };
  return { ok: false, problems: [...unknown, ...parsed.error.issues.map((issue) => issueProblem(part, issue))] };
}

function unknownFields(part: Part, located: Located, schema: unknown, path: readonly PathStep[]): readonly Problem[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) {
    return (located.items ?? []).flatMap((item, index) => unknownFields(part, item, inner.element, [...path, index]));
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, unknown>> = inner.shape;
  return [...(located.entries ?? [])].flatMap(([key, entry]) =>
    Object.hasOwn(shape, key)
      ? unknownFields(part, entry, shape[key], [...path, key])
      : [unknownField(part, entry, [...path, key], Object.keys(shape))],
  );
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap());
  }
  return schema;
}

function unknownField(part: Part, entry: Located, path: readonly PathStep[], known: readonly string[]): Problem {
  const near = closest(String(path.at(-1)), known);
  return problemAt(part.source, entry.keyStart ?? entry.start, {
    message: `unknown field ${pathText(path)}`,
    fix: near === undefined ? `known here: ${known.join(', ')}` : `did you mean ${near}?`,
  });
}

type Issue = z.core.$ZodIssue;

function issueProblem(part: Part, issue: Issue): Problem {
  const path = [...part.path, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const { located, depth } = findPath(part.root, path);
  if (depth < path.length) {
    const offset = located.keyStart ?? located.start;
    return problemAt(part.source, offset, { message: `${pathText(path)} is required` });
  }
  const template = typeof located.value === 'string' && located.value.includes('{{');
  return problemAt(part.source, located.start, {
    message: `${pathText(path)}: ${reasonOf(issue, located)}`,
    fix: template ? 'this field is not a template; write a fixed value' : undefined,
  });
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function reasonOf(issue: Issue, located: Located): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeWords[issue.expected] ?? issue.expected}, not ${describeValue(located)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}, not ${describeValue(located)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`;
    case 'invalid_format':
      return `must match ${'pattern' in issue ? issue.pattern : issue.format}, not ${describeValue(located)}`;
    default:
      return issue.message;
  }
}

function describeValue({ value }: Located): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map';
  return typeof value === 'string' ? `"${value}"` : String(value);
}
