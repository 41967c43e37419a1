export { type CodecKeys, openCodec } from './codec.ts';
export { keylessCodec } from './keyless-codec.ts';
export { readCodecKeys } from './codec-keys.ts';
export { type CodecServer, type CodecServerOptions, serveCodec } from './codec-server.ts';
