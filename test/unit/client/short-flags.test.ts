import { describe, expect, it } from 'vitest';
import { splitShortFlags } from '../../../client/short-flags.ts';
import { run } from './run.ts';

const flags = [
  { namespace: { kind: 'text', short: 'n', value: 'NS', summary: '' } },
  {
    output: { kind: 'text', short: 'o', value: 'FORMAT', summary: '' },
    filename: { kind: 'list', short: 'f', value: 'FILE', summary: '' },
    'all-namespaces': { kind: 'boolean', short: 'A', summary: '' },
    set: { kind: 'list', value: 'X=Y', summary: '' },
  },
] as const;

describe('client/short-flags', () => {
  it.each([
    ['get nodes -n=foo', 'get nodes -n foo'],
    ['get nodes -o=jsonpath={.items[?(@.a=="b")]}', 'get nodes -o jsonpath={.items[?(@.a=="b")]}'],
    ['get nodes -An=foo', 'get nodes -An foo'],
    ['lint -f=a.yaml -f=-', 'lint -f a.yaml -f -'],
    ['get nodes -n foo -ojson -o json', 'get nodes -n foo -ojson -o json'],
    ['get nodes -ojsonpath=x', 'get nodes -ojsonpath=x'],
    ['scale a b --set -n=foo', 'scale a b --set -n=foo'],
    ['get nodes -o -n=foo', 'get nodes -o -n=foo'],
    ['get nodes -- -n=foo', 'get nodes -- -n=foo'],
    ['get nodes -A -x=1 --output=json', 'get nodes -A -x=1 --output=json'],
  ])('makes of %s: %s', (line, split) => {
    expect(splitShortFlags(line.split(' '), flags).join(' ')).toBe(split);
  });

  it('takes an empty value as one', () => {
    expect(splitShortFlags(['-n='], flags)).toEqual(['-n', '']);
  });

  it('holds for every command and the global flags', async () => {
    const { options, out } = await run('get nodes -n=team -o=json -l=a=b');

    expect(options).toMatchObject([{ namespace: 'team' }]);
    expect(JSON.parse(out)).toMatchObject({ kind: 'List' });
  });
});
