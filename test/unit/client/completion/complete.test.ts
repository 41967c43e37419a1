import { describe, expect, it } from 'vitest';
import { completionAt } from '../../../../client/completion/complete.ts';
import { commandGroups, commands } from '../../../../client/commands/index.ts';

const at = (line: string) => completionAt(line.split(' '), { commands, groups: commandGroups });

function values(line: string): readonly string[] {
  const { offer } = at(line);
  return offer.kind === 'values' ? offer.values.map(({ value }) => value) : [offer.kind];
}

describe('client/completion/complete', () => {
  it('offers the first words of all commands, each once', () => {
    const first = values('');

    expect(first).toContain('apply');
    expect(first.filter((word) => word === 'get')).toHaveLength(1);
    expect(first).not.toContain('nodes');
  });

  it('offers the second word of a group', () => {
    expect(values('get ')).toEqual(['hubs', 'forms', 'nodes']);
    expect(values('-n team get ')).toEqual(['hubs', 'forms', 'nodes']);
  });

  it.each([
    ['get nodes ', 'nodes'],
    ['get lnode acme ', 'nodes'],
    ['delete hub ', 'hubs'],
    ['scale ', 'uids'],
    ['scale acme-corp ', 'forms'],
    ['scale acme-corp api-tier --set a=b -n ', 'namespaces'],
    ['resync ', 'targets'],
    ['--context ', 'contexts'],
    ['get nodes --context=', 'contexts'],
  ])('looks for live names after `%s`', (line, of) => {
    expect(at(line).offer).toMatchObject({ kind: 'live', of });
  });

  it.each([['lint -f '], ['lint --filename='], ['--kubeconfig ']])('leaves files to the shell after `%s`', (line) => {
    expect(at(line).offer.kind).toBe('files');
  });

  it.each([['get nodes -o '], ['get nodes --output '], ['get nodes --output=']])(
    'offers the choices after `%s`',
    (line) => {
      expect(values(line)).toContain('yaml');
    },
  );

  it('offers the flags of the command, those given once not again', () => {
    const flags = values('lint --offline -f a.yaml --');

    expect(flags).toEqual(expect.arrayContaining(['--filename', '--output', '--namespace', '--help']));
    expect(flags).not.toContain('--offline');
  });

  it('offers nothing where nothing can follow', () => {
    expect(values('delete hub one two')).toEqual([]);
    expect(values('scale acme-corp api-tier ')).toEqual([]);
    expect(values('nonsense ')).toEqual([]);
  });

  it('reads the global flags of the line, for the cluster that is asked', () => {
    expect(at('-n team --kubeconfig k get nodes --tls --address=t:7233 a')).toMatchObject({
      globals: { namespace: 'team', kubeconfig: 'k', tls: true, address: 't:7233' },
      partial: 'a',
    });
  });

  it('takes what follows -- for arguments', () => {
    expect(at('get nodes -- -x').offer).toMatchObject({ kind: 'live', of: 'nodes' });
  });
});
