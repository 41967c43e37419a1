import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { Reflector } from '../../domain/ports.ts';
import { type Digest, DigestStore } from './digest-store.ts';

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/** Which LynqHubs exist. Every worker syncs hubs and so has series of them; what they want is the leader's business (hub-watch.ts). */
export class WatchedHubs {
  private readonly store = new DigestStore<Digest>({
    keyOf: (object: JsonObject) =>
      keyOf(textAt(object, 'metadata', 'namespace') ?? '', textAt(object, 'metadata', 'name') ?? ''),
    digest: (object) => ({ resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '' }),
    onChange: () => undefined,
  });

  run(reflector: Reflector, signal: AbortSignal): Promise<void> {
    return reflector.run({ apiVersion, kind: 'LynqHub' }, {}, (event) => this.store.onEvent(event), signal);
  }

  /** Whether a hub exists; taken for granted until the first complete list. */
  exists(namespace: string, name: string): boolean {
    return !this.store.isComplete || this.store.get(keyOf(namespace, name)) !== undefined;
  }
}
