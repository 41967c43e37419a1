import type { HubPlan } from '../../domain/hub-plan.ts';
import { declaredVariables } from '../../domain/template-variables.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import { compileForm, hubBoundFunctions } from '../../template/index.ts';
import type { FormRevision } from '../forms.ts';
import type { Sync } from './decided.ts';
import { hubRef } from './read-hub.ts';

/** LynqNodes of moved forms whose former hub does not exist any more: `kubectl delete --cascade=orphan` has left them, and nobody looks after them. */
export interface Orphans {
  /** What this hub takes over, by name. */
  readonly nodes: ReadonlyMap<string, NodeDigest>;
  /** Why one stays where it is, by name. */
  readonly left: ReadonlyMap<string, string>;
}

export const noOrphans: Orphans = { nodes: new Map(), left: new Map() };

/**
 * Looks for them among the nodes that wait in a plan. A node that has an owner is not among them: Kubernetes removes it by itself. One whose objects
 * would come out differently under another hub stays: a password that is derived from the hub's name and key must not change under a database
 * (docs/decisions/0006).
 */
export async function findOrphans(sync: Sync, { successions }: Pick<HubPlan, 'successions'>): Promise<Orphans> {
  const missing = await missingHubs(sync, new Set(successions.map(({ from }) => from)));
  if (missing.size === 0) return noOrphans;
  const bonds = new HubBonds(sync);
  const nodes = new Map<string, NodeDigest>();
  const left = new Map<string, string>();
  for (const { name, form, from } of successions) {
    const node = missing.has(from) ? sync.deps.nodes.get(sync.request.namespace, name) : undefined;
    if (node === undefined || node.deleting || node.released || node.edited !== true) continue;
    const why = sharedNeeds(node) ?? (await bonds.of(form, node.revision));
    if (why === undefined) nodes.set(name, node);
    else left.set(name, why);
  }
  return { nodes, left };
}

async function missingHubs({ deps, request }: Sync, hubs: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const missing = new Set<string>();
  for (const hub of hubs) {
    const found = await deps.cluster.get(hubRef({ namespace: request.namespace, hub }));
    if (found === undefined) missing.add(hub);
  }
  return missing;
}

/** What a retained object needs of another node of the row is on record by a key of the hub, and until the next pass of each it would be told by none. */
function sharedNeeds({ needs, kept }: NodeDigest): string | undefined {
  return needs.length + kept.length === 0
    ? undefined
    : 'what is retained needs objects outside of its node, which is on record for that hub only';
}

/** What binds the nodes of a form to the hub they are of, each revision looked at once. */
class HubBonds {
  private readonly known = new Map<string, string | undefined>();
  private readonly sync: Sync;

  constructor(sync: Sync) {
    this.sync = sync;
  }

  /** Both count: the content that the node would get, and the one that it has, unless that went with its form: nothing is rendered from it any more. */
  async of(form: string, revision: string | undefined): Promise<string | undefined> {
    const present = this.sync.forms.find(({ name }) => name === form)?.revision;
    if (present === undefined || revision === undefined) return `what form ${form} made of it cannot be told`;
    return (await this.ofRevision(form, present.name, present)) ?? this.ofRevision(form, revision);
  }

  private async ofRevision(form: string, name: string, known?: FormRevision): Promise<string | undefined> {
    if (this.known.has(name)) return this.known.get(name);
    const { deps, request } = this.sync;
    const revision = known ?? (await deps.forms.read(request.namespace, name));
    const bond = revision === undefined ? undefined : this.bondOf(form, revision);
    this.known.set(name, bond);
    return bond;
  }

  private bondOf(form: string, { contentHash, entries }: FormRevision): string | undefined {
    const declared = declaredVariables(this.sync.hub.hub.spec);
    const compiled = compileForm({ form, contentHash, resources: entries, declared });
    if (!compiled.ok) return `what form ${form} made of it cannot be told`;
    const variable = JSON.stringify(entries).includes('hubId') ? ['.hubId'] : [];
    const bound = [...hubBoundFunctions(compiled.form), ...variable];
    return bound.length === 0 ? undefined : `form ${form} uses ${bound.join(', ')}`;
  }
}
