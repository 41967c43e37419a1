/** The part of the standard AbortSignal that ports mention; `domain` has neither DOM nor Node types. */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
}
