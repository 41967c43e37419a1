import type { Payload, PayloadCodec } from '@temporalio/common';
import { isEncrypted } from './codec.ts';

/**
 * For who has no keys: payloads that nobody encrypted pass as they are, an encrypted one is refused with the error that is given here. Without it a
 * reader would take what it cannot read for something that is not there.
 */
export function keylessCodec(refusal: () => Error): PayloadCodec {
  return {
    encode: async (payloads) => payloads,
    async decode(payloads: Payload[]) {
      if (payloads.some(isEncrypted)) throw refusal();
      return payloads;
    },
  };
}
