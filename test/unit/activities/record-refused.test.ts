import { describe, expect, it } from 'vitest';
import { recordRefused } from '../../../activities/record-refused.ts';

describe('activities/record-refused', () => {
  it('says what could not be written, and why in the words of the adapter', () => {
    const message = 'LynqHub a/b: spec.source (FieldValueInvalid)';
    const failure = recordRefused(
      'status of LynqHub a/b',
      { kind: 'refused', reason: 'Invalid', message },
      { hub: 'b' },
    );

    expect(failure).toMatchObject({ type: 'RecordRefused', detail: { hub: 'b' } });
    expect(failure.message).toBe(`status of LynqHub a/b cannot be written: ${message}`);
  });

  it('says how the write ended where nobody refused it', () => {
    expect(recordRefused('status of LynqHub a/b', { kind: 'missing' }, {}).message).toMatch(
      /cannot be written: missing$/,
    );
  });
});
