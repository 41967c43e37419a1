import { isToldBy } from '../../domain/gauges.ts';

/** Which hubs this installation has gauges of, by who holds them. A holder counts as alive until it was heard that it is not. */
export class Tellers {
  private readonly installation: string;
  private readonly gone = new Set<string>();

  constructor(installation: string) {
    this.installation = installation;
  }

  /** Takes in whether a holder is another installation that is alive. */
  heard(holder: string | undefined, isAlive: boolean): void {
    if (holder === undefined) return;
    if (isAlive) this.gone.delete(holder);
    else this.gone.add(holder);
  }

  tells(holder: string | undefined): boolean {
    return isToldBy(this.installation, holder, this.gone);
  }
}
