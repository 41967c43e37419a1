import { describe, expect, it } from 'vitest';
import { failpoints, hubFailpoints } from '../../../support/faults/failpoints.ts';
import { blemished, faultIds, idsOf, idsOfTables, unproven } from '../../../support/faults/ids.ts';

const all = [...faultIds.map((id) => `${id} is outlived`), ...[...hubFailpoints, ...failpoints].map(pointTitle)];

function pointTitle({ name }: { readonly name: string }): string {
  return `${name}: a worker that ends there`;
}

describe('test/support/faults/ids', () => {
  it('reads the ids at the beginning of a title, and none elsewhere', () => {
    expect(idsOf('T12 T13 so many histories of M1')).toEqual(['T12', 'T13']);
    expect(idsOf('P24-policy.after: delete of the NetworkPolicy')).toEqual(['P24-policy.after']);
    expect(idsOf('a sync of T1')).toEqual([]);
    expect(idsOf('T1x is none')).toEqual([]);
  });

  it('is content with a run in which every fault has a passed test', () => {
    expect(unproven(all.map((title) => ({ title, status: 'passed' })))).toEqual([]);
  });

  it.each(['failed', 'skipped', 'pending', 'todo'])('names the faults whose only test has %s', (status) => {
    const ran = all.map((title) => ({
      title,
      status: /^(?:M7 |P3\.after)/.test(title) ? status : 'passed',
    }));
    expect(unproven(ran)).toEqual(['M7', 'P3.after']);
  });

  it('names the faults whose tests were not run at all', () => {
    const ran = all.filter((title) => !title.startsWith('T1')).map((title) => ({ title, status: 'passed' }));
    expect(unproven(ran)).toEqual(['T1', 'T10', 'T11', 'T12', 'T13', 'T14', 'T15', 'T16']);
  });

  it.each(['failed', 'skipped', 'pending'])(
    'names the faults of which one test has %s though another has passed',
    (status) => {
      const half = [
        { title: 'M28 P1 a second half', status },
        { title: 'P3.after: a second scenario', status },
        { title: 'a test of no fault', status },
      ];
      const ran = [...all.map((title) => ({ title, status: 'passed' })), ...half];
      expect(unproven(ran)).toEqual([]);
      expect(blemished(ran)).toEqual(['M28', 'P1', 'P3.after']);
    },
  );

  it('is content with faults that have several tests, all of them passed', () => {
    expect(blemished([...all, ...all].map((title) => ({ title, status: 'passed' })))).toEqual([]);
  });

  it('reads the ids of the rows of tables, and not of the text around them', () => {
    const text = '| # | Fault |\n| --- | --- |\n| M1 | down as in M2 |\n| M30 | M1 |\nM3 | no row |\n';
    expect(idsOfTables(text)).toEqual(['M1', 'M30']);
  });
});
