import { describe, expect, it } from 'vitest';
import { run } from '../run.ts';
import { goodForm, goodHub, withLine } from './forms.ts';

async function lint(form: string): Promise<readonly string[]> {
  const { out } = await run('lint --offline -f form.yaml -f hub.yaml', {
    files: { 'form.yaml': form, 'hub.yaml': goodHub },
  });
  return out.split('\n').filter((line) => line !== '' && !line.startsWith('    '));
}

describe('client/lint/policies', () => {
  it.each<[string, string, readonly string[]]>([
    [
      'a name that is the same for every row',
      withLine(goodForm, 9, '      nameTemplate: app'),
      [
        "form.yaml:9:7: warning: resource 'app' has the same name in the same namespace for every row; all rows but the first would be in conflict",
      ],
    ],
    [
      'the same name in a namespace of the row',
      withLine(goodForm, 9, '      nameTemplate: app', '      targetNamespace: "t-{{ .uid }}"'),
      [],
    ],
    [
      'a namespace inside of the object, which the Go operator ignores',
      withLine(goodForm, 14, '        kind: Deployment', '        metadata: {namespace: "t-{{ .uid }}"}'),
      [
        "form.yaml:15:20: warning: metadata.namespace of resource 'app' is ignored by the Go operator, and what that has made stays in the namespace of the node",
      ],
    ],
    [
      'the same beside a targetNamespace',
      withLine(goodForm, 14, '        kind: Deployment', '        metadata: {namespace: other}').replace(
        '      timeoutSeconds: 300',
        '      targetNamespace: "t-{{ .uid }}"',
      ),
      [],
    ],
    [
      "the form's own namespace inside of the object",
      withLine(goodForm, 14, '        kind: Deployment', '        metadata: {namespace: tenants}').replace(
        '  name: web',
        '  {name: web, namespace: tenants}',
      ),
      [
        'form.yaml:6:3: warning: the variables of LynqHub shop are not known, so their names were not checked: no cluster was asked',
      ],
    ],
    [
      'a random function in a name',
      withLine(goodForm, 9, '      nameTemplate: "{{ .uid }}-{{ randAlphaNum 5 | lower }}"'),
      [
        "form.yaml:9:36: warning: randAlphaNum in a name of resource 'app': nobody can tell the name from the row, and a lost key makes it another",
      ],
    ],
    [
      'a variable that is called as a random function is',
      withLine(
        goodForm,
        9,
        '      nameTemplate: "{{ .uid }}-{{ "generate" }}"'.replaceAll('"generate"', String.raw`\"generate\"`),
      ),
      [],
    ],
    [
      'the time in an object that is compared',
      goodForm.replace('plan {{ .plan }}', 'plan {{ now | date "2006" }}'),
      [
        "form.yaml:27:21: error: now in resource 'config' gives another text at every look, so the object would never rest",
      ],
    ],
    [
      'the time in an object that is made once',
      withLine(goodForm, 20, '      nameTemplate: "{{ .uid }}-config"', '      creationPolicy: Once').replace(
        'plan {{ .plan }}',
        'plan {{ now | date "2006" }}',
      ),
      [],
    ],
    [
      'Delete that a retained entry overrules',
      withLine(goodForm, 11, '      deletionPolicy: Retain').replace(
        '    - id: config\n',
        '    - id: config\n      deletionPolicy: Delete\n',
      ),
      [
        "form.yaml:20:7: warning: deletionPolicy Delete of resource 'config' does not hold: 'app' is retained and depends on it",
      ],
    ],
    [
      'a reserved label of another program',
      withLine(goodForm, 11, '      labelsTemplate: {pod-security.kubernetes.io/enforce: privileged}'),
      [
        "form.yaml:11:24: warning: label pod-security.kubernetes.io/enforce of resource 'app' is reserved: the worker's default policy refuses the entry",
      ],
    ],
    [
      'ignoreFields where nothing is ever written again',
      withLine(goodForm, 11, '      creationPolicy: Once', '      ignoreFields: ["$.spec.replicas"]'),
      [
        "form.yaml:12:7: warning: ignoreFields of resource 'app' has no effect: creationPolicy Once leaves the whole object alone",
      ],
    ],
    [
      'ignoreFields of a status',
      withLine(goodForm, 11, '      ignoreFields: ["$.status.replicas"]'),
      ["form.yaml:11:22: warning: $.status.replicas in ignoreFields of resource 'app': status is never written"],
    ],
    [
      'readyWhen that nobody waits for',
      withLine(goodForm, 11, '      waitForReady: false', '      readyWhen: has(object.status)'),
      ["form.yaml:12:7: warning: readyWhen of resource 'app' has no effect: waitForReady is false"],
    ],
    [
      'a status in the object',
      withLine(goodForm, 17, '          paused: false', '        status: {replicas: 1}'),
      [
        "form.yaml:18:9: warning: spec.status of resource 'app' is never written: it belongs to the object's controller",
      ],
    ],
    [
      'a kind of the same name in a group of its own',
      withLine(goodForm, 13, '        apiVersion: serving.knative.dev/v1').replace('kind: Deployment', 'kind: Service'),
      [],
    ],
    [
      'a form that is named twice in dependsOn',
      withLine(goodForm, 6, '  hubId: shop', '  dependsOn: [{form: data}, {form: data}]'),
      [
        'form.yaml:7:16: warning: form data is not known, so whether it waits for this one was not checked: no cluster was asked',
        'form.yaml:7:30: warning: dependsOn names form data twice',
      ],
    ],
    [
      'a wave without rows',
      withLine(goodForm, 6, '  hubId: shop', '  rollout: {waves: [{uids: []}]}'),
      ['form.yaml:7:22: warning: a wave without rows lets nothing through'],
    ],
  ])('%s', async (_story, form, lines) => {
    expect(await lint(form)).toEqual(lines);
  });
});
