import { attemptId, type Creation, creationOf } from '../../domain/creation.ts';
import { nodeName } from '../../domain/identity.ts';
import { waitingForForm } from '../../domain/looking.ts';
import { changeKeys } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import type { NodePass } from './gather.ts';

/** How a node begins: what a row's first start of a form waits for, and the creation it is part of (decisions.md section 6). */

export interface Gate {
  readonly reason: string;
  readonly message: string;
}

/** Whether the node has never made anything; the Go operator lists what it made in `appliedResources`. */
export function isUnstarted({ node }: Pick<NodePass, 'node'>): boolean {
  const { inventory = [], appliedResources = [] } = node.status ?? {};
  return inventory.length === 0 && appliedResources.length === 0;
}

/** Names of the row's nodes of the forms this one depends on. */
function dependencies({ identity, rules }: NodePass): readonly string[] {
  return rules.dependsOn.map((form) => nodeName(identity.uid, form));
}

/** Keys whose change may open the gate. */
export function gateKeys(pass: NodePass): readonly string[] {
  return dependencies(pass).map((name) => changeKeys.node(pass.identity.namespace, name));
}

/** Why the node may not start yet; undefined when it may. From the watch: a change of one of `gateKeys` asks again. */
export function closedGate(deps: Deps, pass: NodePass): Gate | undefined {
  const open = dependencies(pass).filter((name) => {
    const node = deps.nodes.get(pass.identity.namespace, name);
    return node?.ready !== true || node.deleting;
  });
  return open.length === 0
    ? undefined
    : { reason: waitingForForm, message: `starts when LynqNode ${open.join(', ')} is Ready` };
}

/** What a pass is part of, from what the node's status says. */
export function presentCreation(pass: NodePass, forced: boolean): Creation {
  const { node, object, rules } = pass;
  return creationOf({
    enabled: rules.rollbackOnFailure,
    previous: node.status?.attempt,
    recorded: !isUnstarted(pass),
    input: attemptId(object),
    forced,
  });
}
