import { z } from 'zod';

/** Body of a codec server's request and answer: payloads in the JSON of protobuf, bytes in base64. */
export const Body = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() }))
    .max(10_000),
});
