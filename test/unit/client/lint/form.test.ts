import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { run } from '../run.ts';
import { goodHub } from './forms.ts';

/** Forms that are wrong in one way each; their first line says at which line and column of the file, and a part of what has to be said. */

const folder = new URL('../../../fixtures/broken-forms/', import.meta.url);

interface BrokenForm {
  readonly name: string;
  readonly text: string;
  /** `12:7`: line and column. */
  readonly place: string;
  readonly words: string;
}

function read(name: string): BrokenForm {
  const text = readFileSync(new URL(name, folder), 'utf8');
  const [, place = '', words = ''] = /^# expected at (\d+:\d+): (.*)$/m.exec(text) ?? [];
  return { name, text, place, words };
}

/** A form of ConfigMaps, one to a line; each depends on the one before it where they are in a row. The last one is one too many. */
function generated(name: string, length: number, inARow: boolean, words: string): BrokenForm {
  const entries = Array.from({ length }, (_, index) => {
    const needs = inARow && index > 0 ? `dependIds: [e${index - 1}], ` : '';
    return `    - {id: e${index}, ${needs}nameTemplate: '{{ .uid }}-${name}-${index}', spec: {apiVersion: v1, kind: ConfigMap}}`;
  });
  const head = ['# generated', 'apiVersion: operator.lynq.sh/v1', 'kind: LynqForm', 'metadata:', `  name: ${name}`];
  const text = [...head, '  namespace: lynq-system', 'spec:', '  hubId: shop', '  configMaps:', ...entries, ''].join(
    '\n',
  );
  return { name: `${name}.yaml`, text, place: `${head.length + 4 + length}:12`, words };
}

const forms = [
  ...readdirSync(folder).map(read),
  generated('too-many', 501, false, 'TooManyResources: 501 resources'),
  generated('too-long', 201, true, 'ChainTooLong: 201 resources'),
];

/** Whether a line of the output says, at this place of the file, what has to be said. */
const says =
  ({ name, place, words }: BrokenForm) =>
  (text: string): boolean =>
    text.startsWith(`${name}:${place}: error: `) && text.includes(words);

describe('client/lint/form', () => {
  it('has at least forty of them', () => {
    expect(forms.length).toBeGreaterThanOrEqual(40);
    expect(forms.filter(({ place, words }) => place === '' || words === '')).toEqual([]);
  });

  it.each(forms)('lint refuses $name at $place', async (form) => {
    const files = { [form.name]: form.text, 'hub.yaml': goodHub };

    const { out, exitCode } = await run(`lint --offline -f ${form.name} -f hub.yaml`, { files });

    const errors = out.split('\n').filter((line) => line.includes(': error: '));
    expect(errors).toContainEqual(expect.toSatisfy(says(form)));
    expect(errors.every((line) => /^[\w.-]+:\d+:\d+: error: /.test(line))).toBe(true);
    expect(exitCode).toBe(1);
  });

  it.each(forms)('apply refuses $name at $place and sends nothing', async (form) => {
    const cluster = createFakeCluster();
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } });
    const files = { [form.name]: form.text, 'hub.yaml': goodHub };

    const { err, exitCode } = await run(`apply -f ${form.name} -f hub.yaml`, { files, cluster });

    expect(err.split('\n')).toContainEqual(expect.toSatisfy(says(form)));
    expect(exitCode).toBe(1);
    const shop = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace: 'lynq-system', name: 'shop' };
    expect(await cluster.get(shop)).toBeUndefined();
  });
});
