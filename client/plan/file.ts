import { type Json, numberAt, textAt } from '../../domain/api/json.ts';
import { PlanFile } from '../../domain/api/plan-file.ts';
import type { HubOutlook, WorldPlan } from '../../domain/change-plan/types.ts';
import { hashJson } from '../../domain/canonical.ts';
import { CommandError } from '../errors.ts';
import { kinds } from '../kinds.ts';
import { contentHash, type TriedManifest } from './manifests.ts';

export interface PlanRecord {
  /** Id of the cluster. */
  readonly cluster: string;
  readonly files: readonly string[];
  readonly recursive: boolean;
  readonly forceConflicts: boolean;
  readonly tried: readonly TriedManifest[];
  readonly plans: readonly WorldPlan[];
  readonly now: Date;
}

export function planFile({ cluster, files, recursive, forceConflicts, tried, plans, now }: PlanRecord): PlanFile {
  return {
    lynqPlan: 2,
    cluster,
    createdAt: now.toISOString(),
    files: [...files],
    recursive,
    forceConflicts,
    objects: tried.map(plannedObject),
    hubs: plans.map(({ hub }) => plannedHub(hub, tried)),
    nodes: Object.fromEntries(
      plans
        .flatMap(({ forms }) => forms)
        .flatMap(({ namespace, nodes }) => nodes.map(({ name, digest }) => [`${namespace}/${name}`, digest] as const)),
    ),
  };
}

function plannedHub(outlook: HubOutlook, tried: readonly TriedManifest[]): PlanFile['hubs'][number] {
  const { namespace, hub: name, uid, generation } = outlook;
  const isBrought = tried.some(
    ({ ref, before }) =>
      ref.kind === kinds.hub.kind && ref.namespace === namespace && ref.name === name && before === undefined,
  );
  return { namespace, name, ...(isBrought ? {} : { uid, generation }), sync: syncHash(outlook) };
}

function plannedObject(item: TriedManifest): PlanFile['objects'][number] {
  const { ref, before, manifest, conflicts } = item;
  const uid = textAt(before, 'metadata', 'uid');
  const generation = numberAt(before, 'metadata', 'generation');
  return {
    kind: manifest.kind,
    namespace: ref.namespace,
    name: ref.name,
    content: contentHash(item),
    conflicts: conflicts.map(({ field, manager }) => `${field} ${manager}`).toSorted(),
    ...(uid === undefined ? {} : { uid }),
    ...(generation === undefined ? {} : { generation }),
  };
}

function syncHash({ births, updates, removals, held, frozen, standstill }: HubOutlook): string {
  const kept = { ...held, budget: 0 };
  return hashJson(
    JSON.parse(JSON.stringify({ births, updates, removals, held: kept, frozen, standstill: standstill?.kind })) as Json,
  );
}

/** @throws CommandError when it is no plan of this version. */
export function readPlanFile(path: string, text: string): PlanFile {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new CommandError(`${path} is not a plan: it is not JSON`, { fix: 'make one: lynq plan -f FORM --out FILE' });
  }
  const parsed = PlanFile.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandError(
    `${path} is not a plan of this version: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    {
      fix: 'make a new one: lynq plan -f FORM --out FILE',
    },
  );
}

/** How the world has moved since a plan was made, each as a sentence; empty when it has not. */
export function movedSince(planned: PlanFile, now: PlanFile): readonly string[] {
  return [...movedObjects(planned, now), ...movedHubs(planned, now), ...movedNodes(planned, now)];
}

function movedObjects(planned: PlanFile, now: PlanFile): readonly string[] {
  const key = ({ kind, namespace, name }: PlanFile['objects'][number]): string => `${kind} ${namespace}/${name}`;
  const after = new Map(now.objects.map((object) => [key(object), object]));
  const known = new Set(planned.objects.map(key));
  const added = now.objects.filter((object) => !known.has(key(object)));
  return [
    ...added.map((object) => `${key(object)} was not in the files`),
    ...planned.objects.flatMap((before) => {
      const name = key(before);
      const found = after.get(name);
      if (found === undefined) return [`${name} is not in the files any more`];
      if (found.content !== before.content) return [`the file of ${name} has changed`];
      if (found.uid === before.uid && found.generation === before.generation) {
        return isSameList(found.conflicts, before.conflicts) ? [] : [`others hold other fields of ${name} than before`];
      }
      if (before.uid === undefined) return [`${name} has been made meanwhile`];
      if (found.uid === undefined) return [`${name} has been deleted`];
      if (found.uid !== before.uid) return [`${name} has been made anew`];
      return [`${name} is at generation ${found.generation ?? 0}, planned from ${before.generation ?? 0}`];
    }),
  ];
}

function isSameList(left: readonly string[], right: readonly string[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function movedHubs(planned: PlanFile, now: PlanFile): readonly string[] {
  return planned.hubs.flatMap((before) => {
    const name = `LynqHub ${before.namespace}/${before.name}`;
    const found = now.hubs.find((hub) => hub.namespace === before.namespace && hub.name === before.name);
    // One that was to be made and is there now is told among the objects.
    if (found === undefined || (before.uid !== undefined && found.uid !== before.uid)) {
      return [`${name} is another one now`];
    }
    if (before.generation !== undefined && found.generation !== before.generation) {
      return [`${name} is at generation ${found.generation ?? 0}, planned from ${before.generation}`];
    }
    return found.sync === before.sync ? [] : [`rows or LynqNodes of ${name} have changed, or whether it is acted on`];
  });
}

const shown = 5;

function movedNodes(planned: PlanFile, now: PlanFile): readonly string[] {
  const names = [...new Set([...Object.keys(planned.nodes), ...Object.keys(now.nodes)])].toSorted();
  const changed = names.filter((name) => planned.nodes[name] !== now.nodes[name]);
  const more = changed.length > shown ? [`and ${changed.length - shown} more LynqNodes`] : [];
  return [
    ...changed.slice(0, shown).map((name) => {
      if (planned.nodes[name] === undefined) return `LynqNode ${name} was not in the plan`;
      if (now.nodes[name] === undefined) return `LynqNode ${name} is not to be changed any more`;
      return `LynqNode ${name}: its values or its objects have changed`;
    }),
    ...more,
  ];
}
