import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { annotations, apiVersion, managers } from '../../../domain/keys.ts';
import { writeOf } from '../../support/faults/effects.ts';
import { failpoints, hubFailpoints, parseOrder } from '../../support/faults/failpoints.ts';

const pointOf = (name: string): string => /^P\d+/.exec(name)?.[0] ?? '';
const ids = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `P${from + index}`);

describe('test/support/faults/failpoints', () => {
  test('every place of the list is there, before and after its effect: P1 to P8 of a sync, P9 to P30 of a node', () => {
    for (const [points, wanted] of [
      [hubFailpoints, ids(1, 8)],
      [failpoints, ids(9, 30)],
    ] as const)
      for (const side of ['before', 'after']) {
        const found = new Set(points.filter((point) => point.side === side).map(({ name }) => pointOf(name)));
        expect(wanted.filter((id) => !found.has(id))).toEqual([]);
      }
  });

  test('a node has at least forty of them, each by a name of its own that an order can give', () => {
    const names = failpoints.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
    expect(names.map((name) => parseOrder(`${name}:kill`).failpoint.name)).toEqual(names);
    expect(() => parseOrder('P99.before:kill')).toThrow('no failpoint');
  });

  test('a sync that names the revision edits a node; a rollout that lets it go grants it', () => {
    const node = { apiVersion, kind: 'LynqNode', namespace: 'a', name: 'b' };
    const written = (own: Record<string, string>) =>
      writeOf(node, { metadata: { annotations: own }, spec: { formRevision: 'web-1' } }, { manager: managers.apply });
    expect(written({ [annotations.templateGeneration]: '2' }).purpose).toBe('edit');
    expect(written({ [annotations.letGo]: 'web-1 working' }).purpose).toBe('grant');
  });

  test('what is built for production knows of none', () => {
    const folders = ['domain', 'template', 'adapters', 'activities', 'workflows', 'worker', 'client', 'stack', 'bin'];
    const knowing = folders.flatMap((folder) => {
      const place = new URL(`../../../${folder}/`, import.meta.url);
      const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.m?ts$|\.mjs$/.test(name),
      );
      expect(files.length).toBeGreaterThan(0);
      return files.filter((name) => /failpoint/i.test(readFileSync(new URL(name, place), 'utf8')));
    });
    expect(knowing).toEqual([]);
  });
});
