import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isReaderGone, processHost } from '../../../client/host.ts';

describe('client/host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynq-host-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says which file or folder cannot be read, and why', async () => {
    const { files } = processHost();
    await expect(files.read(folder)).rejects.toMatchObject({
      name: 'CommandError',
      message: `${folder} cannot be read: it is a folder`,
    });
    const absent = join(folder, 'absent.yaml');
    await expect(files.read(absent)).rejects.toMatchObject({ message: `${absent} cannot be read: it does not exist` });
    await expect(files.list(absent)).rejects.toMatchObject({ message: `${absent} cannot be read: it does not exist` });
  });

  it.each([
    [{ isTTY: false }, 'EPIPE', true],
    [{ isTTY: true }, 'EIO', true],
    // A disk that cannot be written.
    [{ isTTY: false }, 'EIO', false],
    [{ isTTY: true }, 'ENOSPC', false],
  ])('knows a reader that went away: %j, %s', (stream, code, isGone) => {
    expect(isReaderGone(stream, code)).toBe(isGone);
  });

  it('has work end in good order at the first Ctrl-C, and lets the process end at the next', async () => {
    let ended = 0;
    const usual = (): void => void (ended += 1);
    process.once('SIGINT', usual);

    await processHost().heedInterrupt(async (interrupted) => {
      process.emit('SIGINT');
      expect({ ended, aborted: interrupted.aborted }).toEqual({ ended: 0, aborted: true });
      process.emit('SIGINT');
      expect(ended).toBe(1);
    });

    expect(process.listeners('SIGINT')).not.toContain(usual);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'takes %s for a first Ctrl-C however often it comes, and a Ctrl-C after that for a second one',
    async (signal) => {
      let ended = 0;
      const usual = (): void => void (ended += 1);
      process.once('SIGINT', usual);
      const before = process.listeners(signal);

      await processHost().heedInterrupt(async (interrupted) => {
        process.emit(signal, signal);
        // A closed terminal is told by the kernel and by the shell, and timeout(1) tells the process and its group.
        expect(process.emit(signal, signal)).toBe(true);
        expect({ ended, aborted: interrupted.aborted, by: interrupted.reason }).toEqual({
          ended: 0,
          aborted: true,
          by: signal,
        });
        process.emit('SIGINT');
        expect(ended).toBe(1);
      });

      expect(process.listeners(signal)).toEqual(before);
    },
  );

  it('leaves Ctrl-C as it was behind such work', async () => {
    const usual = (): void => undefined;
    process.once('SIGINT', usual);
    const before = process.listeners('SIGINT');

    await processHost().heedInterrupt(async () => undefined);

    expect(process.listeners('SIGINT')).toEqual(before);
    process.off('SIGINT', usual);
  });

  it('has the size that the terminal has now, the usual one where it says 0, and no height without a terminal', () => {
    const names = ['isTTY', 'rows', 'columns'] as const;
    const before = names.map((name) => Object.getOwnPropertyDescriptor(process.stdout, name));
    const become = (...values: readonly unknown[]): void =>
      names.forEach((name, index) =>
        Object.defineProperty(process.stdout, name, { value: values[index], configurable: true }),
      );
    const { out } = processHost();
    try {
      become(true, 10, 60);
      expect([out.rows, out.columns]).toEqual([10, 60]);
      become(true, 0, 0);
      expect([out.rows, out.columns]).toEqual([24, 80]);
      become(undefined, undefined, undefined);
      expect([out.rows, out.columns]).toEqual([undefined, 80]);
    } finally {
      names.forEach((name, index) => {
        Reflect.deleteProperty(process.stdout, name);
        const descriptor = before[index];
        if (descriptor !== undefined) Object.defineProperty(process.stdout, name, descriptor);
      });
    }
  });
});
