import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';

const defaultPort = '8234';

export const codecServer = defineCommand({
  name: 'codec-server',
  summary: 'Decode encrypted Temporal payloads for the Temporal UI',
  description:
    'Serves POST /decode and /encode with the keys of LYNQ_CODEC_KEYS until Ctrl-C. Set the printed address as the codec endpoint of the Temporal UI, ' +
    'or give it to `temporal --codec-endpoint`; for a UI give its origin with --ui, no other page is answered. On any address but this machine callers ' +
    'need the bearer token of LYNQ_CODEC_TOKEN; without a token only requests to localhost, 127.0.0.1 and [::1] are answered.',
  args: [],
  flags: {
    ui: { kind: 'list', value: 'ORIGIN', summary: 'origin of a Temporal UI that may ask, e.g. http://localhost:8233' },
    host: { kind: 'text', value: 'HOST', default: '127.0.0.1', summary: 'address to listen on' },
    port: { kind: 'text', value: 'PORT', default: defaultPort, summary: 'port to listen on' },
  },
  examples: [
    { command: 'lynq codec-server --ui http://localhost:8233', summary: 'for the UI of a development server' },
  ],
  async run({ flags }, context) {
    const port = Number(flags.port);
    if (!/^\d+$/.test(flags.port) || port > 65_535)
      throw new CommandError(`--port ${flags.port} is no port`, { exitCode: exitCodes.usage });
    const served = await context.services.serveCodec({ host: flags.host, port, origins: flags.ui });
    if (served === undefined)
      throw new CommandError('there are no keys to decode with', { fix: 'set LYNQ_CODEC_KEYS as the worker has it' });
    context.out.write(`decoding at ${served.url}\n`);
    if (flags.ui.length === 0) context.err.write('no Temporal UI may ask: give its origin with --ui\n');
    await new Promise<void>((resolve) => {
      if (context.stop.aborted) resolve();
      else context.stop.addEventListener('abort', () => resolve(), { once: true });
    });
    await served.close();
    return exitCodes.ok;
  },
});
