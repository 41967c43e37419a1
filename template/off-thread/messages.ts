import type { CompileInput } from '../form/compile.ts';
import type { RenderContext, RenderResult } from '../form/render.ts';

/** What a rendering thread is asked. Compiled templates are functions and stay where they are made: the thread compiles for itself, once. */
export interface RenderRequest {
  readonly id: number;
  readonly input: CompileInput;
  readonly context: RenderContext;
}

/** Its answer; `error` is the name of an error nobody foresaw, never its text. */
export type RenderAnswer =
  | { readonly id: number; readonly result: RenderResult }
  | { readonly id: number; readonly error: string };
