import { at, type JsonObject, textAt } from '../domain/api/json.ts';
import { CommandError } from './errors.ts';
import { conditionOf, releasedAt } from './kinds.ts';

/**
 * A deletion that nobody would carry out is refused before it is asked for: a hub keeps its finalizer until its nodes are gone, and this operator does
 * nothing for one that it has released or that another operator is at work on.
 *
 * @param what What would stay.
 * @throws CommandError for the first such hub.
 */
export function requireOurs(hubs: readonly JsonObject[], what: 'it' | 'the nodes of its forms' = 'it'): void {
  for (const hub of hubs) {
    const [namespace = '', name = ''] = [textAt(hub, 'metadata', 'namespace'), textAt(hub, 'metadata', 'name')];
    const title = `LynqHub ${namespace}/${name}`;
    if (releasedAt(hub) !== undefined) {
      throw new CommandError(
        `${title} is released: this operator does nothing for it and would never remove ${what}; nothing was changed`,
        {
          fix: `take it up again first: lynq adopt ${name} -n ${namespace}; what the Go operator has taken over is deleted with kubectl`,
        },
      );
    }
    const other = conditionOf(hub, 'OtherOperator');
    // Of a paused hub nobody takes the condition back.
    if (textAt(other, 'status') !== 'True' || at(hub, 'spec', 'paused') === true) continue;
    throw new CommandError(
      `${title} is held by another operator (${textAt(other, 'message') ?? 'no reason given'}): this one does nothing for it meanwhile; nothing was changed`,
      {
        fix: `stop the other operator first (a hub that was released is taken up again with: lynq adopt ${name} -n ${namespace}), or have it do the deletion: kubectl delete`,
      },
    );
  }
}
