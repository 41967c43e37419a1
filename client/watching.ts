import type { KindRef, ListOptions, WatchEvent, WatchState } from '../domain/ports.ts';
import type { LynqFailure } from '../domain/failures.ts';
import type { Context } from './context.ts';

export interface Following {
  readonly kind: KindRef;
  readonly where: ListOptions;
  readonly onEvent: (event: WatchEvent) => void;
  /** Told, in words for a person too, when the connection is lost, and when it is back. */
  readonly onConnection: (text: string, isLost: boolean) => void;
  /** Ends it, as Ctrl-C does. */
  readonly enough?: AbortSignal;
}

/**
 * Follows objects until there is enough, over every loss of the connection.
 *
 * @throws LynqFailure when the account may not list or watch them, or its credentials are not taken any more: that does not mend by itself.
 */
export async function followChanges(context: Context, following: Following): Promise<void> {
  const { kind, where, onEvent, onConnection, enough } = following;
  const refused = new AbortController();
  let failure: LynqFailure | undefined;
  let isLost = false;
  const onState = (state: WatchState): void => {
    if (state.kind === 'refused') {
      failure ??= state.failure;
      refused.abort();
    } else if (isLost !== (state.kind === 'lost')) {
      isLost = !isLost;
      onConnection(isLost ? 'connection lost, trying again' : 'connected again', isLost);
    }
  };
  const ends = [context.stop, refused.signal, ...(enough === undefined ? [] : [enough])];
  const reflector = await context.services.reflector();
  await reflector.run(kind, { ...where, onState }, onEvent, AbortSignal.any(ends));
  if (failure !== undefined) throw failure;
}
