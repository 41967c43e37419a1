import { setTimeout as pause } from 'node:timers/promises';
import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { definitionProblem, definitionRef } from '../domain/definitions.ts';
import { LynqFailure } from '../domain/failures.ts';
import { managers } from '../domain/keys.ts';
import type { Cluster, ObjectRef } from '../domain/ports.ts';

const establishTimeoutMilliseconds = 30_000;

function isEstablished(crd: JsonObject | undefined): boolean {
  return listAt(crd, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Established' && textAt(condition, 'status') === 'True',
  );
}

/**
 * Installs those of the CRDs that are absent and waits until all are served. An installed one is left as it is.
 *
 * @throws LynqFailure `DefinitionsOutdated` for one that lacks fields of ours.
 */
export async function installCrds(cluster: Cluster, crds: readonly JsonObject[]): Promise<readonly string[]> {
  const installed: string[] = [];
  for (const crd of crds) {
    const name = textAt(crd, 'metadata', 'name') ?? '';
    const ref = definitionRef(name);
    const found = await cluster.get(ref);
    const problem = found === undefined ? undefined : definitionProblem(found);
    if (problem !== undefined) throw problem;
    if (found === undefined) {
      const result = await cluster.apply(ref, crd, { manager: managers.apply, force: true });
      if (result.kind === 'refused')
        throw new LynqFailure('ClusterForbidden', `CRD ${name} cannot be installed: ${result.message}`);
      installed.push(name);
    }
    await untilEstablished(cluster, ref);
  }
  return installed;
}

async function untilEstablished(cluster: Cluster, ref: ObjectRef): Promise<void> {
  const deadline = Date.now() + establishTimeoutMilliseconds;
  while (!isEstablished(await cluster.get(ref))) {
    if (Date.now() > deadline)
      throw new LynqFailure('ClusterUnreachable', `CRD ${ref.name} is not served after 30 s; see its conditions`);
    await pause(100);
  }
}
