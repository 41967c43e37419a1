import { describe, expect, it } from 'vitest';
import { listAt } from '../../../../domain/api/json.ts';
import { formOf, hubOf, openHubWorld } from '../../../support/hub-world.ts';

/** A form that takes column `plan` for a number. */
function countingForm(name: string) {
  const data = { plan: '{{ .plan | int }}' };
  const spec = { apiVersion: 'v1', kind: 'ConfigMap', data };
  return { ...formOf(name, 'one'), spec: { hubId: 'one', configMaps: [{ id: 'cfg', nameTemplate: 'x', spec }] } };
}

describe('activities/hub/read-rows', () => {
  it('a column that a form takes for a number is named while rows have none, also when nothing has changed since', async () => {
    const world = await openHubWorld([hubOf('one'), countingForm('web'), formOf('text', 'one')]);
    world.setRows([
      { id: 'acme', plan: '' },
      { id: 'beta', plan: '3' },
    ]);
    const said = ['variable plan is NULL or empty on 1 active rows, the first is acme, and the number 0 in form web'];
    for (let sync = 0; sync < 3; sync += 1) {
      await world.sync();
      expect(listAt(world.status(), 'warnings')).toEqual(said);
    }
    world.setRows([
      { id: 'acme', plan: '0' },
      { id: 'beta', plan: '3' },
    ]);
    await world.sync();
    expect(listAt(world.status(), 'warnings')).toEqual([]);
  });

  it('a row that is not acted on is not named', async () => {
    const world = await openHubWorld([hubOf('one'), countingForm('web')]);
    world.setRows([{ id: 'Not_a_label', plan: '' }]);
    await world.sync();
    expect(listAt(world.status(), 'warnings')).toEqual([]);
  });
});
