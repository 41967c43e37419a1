import { LRUCache } from 'lru-cache';
import { warning } from '../../domain/events.ts';
import type { EventDraft } from '../../domain/ports.ts';
import type { RolloutNode } from '../../domain/rollout/model.ts';
import type { RefusedNode } from './grant.ts';

/** A refusal may come from a policy that somebody changes: it is tried again after this time. */
const againMilliseconds = 30_000;

/** Nodes of one rollout that the API server has refused to change. Each keeps its place until the deadline, and no other from its turn. */
export class Refusals {
  private readonly nodes = new Map<string, { readonly message: string; readonly again: number }>();

  /** Takes note of refusals among the nodes that were tried; gives the Events to tell, one for each new reason of a node. */
  note(tried: readonly string[], refused: readonly RefusedNode[], now: Date): readonly EventDraft[] {
    const news = refused.filter(({ name, message }) => this.nodes.get(name)?.message !== message);
    const again = now.getTime() + againMilliseconds;
    const still = new Set(refused.map(({ name }) => name));
    for (const name of tried) if (!still.has(name)) this.nodes.delete(name);
    for (const { name, message } of refused) this.nodes.set(name, { message, again });
    return news.map(({ name, message }) => warning('NodeRefused', `LynqNode ${name} cannot be updated: ${message}`));
  }

  mayTry(name: string, now: Date): boolean {
    return now.getTime() >= (this.nodes.get(name)?.again ?? 0);
  }

  /** The nodes, with the reason of those that wait for what was refused. */
  explain(nodes: readonly RolloutNode[]): readonly RolloutNode[] {
    return nodes.map((node) =>
      this.nodes.has(node.name) && !node.onTarget ? { ...node, reason: 'NodeRefused' } : node,
    );
  }
}

const rememberedForms = 1_000;

/** Refusals of the present rollout of each form, for this process: its activities follow each other, and what one has said the next does not say anew. */
export class RolloutRefusals {
  private readonly byForm = new LRUCache<string, { readonly target: string; readonly refusals: Refusals }>({
    max: rememberedForms,
  });

  of(formUid: string, target: string): Refusals {
    const kept = this.byForm.get(formUid);
    if (kept?.target === target) return kept.refusals;
    const refusals = new Refusals();
    this.byForm.set(formUid, { target, refusals });
    return refusals;
  }
}
