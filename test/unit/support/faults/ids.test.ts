import { describe, expect, it } from 'vitest';
import { failpoints, hubFailpoints } from '../../../support/faults/failpoints.ts';
import { faultIds, idsOf, unproven } from '../../../support/faults/ids.ts';

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
});
