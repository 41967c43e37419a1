import { describe, expect, it } from 'vitest';
import type { ResourceState } from '../../../domain/api/node.ts';
import { latestLookSeconds, openPause } from '../../../domain/looking.ts';

const status = (text: string): { readonly state: ResourceState; readonly reason?: string } => {
  const [state = '', reason] = text.split('/');
  return { state: state as ResourceState, ...(reason === undefined ? {} : { reason }) };
};

describe('domain/looking', () => {
  it.each`
    statuses                                                  | seconds
    ${['Ready']}                                              | ${undefined}
    ${['Ready', 'Failed/Invalid', 'Skipped']}                 | ${undefined}
    ${['Progressing', 'Waiting/DependencyNotReady']}          | ${undefined}
    ${['Waiting/QuotaExceeded']}                              | ${30}
    ${['Progressing', 'Waiting/Terminating', 'Ready']}        | ${30}
    ${['Waiting/WaitingForForm', 'Waiting/WaitingForForm']}   | ${600}
    ${['Waiting/WaitingForForm', 'Waiting/MissingNamespace']} | ${30}
    ${['Ready', 'Conflicted']}                                | ${30}
    ${['Progressing', 'Conflicted']}                          | ${undefined}
    ${['Deleting', 'Deleting/Terminating']}                   | ${10}
  `('looks at a node with $statuses at the latest after $seconds s', ({ statuses, seconds }) => {
    expect(latestLookSeconds((statuses as readonly string[]).map(status))).toBe(seconds);
  });

  it('waits for nothing where nothing can come', () => {
    expect(openPause(['Ready', 'Failed/Invalid', 'Conflicted'].map(status), false)).toBeUndefined();
  });
});
