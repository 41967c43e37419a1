import { expect } from 'vitest';
import { type Cluster, childPath, type ChildKind, type KubeObject } from '../e2e/cluster.ts';

/** An object of somebody else that stands where the product works. */
export interface Planted {
  /** As `identityOf` names it. */
  readonly identity: string;
  readonly path: string;
  readonly object: KubeObject;
}

const resources = { ConfigMap: 'configmaps', Secret: 'secrets' } as const satisfies Partial<Record<ChildKind, string>>;

/** Begins the names of what stands beside the objects of a fleet or a scenario. */
export const foreignPrefix = 'not-ours';

interface Place {
  readonly namespace: string;
  /** LynqNode that the forged labels name. */
  readonly node: string;
  readonly nodeNamespace: string;
  /** Each object's name begins with it. */
  readonly prefix: string;
}

/** What a forger can write: labels and annotations of ours, that say the object is a node's, is to go with it, or was kept from it by another hub. */
function forgeries({ node, nodeNamespace }: Place): Readonly<Record<string, object>> {
  const tracking = { 'lynq.sh/node': node, 'lynq.sh/node-namespace': nodeNamespace };
  return {
    forged: {
      labels: tracking,
      annotations: { 'lynq.sh/deletion-policy': 'Delete', 'lynq.sh/applied-hash': 'k-forged' },
    },
    kept: {
      labels: { 'lynq.sh/orphaned': 'true' },
      annotations: { 'lynq.sh/orphaned-from': 'another/form/row', 'lynq.sh/orphaned-namespace': nodeNamespace },
    },
  };
}

/** Objects with forged marks, two of each kind that is looked for first, and plain ones of these names. */
export async function plantForeign(
  cluster: Cluster,
  place: Place,
  names: readonly string[] = [],
): Promise<readonly Planted[]> {
  const { namespace, prefix } = place;
  const forged = (['ConfigMap', 'Secret'] as const).flatMap((kind) =>
    Object.entries(forgeries(place)).map(([name, marks]) => [kind, `${prefix}-${name}`, marks] as const),
  );
  const plain = names.map((name) => ['ConfigMap', name, {}] as const);
  return Promise.all(
    [...forged, ...plain].map(async ([kind, name, marks]) => {
      const body = { apiVersion: 'v1', kind, metadata: { name, ...marks }, data: { whose: 'bm90IG91cnM=' } };
      const object = await cluster.create(childPath(kind, namespace), body);
      return { identity: `/${resources[kind]}/${namespace}/${name}`, path: childPath(kind, namespace, name), object };
    }),
  );
}

/** Each is byte for byte what it was, but for what the API server leaves to the reader. */
export async function expectUntouched(cluster: Cluster, planted: readonly Planted[]): Promise<void> {
  expect(planted.length).toBeGreaterThan(0);
  const live = await Promise.all(planted.map(({ path }) => cluster.find(path)));
  const shown = (object: KubeObject | undefined) => [object?.metadata.uid, object?.metadata.resourceVersion];
  expect(live.map(shown)).toEqual(planted.map(({ object }) => shown(object)));
}

export const identitiesOf = (planted: readonly Planted[]): readonly string[] => planted.map(({ identity }) => identity);
