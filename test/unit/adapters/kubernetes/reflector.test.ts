import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { textAt } from '../../../../domain/api/json.ts';
import type { WatchEvent, WatchState } from '../../../../domain/ports.ts';
import { createRequestMeter } from '../../../../adapters/kubernetes/counters.ts';
import { createDiscovery } from '../../../../adapters/kubernetes/discovery.ts';
import { createReflector, reflectorLimits } from '../../../../adapters/kubernetes/reflector.ts';
import { createSend } from '../../../../adapters/kubernetes/send.ts';
import { systemTiming } from '../../../../adapters/kubernetes/timing.ts';
import { createTransport } from '../../../../adapters/kubernetes/transport.ts';
import { configMap, coreDocument, listAnswer, localServer, recordingLogger, statusAnswer, until } from './support.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' };

type Handler = (response: ServerResponse, url: URL) => void;

interface Script {
  readonly lists: Handler[];
  readonly watches: Handler[];
  readonly discovery?: Handler[];
}

const body = (answer: unknown): string => JSON.stringify((answer as { body: unknown }).body);
const listOf =
  (version: string, ...names: readonly string[]): Handler =>
  (response) =>
    void response.end(
      body(
        listAnswer(
          names.map((name) => configMap(name)),
          { resourceVersion: version },
        ),
      ),
    );
const pageOf =
  (version: string, token: string, ...names: readonly string[]): Handler =>
  (response) =>
    void response.end(
      body(
        listAnswer(
          names.map((name) => configMap(name)),
          { resourceVersion: version, continue: token },
        ),
      ),
    );
const event = (type: string, name: string, version: string) =>
  `${JSON.stringify({ type, object: { ...configMap(name), metadata: { name, namespace: 'ns', uid: name, resourceVersion: version } } })}\n`;
const status =
  (code: number): Handler =>
  (response) => {
    response.writeHead(code);
    response.end(body(statusAnswer(code, { reason: 'x' })));
  };
const lines =
  (...text: readonly string[]): Handler =>
  (response) =>
    void response.end(text.join(''));
const open: Handler = (response) => response.flushHeaders();

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(script: Script, limits: Partial<typeof reflectorLimits> = {}, throwing = false) {
  const urls: string[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://x');
    urls.push(url.pathname.endsWith('configmaps') ? url.search : url.pathname);
    if (!url.pathname.endsWith('configmaps')) {
      return (script.discovery?.shift() ?? ((answer: ServerResponse) => void answer.end(body(coreDocument))))(
        response,
        url,
      );
    }
    return ((url.searchParams.has('watch') ? script.watches.shift() : script.lists.shift()) ?? open)(response, url);
  };
  const server = await localServer(handle);
  const transport = createTransport(server.connection, createRequestMeter());
  const send = createSend(transport, systemTiming, {
    tries: 1,
    backoff: { first: 1, most: 2 },
    timeout: 1_000,
    longestWait: 1,
  });
  const logger = recordingLogger();
  const discovery = createDiscovery(send, systemTiming, { known: 60_000, miss: 5 });
  const all = { ...reflectorLimits, backoff: { first: 1, most: 3 }, ...limits };
  const failures: number[] = [];
  const onFailures = (_kind: unknown, count: number): void => void failures.push(count);
  const parts = { send, transport, discovery, timing: systemTiming, logger, limits: all, onFailures };
  const reflector = createReflector(parts);
  const stop = new AbortController();
  const events: string[] = [];
  let refusals = 0;
  let misses = 0;
  const onEvent = (seen: WatchEvent) => {
    if (seen.kind === 'unlisted') {
      if (seen.missing === true) misses += 1;
      return void (refusals += 1);
    }
    events.push('object' in seen ? `${seen.kind} ${textAt(seen.object, 'metadata', 'name')}` : seen.kind);
    if (throwing) throw new TypeError('secret in a message');
  };
  const states: string[] = [];
  const onState = (state: WatchState): void =>
    void states.push(state.kind === 'refused' ? `refused: ${state.failure.message}` : state.kind);
  const ended = reflector.run(kind, { labelSelector: 'a=b', onState }, onEvent, stop.signal);
  closers.push(async () => {
    stop.abort();
    await ended;
    await server.close();
  });
  return { events, urls, logger, failures, states, refusals: () => refusals, misses: () => misses };
}

