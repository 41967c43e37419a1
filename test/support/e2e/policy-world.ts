import { type AuditEntry, describeRequest } from './audit.ts';
import { type Json, type KubeObject, lynqPath } from './cluster.ts';
import { eventually, notYet, there, window } from './eventually.ts';
import { hubObject } from './manifests.ts';
import type { StackEndpoints } from '../stack-setup.ts';
import { openWorld, type World } from './world.ts';

const schema = 'CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size VARCHAR(50) DEFAULT "1");';

/** Cluster-scoped kinds that forms of these tests make. */
const scopePolicy = JSON.stringify({ clusterKinds: ['Namespace', 'ClusterRole.rbac.authorization.k8s.io'] });

/** One entry of a form as the test wants it: policies and the object. */
export interface Entry {
  readonly id: string;
  readonly spec: Json;
  readonly nameTemplate?: string;
  readonly [policy: string]: Json;
}

/** A managedFields entry as the API server shows it. */
export interface Managed {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: Json;
}

export interface PolicyWorld extends World {
  readonly hubName: string;
  /** Creates or replaces a form; its entries all go under `manifests`. Resolves when the form is stored. */
  putForm(name: string, entries: readonly Entry[]): Promise<void>;
  dropForm(name: string): Promise<void>;
  /** State of an entry in a node's status. */
  entry(node: string, id: string): Promise<Json>;
  entryIs(node: string, id: string, state: string, holds?: (entry: Json) => boolean): Promise<Json>;
  /** Waits until the object satisfies the test. */
  until(path: string, what: string, holds: (object: KubeObject) => boolean): Promise<KubeObject>;
  /** Waits until the node is Ready for the form's present revision. */
  settled(node: string): Promise<KubeObject>;
  /** Writes of the worker to one object since a place in the audit log. */
  writesTo(path: string, place: number): readonly AuditEntry[];
  /** Lets time pass; fails when the worker writes to the object. */
  atRest(path: string, milliseconds?: number): Promise<void>;
  /** The object's path in this world. */
  patch(
    path: string,
    manager: string,
    body: Json,
    type?: 'merge' | 'json' | 'apply',
    query?: string,
  ): Promise<KubeObject>;
  managed(object: KubeObject): readonly Managed[];
}

/** Ready, with every entry, for the present content of its form. */
function isSettled({ metadata, status }: KubeObject, form: KubeObject): boolean {
  const generation = metadata.annotations?.['lynq.sh/template-generation'];
  const resources = (status?.resources ?? []) as readonly Json[];
  const conditions = (status?.conditions ?? []) as readonly Json[];
  const ready = conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  const all = resources.length > 0 && resources.every(({ state }) => state === 'Ready');
  return generation === String(form.metadata.generation) && ready && all;
}

export async function openPolicyWorld(
  stack: StackEndpoints,
  name: string,
  rows: readonly string[],
): Promise<PolicyWorld> {
  const world = await openWorld(stack, { name, schema, settings: { LYNQ_SCOPE_POLICY: scopePolicy } });
  for (const row of rows) await world.database.sql('INSERT INTO things (id) VALUES (?)', [row]);
  const { namespace, database, cluster, audit } = world;
  const hubName = 'things';
  await cluster.create(
    lynqPath(namespace, 'lynqhubs'),
    hubObject({ name: hubName, namespace, database, table: 'things', extra: { size: 'size' }, syncInterval: '2s' }),
  );
  const formPath = (form?: string) => lynqPath(namespace, 'lynqforms', form);
  const entry = async (node: string, id: string): Promise<Json> =>
    ((await world.node(node))?.status?.resources ?? []).find((item: Json) => item.id === id);
  const writesTo = (path: string, place: number): readonly AuditEntry[] =>
    audit.ofWorker(place).filter(({ objectRef, verb }) => {
      if (objectRef === undefined || ['get', 'list', 'watch'].includes(verb)) return false;
      const parts = path.split('/');
      const inNamespace =
        parts.includes('namespaces') && parts.length > 6 ? parts[parts.indexOf('namespaces') + 1] : undefined;
      return (
        objectRef.name === parts.at(-1) &&
        objectRef.resource === parts.at(-2) &&
        (inNamespace === undefined || objectRef.namespace === inNamespace) &&
        objectRef.subresource === undefined
      );
    });
  return {
    ...world,
    hubName,
    putForm: async (form, entries) => {
      const present = await cluster.find(formPath(form));
      const spec = { hubId: hubName, manifests: entries };
      if (present === undefined) {
        const object = {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqForm',
          metadata: { name: form, namespace },
          spec,
        };
        await cluster.create(formPath(), object);
      } else {
        await cluster.merge(formPath(form), { spec });
      }
    },
    dropForm: (form) => cluster.remove(formPath(form)),
    entry,
    entryIs: (node, id, state, holds = () => true) =>
      eventually(`entry ${id} of ${node} is ${state}`, async () => {
        const found = await entry(node, id);
        return found?.state === state && holds(found) ? there(found) : notYet(found ?? 'no entry');
      }),
    until: (path, what, holds) =>
      eventually(`${path}: ${what}`, async () => {
        const object = await cluster.find(path);
        if (object === undefined) return notYet('absent');
        return holds(object)
          ? there(object)
          : notYet({ ...object, metadata: { ...object.metadata, managedFields: [] } });
      }),
    settled: (node) =>
      eventually(`${node} is settled`, async () => {
        const object = await world.node(node);
        if (object === undefined) return notYet('absent');
        const form = await cluster.get(formPath(object.spec.templateRef));
        return isSettled(object, form) ? there(object) : notYet(object.status ?? 'no status');
      }),
    writesTo,
    atRest: async (path, milliseconds = 4_000) => {
      const place = audit.now();
      await window(milliseconds);
      const writes = writesTo(path, place).map(describeRequest);
      if (writes.length > 0) throw new Error(`written at rest: ${writes.join(', ')}`);
    },
    patch: (path, manager, body, type = 'merge', query = '') => {
      const types = {
        merge: 'application/merge-patch+json',
        json: 'application/json-patch+json',
        apply: 'application/apply-patch+yaml',
      };
      return cluster.call('PATCH', `${path}?fieldManager=${manager}${query}`, body, types[type]);
    },
    managed: (object) => ((object.metadata as Json).managedFields ?? []) as readonly Managed[],
  };
}

/** The definition of a kind Widget whose spec takes anything. */
export function widgetKind(group: string) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          },
        },
      ],
    },
  };
}
