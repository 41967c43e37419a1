import { isJsonObject, type Json } from '../api/json.ts';
import { annotations } from '../keys.ts';
import { encodeExtra } from '../rows.ts';

const valueKeys: ReadonlySet<string> = new Set([
  annotations.hostOrUrl,
  annotations.activate,
  annotations.extra,
  annotations.secretValues,
]);

type Values = Readonly<Record<string, string>>;

/**
 * Values of a row that wait for a rollout: the annotations of parity 1.6 that they become, as one text. The node has its present values too, and both
 * have to fit into its annotations, so that the variables stand here as they are and not as JSON within JSON: one line of JSON that says how
 * long each is, and the texts themselves after it. What could not be read back letter by letter stands as JSON.
 */
export function writePendingValues(values: Values): string {
  const { [annotations.extra]: extra = '', ...others } = values;
  const variables = variablesOf(extra);
  if (variables === undefined) return JSON.stringify(values);
  const lengths = Object.entries(variables).map(([name, text]) => [name, text.length]);
  return `${JSON.stringify({ ...others, [annotations.extra]: lengths })}\n${Object.values(variables).join('')}`;
}

/** Undefined when there are none, or when someone else has written something that is not ours. */
export function readPendingValues(text: string | undefined): Values | undefined {
  if (text === undefined) return undefined;
  const end = text.indexOf('\n');
  const head = parsed(end < 0 ? text : text.slice(0, end));
  if (!isJsonObject(head)) return undefined;
  const { [annotations.extra]: lengths, ...others } = head;
  if (!Array.isArray(lengths)) return end < 0 ? ours(head) : undefined;
  const extra = assembled(lengths as readonly Json[], text.slice(end + 1));
  return extra === undefined ? undefined : ours({ ...others, [annotations.extra]: extra });
}

function ours(found: Readonly<Record<string, unknown>>): Values {
  const entries = Object.entries(found).filter(
    (entry): entry is [string, string] => valueKeys.has(entry[0]) && typeof entry[1] === 'string',
  );
  return Object.fromEntries(entries);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Whether a text is safe in JSON only: it has control characters other than tab and line ends, or halves of surrogate pairs. */
function isFragile(text: string): boolean {
  if (/\p{Surrogate}/u.test(text)) return true;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === 0x7f || (unit < 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d)) return true;
  }
  return false;
}

/** The variables of annotation `lynq.sh/extra` where they can be put together again to the very same text. */
function variablesOf(extra: string): Values | undefined {
  const variables = parsed(extra);
  if (!isJsonObject(variables)) return undefined;
  const texts = Object.entries(variables).flatMap(([name, text]) =>
    typeof text === 'string' && !isFragile(text) ? [[name, text] as const] : [],
  );
  const found = Object.fromEntries(texts);
  return encodeExtra(found) === extra ? found : undefined;
}

function assembled(lengths: readonly Json[], texts: string): string | undefined {
  const variables: [string, string][] = [];
  let from = 0;
  for (const item of lengths) {
    const [name, length] = Array.isArray(item) ? item : [];
    if (typeof name !== 'string' || typeof length !== 'number' || !Number.isInteger(length) || length < 0)
      return undefined;
    variables.push([name, texts.slice(from, from + length)]);
    from += length;
  }
  return from === texts.length ? encodeExtra(Object.fromEntries(variables)) : undefined;
}
