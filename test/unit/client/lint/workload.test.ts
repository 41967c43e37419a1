import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

async function lint(...lines: readonly string[]): Promise<readonly string[]> {
  const files = { 'form.yaml': withLine(goodForm, 16, ...lines), 'hub.yaml': goodHub };
  const { out } = await run('lint --offline -f form.yaml -f hub.yaml', { files });
  return out.split('\n').filter((line) => /: (?:error|warning): /.test(line));
}

/** The pods of the Deployment from line 18 on. */
const pods = (...lines: readonly string[]) => ['          template:', '            spec:', ...lines];

describe('client/lint/workload', () => {
  it.each([
    [pods("              containers: '{{ .plan }}'")],
    [pods("              containers: [{name: '{{ .uid }}', image: a}, {name: '{{ .uid }}-b', image: a}]")],
    [
      pods(
        "              containers: [{name: a, ports: [{containerPort: '{{ .replicas | int }}'}], env: [{name: B}]}]",
      ),
    ],
    [pods('              containers:', '                - name: a', '                  env: [{name: B, value: "5"}]')],
    [["          replicas: '{{ .replicas | int }}'"]],
    [['          replicas: 0']],
    [
      [
        '          selector: {matchLabels: {app: "{{ .uid }}"}}',
        '          template: {metadata: {labels: {app: "{{ .uid }}"}}}',
      ],
    ],
    [['          selector: {matchLabels: {app: web}}', '          template: {metadata: {labels: {app: web, b: c}}}']],
  ])('leaves what may be right: %j', async (lines) => {
    expect(await lint(...lines)).toEqual([]);
  });

  it.each([
    [pods('              containers: [a]'), '18:28', 'a container is no map'],
    [
      pods('              initContainers: [{name: a}]', '              containers: [{name: a}]'),
      '19:35',
      'two containers',
    ],
    [pods('              containers: [{name: a, env: [{value: b}]}]'), '18:44', 'a variable of env has no name'],
    [pods('              containers: [{name: a, env: [B]}]'), '18:44', 'a variable of env is no map'],
    [['          template: {metadata: {labels: {"a b": c}}}'], '16:49', 'is not a key a label of the pods can have'],
    [['          template: {metadata: {labels: {a: 5}}}'], '16:45', 'label a of the pods is no text'],
  ])('names what no row makes right: %j', async (lines, place, words) => {
    expect(await lint(...lines)).toEqual([expect.stringMatching(`^form\\.yaml:${place}: error: .*${words}`)]);
  });

  it('looks into the pods of a CronJob and at a Pod itself, and never shows a value of env', async () => {
    const spec = 'containers: [{name: a, env: [{name: PIN, value: 4711}]}]';
    const cron = `{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {${spec}}}}}}}`;
    const pod = `{apiVersion: v1, kind: Pod, spec: {${spec}}}`;
    const entries = [cron, pod].map(
      (object, index) => `    - {id: e${index}, nameTemplate: "{{ .uid }}-${index}", spec: ${object}}`,
    );
    const files = { 'form.yaml': `${goodForm}  manifests:\n${entries.join('\n')}\n`, 'hub.yaml': goodHub };

    const { out } = await run('lint --offline -f form.yaml -f hub.yaml', { files });

    expect(out.match(/the value of PIN in env is no text/g)).toHaveLength(2);
    expect(out).not.toContain('4711');
  });

  it('warns of a kind in the list of another', async () => {
    const form = goodForm.replace('  configMaps:', '  secrets:');
    const { out, exitCode } = await run('lint --offline -f form.yaml -f hub.yaml', {
      files: { 'form.yaml': form, 'hub.yaml': goodHub },
    });

    expect(out).toContain(
      "form.yaml:23:9: warning: resource 'config' is of kind ConfigMap and stands in secrets\n    move it to configMaps\n",
    );
    expect(exitCode).toBe(0);
  });
});
