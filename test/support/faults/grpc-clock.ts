import { gunzipSync } from 'node:zlib';
import proto from '@temporalio/proto';

/** Of a message of Temporal's API, as generated code knows it. */
interface MessageType {
  decode(bytes: Uint8Array): object;
  encode(message: object): { finish(): Uint8Array };
}

interface Seconds {
  add(seconds: number): Seconds;
}

/** Every message knows its type. */
interface Told {
  readonly $type?: { readonly fullName: string };
  seconds?: Seconds;
}

const services = proto.temporal.api.workflowservice.v1 as unknown as Readonly<Record<string, MessageType | undefined>>;

/** A message is preceded by whether it is compressed and by its length. */
const prefixBytes = 5;

/**
 * An answer of Temporal as a server would give it whose clock is so far ahead: every time that it tells, of events, tasks and schedules, is later. Of its
 * clock a client sees nothing else. Answers that are no single message stay as they are.
 */
export function answerAhead(method: string, answer: Buffer, milliseconds: number): Buffer {
  const type = services[`${method}Response`];
  if (type === undefined || answer.length < prefixBytes) return answer;
  const body = answer.subarray(prefixBytes);
  const message = type.decode(answer[0] === 1 ? gunzipSync(body) : body);
  shift(message, milliseconds / 1_000);
  const encoded = type.encode(message).finish();
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(encoded.length, 1);
  return Buffer.concat([prefix, encoded]);
}

function shift(value: unknown, seconds: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  const told: Told = value;
  if (told.$type?.fullName === '.google.protobuf.Timestamp') {
    if (told.seconds !== undefined) told.seconds = told.seconds.add(seconds);
    return;
  }
  for (const part of Object.values(value)) shift(part, seconds);
}
