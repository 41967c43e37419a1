import type { CompiledForm } from '../form/compile.ts';
import { renderForm, type RenderContext, type RenderResult } from '../form/render.ts';
import { problemOf } from '../form/resource.ts';
import { offThreadLimits } from '../limits.ts';
import { TemplateFailure } from '../problems.ts';
import { type PoolResult, RenderPool } from './pool.ts';

const pool = new RenderPool();

/**
 * Renders like `renderForm`, with equal results, and never keeps the calling thread busy with costly functions: a form that calls some is
 * rendered in a thread of its own and stopped when that takes too long; any other form is rendered at once, here.
 */
export async function renderFormOffThread(
  form: CompiledForm,
  context: RenderContext,
  threads: RenderPool = pool,
): Promise<RenderResult> {
  if (form.costly === undefined) return renderForm(form, context);
  const done = await threads.render({ input: form.costly, context });
  return done.kind === 'rendered' ? done.result : stopped(form, done);
}

/** Ends the rendering threads; for the end of the process and for tests. */
export async function closeRenderThreads(): Promise<void> {
  await pool.close();
}

function stopped(form: CompiledForm, done: Exclude<PoolResult, { kind: 'rendered' }>): RenderResult {
  const message =
    done.kind === 'too-slow'
      ? `the costly functions of the form took longer than ${offThreadLimits.timeMs} ms`
      : `the rendering thread failed (${done.reason})`;
  const failure = new TemplateFailure('limit', message, { line: 1, column: 1 });
  return { ok: false, rendered: [], problems: form.resources.map(({ id }) => problemOf(id, '', failure)) };
}
