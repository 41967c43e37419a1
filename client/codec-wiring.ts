import type { PayloadCodec } from '@temporalio/common';
import { keylessCodec, openCodec, readCodecKeys, serveCodec } from '../adapters/temporal/index.ts';
import type { CodecRequest, ServedCodec } from './context.ts';
import { CommandError } from './errors.ts';
import type { Environment } from './kube-namespace.ts';

const asTheWorker = 'set LYNQ_CODEC_KEYS to a folder with the keys that the worker has';

/** The codec with the keys of LYNQ_CODEC_KEYS. @throws CommandError that names what cannot be used, never a key. */
function readCodec(environment: Environment): PayloadCodec {
  try {
    return openCodec(readCodecKeys(environment['LYNQ_CODEC_KEYS'] ?? '', environment['LYNQ_CODEC_KEY']));
  } catch (error) {
    throw refusal(error, 'check LYNQ_CODEC_KEYS');
  }
}

const refusal = (error: unknown, fix: string): CommandError =>
  new CommandError(error instanceof Error ? error.message : String(error), { fix });

/** How a command reads payloads: with the keys it has. `decode` rejects with a CommandError for a payload whose key it lacks. */
export function payloadCodec(environment: Environment): PayloadCodec {
  if ((environment['LYNQ_CODEC_KEYS'] ?? '') === '') {
    return keylessCodec(() => new CommandError('the payloads in Temporal are encrypted', { fix: asTheWorker }));
  }
  const codec = readCodec(environment);
  const decode: PayloadCodec['decode'] = async (payloads) => {
    try {
      return await codec.decode(payloads);
    } catch (error) {
      throw refusal(error, asTheWorker);
    }
  };
  return { encode: (payloads) => codec.encode(payloads), decode };
}

const thisMachine: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Decodes for people until closed. @throws CommandError where anybody could ask. */
export async function serve(request: CodecRequest, environment: Environment): Promise<ServedCodec> {
  const token = environment['LYNQ_CODEC_TOKEN'] ?? '';
  if (token === '' && !thisMachine.has(request.host)) {
    throw new CommandError(`anybody who reaches ${request.host} could read payloads`, {
      fix: 'set LYNQ_CODEC_TOKEN, which callers then send as a bearer token, or listen on 127.0.0.1',
    });
  }
  return serveCodec({ ...request, codec: readCodec(environment), token: token === '' ? undefined : token });
}