describe('adapters/kubernetes/reflector', () => {
  it('tells a watch that is lost from one that is refused, and both from one that is well', async () => {
    const { states } = await start(
      {
        lists: [listOf('100'), status(403), listOf('200')],
        watches: [
          status(403),
          status(500),
          status(401),
          status(401),
          open,
          lines(`${JSON.stringify({ type: 'ERROR', object: { code: 410 } })}\n`),
        ],
      },
      { idle: 60 },
    );
    await until(() => states.length >= 9);
    expect(states.slice(0, 9)).toEqual([
      'well',
      'refused: ConfigMap: The account may not watch this.',
      'lost',
      // A watch whose credentials are not taken asks for new ones; here the failures before count.
      'refused: ConfigMap: The API server does not accept the credentials.',
      'refused: ConfigMap: The API server does not accept the credentials.',
      'well',
      'lost',
      'well',
      'refused: ConfigMap: The account may not list this in the whole cluster.',
    ]);
  });

  it('asks for new credentials before it says that they are not taken', async () => {
    const { states } = await start({ lists: [listOf('100')], watches: [status(401), open] });
    await until(() => states.length >= 2);
    expect(states).toEqual(['well', 'well']);
  });

  it('lists, then watches from there with bookmarks', async () => {
    const { events, urls } = await start({
      lists: [listOf('100', 'a', 'b')],
      watches: [lines(event('ADDED', 'c', '101'), event('MODIFIED', 'a', '102'), event('DELETED', 'b', '103'))],
    });
    await until(() => urls.length >= 4);
    expect(events).toEqual(['restarted', 'set a', 'set b', 'synced', 'set c', 'set a', 'removed b']);
    expect(urls[1]).toBe('?labelSelector=a%3Db&limit=500');
    const query = new URLSearchParams(urls[2]);
    expect(Object.fromEntries(query)).toMatchObject({
      labelSelector: 'a=b',
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '100',
    });
    expect(Number(query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(240);
    expect(Number(query.get('timeoutSeconds'))).toBeLessThanOrEqual(300);
    expect(new URLSearchParams(urls[3]).get('resourceVersion')).toBe('103');
  });

  it('is well again when a watch stays open, before anything is heard of it', async () => {
    const { failures, urls } = await start({
      lists: [listOf('100')],
      watches: [status(500), status(500), status(500), open],
    });
    await until(() => failures.length >= 5);
    // The list, three watches that were refused, and the one that is open.
    expect(failures).toEqual([0, 1, 2, 3, 0]);
    expect(urls.filter((url) => url.includes('watch'))).toHaveLength(4);
  });

  it('is not well again when a watch is taken and ends at once, over and over', async () => {
    const none = lines();
    const { failures } = await start(
      { lists: [listOf('100')], watches: [none, none, none, none] },
      {
        backoff: { first: 1, most: 500 },
      },
    );
    await until(() => failures.length >= 5);
    expect(failures.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
  });

  it('goes on from a bookmark', async () => {
    const bookmark = `${JSON.stringify({ type: 'BOOKMARK', object: { ...kind, metadata: { resourceVersion: '500' } } })}\n`;
    const { urls } = await start({ lists: [listOf('100')], watches: [lines(bookmark)] });
    await until(() => urls.length >= 4);
    expect(urls[3]).toContain('resourceVersion=500');
  });

  const expiredLine = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`;
  it.each([
    ['a 410', status(410)],
    ['an event with 410', lines(event('ADDED', 'b', '101'), expiredLine)],
    ['a line that is no event', lines(event('ADDED', 'b', '101'), '{"type":"NEW"}\n')],
    ['a line that is no JSON', lines(event('ADDED', 'b', '101'), '{"type":\n')],
  ])('lists again after %s', async (_, watch) => {
    const { events } = await start({ lists: [listOf('100', 'a'), listOf('200', 'z')], watches: [watch] });
    await until(() => events.filter((name) => name === 'synced').length === 2);
    expect(events.slice(-3)).toEqual(['restarted', 'set z', 'synced']);
  });

  it.each([
    [
      'a broken stream',
      ((response) => {
        response.write(event('ADDED', 'b', '101'));
        setTimeout(() => response.destroy(), 10);
      }) satisfies Handler,
    ],
    [
      'an event with 500',
      lines(event('ADDED', 'b', '101'), `${JSON.stringify({ type: 'ERROR', object: { code: 500 } })}\n`),
    ],
  ])('goes on from the last event after %s', async (_, watch) => {
    const { events, urls } = await start({
      lists: [listOf('100')],
      watches: [watch, lines(event('ADDED', 'c', '102'))],
    });
    await until(() => events.includes('set c'));
    expect(events).toEqual(['restarted', 'synced', 'set b', 'set c']);
    expect(urls[3]).toContain('resourceVersion=101');
  });

  it.each([401, 403, 429, 500, 503])('keeps its place while the server answers a watch with %i', async (code) => {
    const { events, logger } = await start({
      lists: [listOf('100')],
      watches: [status(code), status(code), lines(event('ADDED', 'b', '101'))],
    });
    await until(() => events.includes('set b'));
    expect(events).toEqual(['restarted', 'synced', 'set b']);
    expect(logger.lines.slice(0, 2)).toMatchObject([
      { level: 'warn', message: 'watch waits', fields: { why: String(code), failures: 1 } },
      { fields: { why: String(code), failures: 2 } },
    ]);
  });

  it('tries the first list until it succeeds', async () => {
    const { events } = await start({ lists: [status(500), status(403), listOf('1', 'a')], watches: [] });
    await until(() => events.includes('synced'));
    expect(events).toEqual(['restarted', 'set a', 'synced']);
  });

  it('hands over a list page by page, and says that it is complete only at its end', async () => {
    const { events } = await start({
      lists: [pageOf('1', 't', 'a'), status(500), pageOf('2', 't', 'b'), listOf('2', 'c')],
      watches: [],
    });
    await until(() => events.includes('synced'));
    expect(events).toEqual(['restarted', 'set a', 'restarted', 'set b', 'set c', 'synced']);
  });

  it('takes a silent connection for a dead one', async () => {
    const { events, logger } = await start(
      { lists: [listOf('100')], watches: [open, lines(event('ADDED', 'b', '101'))] },
      { idle: 60 },
    );
    await until(() => events.includes('set b'));
    expect(logger.lines[0]).toMatchObject({ fields: { why: 'idle' } });
  });

  it('does not take a slow connection for a dead one', async () => {
    const slowly: Handler = (response) => {
      let sent = 0;
      const timer = setInterval(() => {
        sent += 1;
        response.write(event('MODIFIED', `n${sent}`, String(100 + sent)));
        if (sent === 6) clearInterval(timer);
      }, 40);
    };
    const { events, logger } = await start({ lists: [listOf('100')], watches: [slowly] }, { idle: 150 });
    await until(() => events.includes('set n6'));
    expect(logger.lines).toEqual([]);
  });

  it('waits for a kind that is not there yet', async () => {
    const nothing: Handler = (response) =>
      void response.end(JSON.stringify({ kind: 'APIResourceList', resources: [] }));
    const { events, logger, refusals, misses } = await start({
      lists: [listOf('1', 'a')],
      watches: [],
      discovery: [nothing, nothing, nothing],
    });
    await until(() => events.includes('synced'));
    expect(logger.lines[0]).toMatchObject({ fields: { why: 'unknown kind' } });
    expect(misses()).toBeGreaterThan(0);
    expect(misses()).toBe(refusals());
  });

  it('lists again when a kind went away and came back', async () => {
    const { events } = await start({
      lists: [listOf('100', 'a'), status(404), listOf('5', 'b')],
      watches: [status(404)],
    });
    await until(() => events.filter((name) => name === 'synced').length === 2);
    expect(events).toEqual(['restarted', 'set a', 'synced', 'restarted', 'set b', 'synced']);
  });

  it('says that a list could not be read, each time', async () => {
    const { events, refusals, misses } = await start({
      lists: [status(403), status(403), listOf('7', 'a')],
      watches: [],
    });
    await until(() => events.includes('synced'));
    expect([refusals(), misses()]).toEqual([2, 0]);
  });

  it('lists everything again after a while, though the watch is well', async () => {
    const { events } = await start(
      {
        lists: [listOf('100', 'a'), listOf('200', 'b')],
        watches: [(response) => setTimeout(() => response.end(), 1_000)],
      },
      { relist: 100 },
    );
    await until(() => events.filter((name) => name === 'synced').length === 2);
    expect(events).toEqual(['restarted', 'set a', 'synced', 'restarted', 'set b', 'synced']);
  });

  it('does not wait for the server to end a watch that it should have ended', { timeout: 15_000 }, async () => {
    const endless: Handler = (response) => {
      const timer = setInterval(() => response.write(event('ADDED', 'n', '101')), 200);
      response.on('close', () => clearInterval(timer));
    };
    const { events } = await start({ lists: [listOf('100'), listOf('200', 'b')], watches: [endless] }, { relist: 200 });
    await until(() => events.includes('set b'), 12_000);
    expect(events.at(-1)).toBe('synced');
  });

  it('reports a handler that throws without its message, and goes on', async () => {
    const { events, logger } = await start(
      { lists: [listOf('100', 'a')], watches: [lines(event('ADDED', 'b', '101'))] },
      {},
      true,
    );
    await until(() => events.includes('set b'));
    expect(events).toEqual(['restarted', 'set a', 'synced', 'set b']);
    const errors = logger.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(4);
    expect(errors[0]).toMatchObject({
      message: 'watch handler failed',
      fields: { kind: 'ConfigMap', event: 'restarted', failure: 'TypeError' },
    });
    expect(JSON.stringify(errors)).not.toContain('secret');
  });

  it('does not hurry when every watch ends at once', async () => {
    const ends = Array.from({ length: 200 }, () => lines());
    const { urls } = await start({ lists: [listOf('100')], watches: ends }, { backoff: { first: 20, most: 40 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(urls.length).toBeLessThan(20);
  });
});
