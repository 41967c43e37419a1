import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { type NamespaceOwner, namespaceOwner } from '../../domain/namespace-owner.ts';
import type { Reflector } from '../../domain/ports.ts';
import { changeKeys, type NamespaceIndex, type NamespaceOrigin } from '../../domain/watching.ts';
import type { ChangePublisher } from './changes.ts';
import { DigestStore } from './digest-store.ts';

interface NamespaceDigest {
  readonly resourceVersion: string;
  readonly terminating: boolean;
  readonly uid: string;
  readonly owner: NamespaceOwner | undefined;
}

function namespaceDigest(object: JsonObject): NamespaceDigest {
  return {
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
    terminating: textAt(object, 'metadata', 'deletionTimestamp') !== undefined,
    uid: textAt(object, 'metadata', 'uid') ?? '',
    owner: namespaceOwner(object),
  };
}

/** Which namespaces exist, so that objects of a form can wait for one that another form makes. */
export class WatchedNamespaces implements NamespaceIndex {
  private readonly store: DigestStore<NamespaceDigest>;

  constructor(changes: ChangePublisher) {
    this.store = new DigestStore<NamespaceDigest>({
      keyOf: (object) => textAt(object, 'metadata', 'name') ?? '',
      digest: namespaceDigest,
      onChange: ({ key }) => changes.publish(changeKeys.namespace(key)),
    });
  }

  run(reflector: Reflector, signal: AbortSignal): Promise<void> {
    return reflector.run({ apiVersion: 'v1', kind: 'Namespace' }, {}, (event) => this.store.onEvent(event), signal);
  }

  synced(): Promise<void> {
    return this.store.synced;
  }

  tried(): Promise<void> {
    return this.store.tried;
  }

  state(name: string): 'active' | 'terminating' | 'absent' {
    const known = this.store.get(name);
    if (known === undefined) return 'absent';
    return known.terminating ? 'terminating' : 'active';
  }

  origin(name: string): NamespaceOrigin | undefined {
    return this.store.get(name);
  }
}
