import type { BindAddress } from '../../domain/serving.ts';

/** `0` and empty text are off; `:8443` is every address of the machine; `127.0.0.1:8443` and `[::1]:8443` are one. Undefined for anything else. */
export function parseBindAddress(text: string): BindAddress | undefined {
  if (text === '0' || text === '') return { kind: 'off' };
  const found = /^(?<host>\[[0-9a-fA-F:.]+\]|[^:[\]]*):(?<port>\d{1,5})$/.exec(text);
  const port = Number(found?.groups?.['port']);
  if (found === null || port > 65_535) return undefined;
  const host = (found.groups?.['host'] ?? '').replace(/^\[|\]$/g, '');
  return host === '' ? { kind: 'at', port } : { kind: 'at', host, port };
}
