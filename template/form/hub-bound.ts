import { crypto } from '../functions/crypto.ts';
import { random } from '../functions/random.ts';
import type { CompiledForm } from './compile.ts';

/** Their bytes come from the hub's name and key. Those of the theme that draw nothing are among them: what is made from a secret is not worth a guess. */
const drawing: ReadonlySet<string> = new Set([...Object.keys(random), ...Object.keys(crypto)]);

/** Functions of a form whose results would be others under another hub. */
export function hubBoundFunctions({ resources }: CompiledForm): readonly string[] {
  const called = new Set(resources.flatMap(({ functions }) => [...functions]));
  return [...called].filter((name) => drawing.has(name)).toSorted();
}
