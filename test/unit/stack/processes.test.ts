import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../../stack/lock.ts';
import { endProcess, identityOf, isAlive, lastLines, spawnDetached, statFields } from '../../../stack/processes.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'lynq-stack-test-'));
const node = (script: string) => ({ file: process.execPath, args: ['-e', script], env: {}, cwd: '/' });

describe('stack/processes', () => {
  it('starts a process, knows it again and ends it', async () => {
    const { process: started, ending } = spawnDetached(node('setInterval(() => {}, 1000)'), join(folder(), 'log'));
    expect(started !== undefined && isAlive(started)).toBe(true);
    expect(await endProcess(started!, 5_000)).toBe(true);
    expect(await ending).toEqual({ kind: 'ended', how: 'signal SIGTERM' });
    expect(isAlive(started!)).toBe(false);
  });

  it('leaves a process alone that merely has the pid', async () => {
    const other = { pid: process.pid, identity: 'another start time' };
    expect(isAlive(other)).toBe(false);
    expect(await endProcess(other, 10)).toBe(true);
    expect(identityOf(process.pid)).toBeDefined();
  });

  it('says why a program could not be run', async () => {
    const { process: started, ending } = spawnDetached(
      { ...node(''), file: '/no/such/program' },
      join(folder(), 'log'),
    );
    expect(started).toBeUndefined();
    expect(await ending).toMatchObject({ kind: 'not-begun', reason: expect.stringContaining('ENOENT') });
  });

  it('appends the output to the log', async () => {
    const log = join(folder(), 'logs', 'one.log');
    await spawnDetached(node('console.log("out"); console.error("err")'), log).ending;
    expect(readFileSync(log, 'utf8')).toBe('out\nerr\n');
  });

  it('reads the start time behind a name with spaces and brackets, and none of a zombie', () => {
    const rest = Array.from({ length: 30 }, (_, index) => String(index + 4)).join(' ');
    expect(statFields(`12 (a ) b) S ${rest}`)).toEqual({ startTime: '22' });
    expect(statFields(`12 (a) Z ${rest}`)).toBeUndefined();
  });

  it('gives the last lines of a log without blank ones', () => {
    const log = join(folder(), 'log');
    writeFileSync(log, 'one\n\ntwo\nthree\n\n');
    expect(lastLines(log, 2)).toEqual(['two', 'three']);
    expect(lastLines(`${log}.none`, 2)).toEqual([]);
  });
});

describe('stack/lock', () => {
  const options = { waitMs: 5_000, onWait: (): void => undefined };

  it('lets one holder in at a time', async () => {
    const file = join(folder(), 'lock');
    const seen: string[] = [];
    const enter = (name: string) =>
      withLock(file, options, async () => {
        seen.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(`${name} out`);
      });
    await Promise.all([enter('a'), enter('b')]);
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  it.each([
    ['a process that has ended', JSON.stringify({ pid: 999_999_999, identity: 'x' })],
    ['nobody readable', 'garbage'],
  ])('takes over a lock of %s', async (_, text) => {
    const file = join(folder(), 'lock');
    writeFileSync(file, text);
    expect(await withLock(file, options, async () => 'done')).toBe('done');
  });

  it('gives up on a living holder after the wait and names it', async () => {
    const file = join(folder(), 'lock');
    const impatient = { ...options, waitMs: 0 };
    await withLock(file, options, async () => {
      await expect(withLock(file, impatient, async () => 'never')).rejects.toThrow(
        `Process ${process.pid} still holds`,
      );
    });
  });

  it('frees the lock when the work fails', async () => {
    const file = join(folder(), 'lock');
    await expect(withLock(file, options, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(file, options, async () => 'done')).toBe('done');
  });
});
