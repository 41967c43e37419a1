const windowMilliseconds = 10_000;
const mostRefusals = 20;

/** Counts wrong tokens; beyond so many in a while further ones are told to come back later. A right token is never counted. */
export class Refusals {
  private began = Number.NEGATIVE_INFINITY;
  private count = 0;

  /** Seconds to wait, or undefined while there have not been too many. */
  add(now: number): number | undefined {
    if (now - this.began >= windowMilliseconds) {
      this.began = now;
      this.count = 0;
    }
    this.count += 1;
    if (this.count <= mostRefusals) return undefined;
    return Math.max(1, Math.ceil((this.began + windowMilliseconds - now) / 1_000));
  }

  /** What was counted before it was known turned out to be right. */
  takeBack(): void {
    this.count = Math.max(0, this.count - 1);
  }
}

/** How long whoever is refused so often may have to wait. */
export const refusalSeconds = windowMilliseconds / 1_000;
