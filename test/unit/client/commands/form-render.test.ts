import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { goodForm, goodHub, withLine } from '../lint/forms.ts';
import { run } from '../run.ts';

const secretForm = goodForm
  .replace('configMaps:', 'secrets:')
  .replace('kind: ConfigMap', 'kind: Secret')
  .replace(/ {8}data:[\s\S]*/, '        stringData:\n          password: "{{ randAlphaNum 12 }}"\n');
const files = { 'form.yaml': goodForm, 'hub.yaml': goodHub, 'secret.yaml': secretForm };

describe('client/commands/form-render', () => {
  it('renders a form for a row of columns, in the order the objects are applied', async () => {
    const { out, err, exitCode } = await run(
      'render -f form.yaml --hub-file hub.yaml --row id=acme --row replicas=3 --row plan=',
      { files },
    );

    const objects = parseAllDocuments(out).map((document) => document.toJS() as Record<string, unknown>);
    expect(objects).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'acme-config' },
        data: { plan: 'basic', text: 'plan \nuid acme\n' },
      },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'acme-app' },
        spec: { replicas: 3, paused: false },
      },
    ]);
    expect(out).toMatch(/^---\n# web: config\napiVersion: v1\nkind: ConfigMap\nmetadata:\n/);
    expect(err).toBe('');
    expect(exitCode).toBe(0);
  });

  it.each([
    '--row id=acme replicas=3 plan=',
    '--row id=acme --row replicas=3 plan=',
    '--row=id=acme --row replicas=3 plan=',
  ])('takes several columns after one --row: %s', async (row) => {
    const one = await run('render -f form.yaml --hub-file hub.yaml --row id=acme --row replicas=3 --row plan=', {
      files,
    });
    for (const line of [`render -f form.yaml --hub-file hub.yaml ${row}`, `render ${row} -f form.yaml -f hub.yaml`]) {
      expect(await run(line, { files })).toMatchObject({ out: one.out, err: '', exitCode: 0 });
    }
  });

  it('says which variables of the hub were not given', async () => {
    const { err } = await run('render -f form.yaml -f hub.yaml --row id=acme --row replicas=1', { files });

    expect(err).toBe('web: not given, so empty as NULL is: plan\n');
  });

  it('takes names as variables without a hub, and says which has no value', async () => {
    const rendered = await run('render -f form.yaml --row uid=acme --row replicas=1 --row plan=pro', { files });
    const missing = await run('render -f form.yaml --row uid=acme --row replicas=1', { files });

    expect(rendered.out).toContain('plan: pro');
    expect(missing.err).toMatch(/^form\.yaml:25:21: error: spec\.configMaps\[0\]\.spec\.data\.plan: /);
    expect(missing.err).toContain('    give it a value, --row plan=VALUE, or name the hub: --hub-file FILE\n');
    expect(missing.exitCode).toBe(1);
  });

  it('masks Secrets unless asked, with the same stand-in every time', async () => {
    const line = 'render -f secret.yaml -f hub.yaml --row id=acme --row replicas=1 --row plan=a';

    const masked = await run(line, { files });
    const shown = await run(`${line} --show-secrets`, { files });
    const again = await run(`${line} --show-secrets`, { files });

    expect(masked.out).toContain('password: "***"');
    expect(masked.err).toContain('web: random values are stand-ins for those of the cluster\n');
    expect(shown.out).toMatch(/password: [A-Za-z0-9]{12}\n/);
    expect(again.out).toBe(shown.out);
  });

  it('never needs a cluster', async () => {
    const clusterError = new Error('a cluster was asked');

    const { exitCode } = await run('render -f form.yaml -f hub.yaml --row id=a --row replicas=1', {
      files,
      clusterError,
    });

    expect(exitCode).toBe(0);
  });

  it.each([
    [
      'render -f form.yaml -f hub.yaml --row id=acme --row replcas=1',
      'the hub maps no column and declares no variable of this name',
      2,
    ],
    ['render -f form.yaml -f hub.yaml --row replicas=1', 'the row has no uid', 2],
    ['render -f hub.yaml --row id=a', 'the files hold no LynqForm', 1],
    ['render -f broken.yaml --row uid=a', 'nothing was rendered: 1 error', 1],
    ['render -f form.yaml', 'give its values: --row NAME=VALUE', 2],
    ['render', 'nothing to render', 2],
    [
      'render -f form.yaml -f hub.yaml --row id=ACME_x',
      'nothing was rendered: a sync would freeze the row ACME_x (InvalidUid)',
      1,
    ],
    ['render --uid acme', '--hub and --uid name a row together', 2],
    ['render --hub shop --uid acme --row a=b', 'are two different rows', 2],
  ])('explains what is wrong with %s', async (line, message, exitCode) => {
    const broken = withLine(goodForm, 11, '      timeoutSecond: 300');

    const ran = await run(line, { files: { ...files, 'broken.yaml': broken } });

    expect(ran.err).toContain(message);
    expect(ran.exitCode).toBe(exitCode);
  });
});
