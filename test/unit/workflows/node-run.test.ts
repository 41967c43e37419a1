import { describe, expect, it } from 'vitest';
import { removedCause } from '../../../domain/mass-removal.ts';
import { type NodeInput, NodeRun } from '../../../workflows/node/state.ts';

const input: NodeInput = { namespace: 'tenants', node: 'acme-web', hub: 'customers', form: 'web', uid: 'acme' };

/** At rest after a first pass. */
function atRest(): NodeRun {
  const run = new NodeRun(input);
  run.begin();
  run.lieStill();
  return run;
}

describe('workflows/node/state', () => {
  it('goes on at rest when nothing was said to it', () => {
    expect(new NodeRun(atRest().carry(false)).isDue()).toBe(false);
  });

  it('looks after it has started afresh when it was told just before that its LynqNode is gone', () => {
    const run = atRest();
    run.hear(removedCause);
    expect(new NodeRun(run.carry(false)).isDue()).toBe(true);
  });
});
