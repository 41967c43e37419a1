import type { ServerResponse } from 'node:http';
import type { KubeObject } from '../e2e/cluster.ts';
import type { ApiCall } from './proxy-rules.ts';

/** One event on its way to the client. */
export interface PassingEvent {
  readonly type: string;
  readonly object: KubeObject;
}

/** Says of an event whether it is lost on its way. Bookmarks and errors are never asked about. */
export type EventFilter = (event: PassingEvent, call: ApiCall) => boolean;

/** A watch that is open through the proxy. */
export interface OpenWatch {
  readonly call: ApiCall;
  /** Breaks the connection. */
  cut(): void;
  /** From now on not a byte more, with the connection open. */
  mute(): void;
  /** Ends the stream as the server does when a resourceVersion is too old. */
  expire(): void;
}

/** Carries the lines of a watch to the client, without those a filter takes out. Whole lines only, so that nothing is torn. */
export function carryWatch(
  call: ApiCall,
  answer: ServerResponse,
  isLost: (event: PassingEvent, call: ApiCall) => boolean,
): OpenWatch & { feed(chunk: string): void; end(): void } {
  let rest = '';
  let muted = false;
  const isKept = (line: string): boolean => {
    const event = JSON.parse(line) as PassingEvent;
    return event.type === 'BOOKMARK' || event.type === 'ERROR' || !isLost(event, call);
  };
  return {
    call,
    cut: () => answer.destroy(),
    mute: () => {
      muted = true;
    },
    expire: () => {
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410 };
      answer.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    },
    feed(chunk) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.filter((text) => text !== ''))
        if (isKept(line) && !muted && !answer.writableEnded) answer.write(`${line}\n`);
    },
    end: () => {
      if (!muted) answer.end();
    },
  };
}
