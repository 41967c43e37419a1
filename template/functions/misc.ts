import { fn, type FunctionTable } from './define.ts';

/** What has no theme. */
export const misc = {
  hello: fn([], () => 'Hello!'),
} satisfies FunctionTable;
