import { textAt } from '../../domain/api/json.ts';
import type { WatchEvent } from '../../domain/ports.ts';

/** How far a watch has come: the resourceVersion of the last thing it has shown. */
export class SeenVersion {
  private version: string | undefined;

  /** Undefined until the first complete list, and while everything is listed anew: after a restore the versions of a server begin again lower. */
  get(): string | undefined {
    return this.version;
  }

  onEvent(event: WatchEvent): void {
    switch (event.kind) {
      case 'restarted':
      case 'unlisted':
        this.version = undefined;
        return;
      case 'synced':
        this.version = event.version;
        return;
      case 'set':
      case 'removed':
        // Objects of a list are of any version, and the list is not complete yet.
        if (this.version !== undefined) this.version = textAt(event.object, 'metadata', 'resourceVersion');
    }
  }
}
