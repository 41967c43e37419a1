import { isItsTurn } from '../../domain/comparison.ts';

/** Longest time that is caught up after the process stood still; whatever was missed has its next turn an interval later. */
const longestSpanTicks = 3;

/** Calls back every now and then with a test of whose turn it is. */
export class Turns {
  private readonly timer: NodeJS.Timeout;

  constructor(intervalMilliseconds: number, onTurns: (isDue: (key: string) => boolean) => void) {
    const tick = Math.min(10_000, Math.max(200, Math.round(intervalMilliseconds / 20)));
    let last = Date.now();
    this.timer = setInterval(() => {
      const until = Date.now();
      const span = { after: Math.max(last, until - longestSpanTicks * tick), until };
      last = until;
      onTurns((key) => isItsTurn(key, span, intervalMilliseconds));
    }, tick);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
