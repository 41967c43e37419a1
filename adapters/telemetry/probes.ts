import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Check, splitTarget } from '../../domain/serving.ts';
import { answer, type Handler } from './http.ts';

const checkMilliseconds = 3_000;

async function judged({
  name,
  problem,
}: Check): Promise<{ readonly name: string; readonly problem: string | undefined }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${checkMilliseconds / 1_000} s`), checkMilliseconds);
  });
  try {
    return { name, problem: await Promise.race([Promise.resolve(problem()), late]) };
  } catch (error) {
    return { name, problem: error instanceof Error ? error.name : 'failed' };
  } finally {
    clearTimeout(timer);
  }
}

/** Answers as the API server's own probes do: `ok`, or a line a check with 503; `?verbose` shows all checks always. */
export function probe(path: string, checks: readonly Check[]): Handler {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const results = await Promise.all(checks.map(judged));
    const failed = results.some(({ problem }) => problem !== undefined);
    const lines = results.map(({ name, problem }) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
    );
    const verbose = new URLSearchParams(splitTarget(request.url).query).has('verbose');
    if (!failed && !verbose) return answer(response, 200, 'ok\n');
    lines.push(`${path} check ${failed ? 'failed' : 'passed'}`);
    answer(response, failed ? 503 : 200, `${lines.join('\n')}\n`);
  };
}
