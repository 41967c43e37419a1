import { parentPort } from 'node:worker_threads';
import { compileForm } from '../form/compile.ts';
import { renderForm } from '../form/render.ts';
import type { RenderAnswer, RenderRequest } from './messages.ts';

function answer({ id, input, context }: RenderRequest): RenderAnswer {
  try {
    const compiled = compileForm(input);
    if (!compiled.ok) return { id, result: { ok: false, rendered: [], problems: compiled.problems } };
    return { id, result: renderForm(compiled.form, context) };
  } catch (error) {
    return { id, error: error instanceof Error ? error.name : 'unknown' };
  }
}

parentPort?.on('message', (request: RenderRequest) => {
  parentPort?.postMessage(answer(request));
});
