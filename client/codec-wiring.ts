import type { PayloadCodec } from '@temporalio/common';
import { openCodec, readCodecKeys, serveCodec } from '../adapters/temporal/index.ts';
import type { CodecRequest, ServedCodec } from './context.ts';
import { CommandError } from './errors.ts';
import type { Environment } from './kube-namespace.ts';

/** The codec with the keys of LYNQ_CODEC_KEYS. @throws CommandError that names what cannot be used, never a key. */
export function readCodec(environment: Environment): PayloadCodec {
  try {
    return openCodec(readCodecKeys(environment['LYNQ_CODEC_KEYS'] ?? '', environment['LYNQ_CODEC_KEY']));
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), { fix: 'check LYNQ_CODEC_KEYS' });
  }
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
