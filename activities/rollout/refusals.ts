import { warning } from '../../domain/events.ts';
import type { EventDraft } from '../../domain/ports.ts';
import type { RolloutNode } from '../../domain/rollout/model.ts';
import type { RefusedNode } from './grant.ts';

/** A refusal may come from a policy that somebody changes: it is tried again after this time. */
const againMilliseconds = 30_000;

/** Nodes of one rollout that the API server has refused to change, as long as one activity follows it. Each keeps its place until the deadline, and no other from its turn. */
export class Refusals {
  private readonly nodes = new Map<string, { readonly message: string; readonly again: number }>();

  /** Takes note of refusals; gives the Events to tell, one for each new reason of a node. */
  note(refused: readonly RefusedNode[], now: Date): readonly EventDraft[] {
    const news = refused.filter(({ name, message }) => this.nodes.get(name)?.message !== message);
    const again = now.getTime() + againMilliseconds;
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
