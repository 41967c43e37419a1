import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandGroups, commands } from '../../../../client/commands/index.ts';
import { globalFlags } from '../../../../client/global-flags.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { fakeEngine, run } from '../run.ts';

describe('client/commands/index', () => {
  it('has every command file, each named noun-verb', () => {
    const verbs = [
      'abort',
      'adopt',
      'apply',
      'delete',
      'describe',
      'get',
      'history',
      'lint',
      'notify',
      'pause',
      'release',
      'render',
      'resume',
      'resync',
    ].concat(
      ['scale', 'status', 'undo', 'completion', 'tree', 'explain', 'watch'],
      ['plan', 'approve', 'retained', 'uninstall', 'serve'],
    );
    const shared = ['object-delete.ts'];
    const folder = new URL('../../../../client/commands/', import.meta.url);
    const files = readdirSync(folder).filter(
      (name) => verbs.some((verb) => name.endsWith(`-${verb}.ts`)) && !shared.includes(name),
    );

    expect(commands).toHaveLength(files.length);
  });

  it('names each command once', () => {
    const names = commands.flatMap(({ name, aliases = [] }) => {
      const words = name.split(' ');
      return [name, ...aliases.map((alias) => [...words.slice(0, -1), alias].join(' '))];
    });

    expect(new Set(names).size).toBe(names.length);
  });

  it('describes every first word that commands share', () => {
    const shared = commands.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0]);

    expect(new Set(Object.keys(commandGroups))).toEqual(new Set(shared));
  });

  it.each(commands.map((command) => [command.name, command] as const))('%s is complete', async (name, command) => {
    const ran = await run(`${name} --help`);

    expect(command.summary).toMatch(/^[A-Z][^.]*$/);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { command: example } of command.examples) expect(example).toContain(`lynq ${name.split(' ')[0]}`);
    for (const [long, flag] of Object.entries(command.flags)) {
      expect(Object.keys(globalFlags)).not.toContain(long);
      expect(Object.values(globalFlags).map((global) => ('short' in global ? global.short : undefined))).not.toContain(
        flag.short ?? 'none',
      );
      expect(ran.out).toContain(`--${long}`);
    }
    expect(ran).toMatchObject({ exitCode: 0, err: '' });
  });

  const waiting = commands.filter(({ flags }) => 'wait-timeout' in flags);

  it('has every command that waits in the table below', () => {
    expect(waiting.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['apply', 'delete hub', 'uninstall', 'release', 'adopt', 'scale', 'resync', 'retained']),
    );
  });

  it.each(waiting.map((command) => [command.name, command] as const))(
    '%s refuses a --wait-timeout that is none before it does anything',
    async (name, { args, flags }) => {
      const given = args.filter(({ kind }) => kind === 'required').map(() => 'x');
      const needed = Object.entries(flags).flatMap(([long, flag]) =>
        'required' in flag && flag.required ? [`--${long} x=y`] : [],
      );
      const wait = 'wait' in flags ? ['--wait'] : [];
      const yes = 'yes' in flags ? ['--yes'] : [];
      const line = [name, ...given, ...needed, ...wait, ...yes].join(' ');

      for (const [timeout, message] of [
        ['5min', '--wait-timeout 5min is not a duration'],
        ['48h', '--wait-timeout 48h is too long'],
      ] as const) {
        const cluster = createFakeCluster();
        const engine = fakeEngine();
        const ran = await run(`${line} --wait-timeout ${timeout}`, { cluster, engine });

        expect(ran).toMatchObject({ exitCode: 2, out: '', questions: [] });
        expect(ran.err).toContain(`Error: ${message}\n`);
        expect([...cluster.calls, ...engine.sent]).toEqual([]);
      }
    },
  );
});
