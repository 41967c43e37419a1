import { describe, expect, it } from 'vitest';
import { listAt, textAt } from '../../../../domain/api/json.ts';
import { formOf, hubOf, type HubWorld, openHubWorld } from '../../../support/hub-world.ts';

const isChanged = (world: HubWorld): boolean =>
  listAt(world.status() ?? {}, 'conditions').some(
    (condition) => textAt(condition, 'type') === 'SourceChanged' && textAt(condition, 'status') === 'True',
  );

async function afterFailOver(rows: (read: number) => readonly string[]): Promise<readonly boolean[]> {
  const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
  world.setRows(['acme', 'beta', 'gamma'].map((id) => ({ id })));
  await world.sync();
  world.failOver();
  const said: boolean[] = [];
  for (let read = 1; read <= 4; read += 1) {
    world.setRows(rows(read).map((id) => ({ id })));
    await world.sync();
    said.push(isChanged(world));
  }
  return said;
}

describe('activities/hub/sync', () => {
  it('believes one that lacks no row after two further reads, although rows come all the time', async () => {
    const growing = (read: number) => [
      'acme',
      'beta',
      'gamma',
      ...Array.from({ length: read }, (_, at) => `new-${at}`),
    ];

    expect(await afterFailOver(growing)).toEqual([true, true, false, false]);
  });

  it('does not believe one that catches up: what it lacks is another set at each read', async () => {
    const catchingUp = (read: number) => ['acme', 'beta', 'gamma'].slice(0, read);

    expect(await afterFailOver(catchingUp)).toEqual([true, true, true, true]);
  });

  it('believes one that goes on lacking the same rows', async () => {
    expect(await afterFailOver(() => ['acme'])).toEqual([true, true, false, false]);
  });
});
