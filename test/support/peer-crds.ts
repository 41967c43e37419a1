import { readCrds } from '../../deploy/crds.ts';
import { at, isJsonObject, type Json, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';

/** Some of the fields that the definitions of the Go operator do not have, by kind: those that a worker cannot do without, and others. */
const ours: Readonly<Record<string, readonly string[]>> = {
  LynqHub: ['spec.deletionGuard', 'status.deletionGuard', 'status.source', 'status.lastSyncTime'],
  LynqForm: ['spec.dependsOn', 'spec.driftPolicy', 'status.rollout.revision'],
  LynqNode: ['spec.formRevision', 'spec.paused', 'status.inventory', 'status.resources', 'status.observedInput'],
};

function without(schema: JsonObject, [field = '', ...rest]: readonly string[]): JsonObject {
  const { [field]: inner, ...others } = (schema['properties'] ?? {}) as JsonObject;
  const properties = rest.length > 0 && isJsonObject(inner) ? { ...others, [field]: without(inner, rest) } : others;
  return { ...schema, properties };
}

function asOfThePeer(crd: JsonObject): JsonObject {
  const spec = crd['spec'] as JsonObject;
  const fields = ours[textAt(spec, 'names', 'kind') ?? ''] ?? [];
  const versions = listAt(spec, 'versions').map((version): Json => {
    const schema = fields.reduce(
      (left, field) => without(left, field.split('.')),
      at(version, 'schema', 'openAPIV3Schema') as JsonObject,
    );
    return { ...(version as JsonObject), schema: { openAPIV3Schema: schema } };
  });
  return { ...crd, spec: { ...spec, versions } };
}

const served = (crd: JsonObject): JsonObject => ({
  ...crd,
  status: { conditions: [{ type: 'Established', status: 'True' }] },
});

/** Our definitions as they are once they are installed. */
export const installedCrds = (): readonly JsonObject[] => readCrds().map(served);

/** The same as the chart of the Go operator leaves them. */
export const peerCrds = (): readonly JsonObject[] => readCrds().map(asOfThePeer).map(served);
