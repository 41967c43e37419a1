import { describe, expect, it } from 'vitest';
import { describeError } from '../../../client/errors.ts';
import { LynqFailure } from '../../../domain/failures.ts';

describe('client/errors', () => {
  it.each([
    [403, 'check what the account may do: kubectl auth can-i --list'],
    [401, 'sign in again, or check the user of the context (--context, --kubeconfig)'],
  ])('advises what helps against a %i', (code, fix) => {
    const failure = new LynqFailure('ClusterForbidden', 'No.', { verb: 'get', code });
    expect(describeError(failure, false)).toEqual({ text: `Error: No.\n  ${fix}\n`, exitCode: 1 });
  });
});
