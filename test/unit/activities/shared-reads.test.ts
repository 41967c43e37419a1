import { describe, expect, it } from 'vitest';
import { SharedReads } from '../../../activities/shared-reads.ts';

/** A server that answers when it is told to, with the number of the request. */
function server() {
  const open: { readonly answer: () => void; readonly fail: () => void }[] = [];
  let sent = 0;
  const send = (): Promise<number> => {
    sent += 1;
    const number = sent;
    return new Promise((resolve, reject) => {
      open.push({ answer: () => resolve(number), fail: () => reject(new Error('no answer')) });
    });
  };
  return { open, send, sent: () => sent };
}

const settled = () => new Promise((resolve) => void setImmediate(resolve));

describe('activities/shared-reads', () => {
  it('gives nobody the answer to a request that was sent before it asked, and sends one for all that wait', async () => {
    const { open, send, sent } = server();
    const reads = new SharedReads<number>();
    const first = reads.read('form', send);
    const later = [reads.read('form', send), reads.read('form', send), reads.read('form', send)];
    expect(sent()).toBe(1);
    open[0]?.answer();
    expect(await first).toBe(1);
    await settled();
    expect(sent()).toBe(2);
    const last = reads.read('form', send);
    open[1]?.answer();
    expect(await Promise.all(later)).toEqual([2, 2, 2]);
    await settled();
    open[2]?.answer();
    expect(await last).toBe(3);
  });

  it('keeps what has different names apart, and nothing of a read that has ended', async () => {
    const { open, send, sent } = server();
    const reads = new SharedReads<number>();
    const both = [reads.read('web', send), reads.read('api', send)];
    for (const { answer } of open) answer();
    expect(await Promise.all(both)).toEqual([1, 2]);
    await settled();
    const again = reads.read('web', send);
    open[2]?.answer();
    expect(await again).toBe(3);
    expect(sent()).toBe(3);
  });

  it('fails with those whose request failed, and goes on with the next', async () => {
    const { open, send } = server();
    const reads = new SharedReads<number>();
    const first = reads.read('form', send);
    const second = reads.read('form', send);
    open[0]?.fail();
    await expect(first).rejects.toThrow('no answer');
    await settled();
    open[1]?.answer();
    expect(await second).toBe(2);
  });
});
