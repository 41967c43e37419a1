import { usageError } from '../errors.ts';

/** `-o` of `lynq get`, as kubectl has it. */
export type Format =
  | { readonly kind: 'table'; readonly wide: boolean }
  | { readonly kind: 'json' | 'yaml' | 'name' }
  | { readonly kind: 'jsonpath'; readonly template: string };

export const formatNames = ['table', 'wide', 'json', 'yaml', 'name', 'jsonpath='] as const;

/** @throws CommandError for a format there is none of, and for a template that is missing. */
export function parseFormat(text: string): Format {
  if (text === 'jsonpath' || text === 'jsonpath=') {
    throw usageError(`-o ${text} has no template`, "such as: -o jsonpath='{.items[*].metadata.name}'");
  }
  if (text.startsWith('jsonpath=')) return { kind: 'jsonpath', template: text.slice('jsonpath='.length) };
  switch (text) {
    case 'table':
    case 'wide':
      return { kind: 'table', wide: text === 'wide' };
    case 'json':
    case 'yaml':
    case 'name':
      return { kind: text };
    default:
      throw usageError(`-o ${text} is no output format`, 'choose wide, json, yaml, name or jsonpath=TEMPLATE');
  }
}
