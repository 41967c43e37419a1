import type { JsonObject } from '../../domain/api/json.ts';
import { compileForm, renderForm } from '../../template/index.ts';
import type { Choices } from '../template-diff/random.ts';
import { prototypeKeys } from './hostile.ts';

const values: readonly [string, ...string[]] = [
  '{{ .uid }}',
  '}}{{ env "X" }}{{',
  '{{ env "HOME" }}',
  'a: b\n- c',
  '---\nkind: Secret',
  '"',
  "'}",
  '__LYNQ_INT__5',
  '!!int 5',
  '$int64',
  '{"$int64":"5"}',
  '\u0000',
  '\u2028',
  '\ud800',
  '../../x',
  '%s%d%!',
  'true',
  'null',
  '007',
  '1e3',
  '<script>',
  '${jndi:x}',
  '#{1+1}',
  'é😀',
  '',
  ...prototypeKeys,
];

const spec = JSON.parse(
  '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"labels":{"l":"{{ .a }}","__proto__":"{{ .b }}"},"annotations":{"n":"{{ .a }}"}},' +
    '"data":{"text":"{{ .a }}","both":"x{{ .a }}y{{ .b }}","constructor":"{{ .a }}","number":"{{ int .a }}"},' +
    '"spec":{"replicas":"{{ int .a }}","flag":"{{ bool .a }}","list":["{{ .a }}",["{{ .b }}"]],"url":"http://{{ .a }}/","plain":{"{{ .a }}":1}}}',
) as JsonObject;

const compiled = compileForm({
  form: 'fuzz',
  contentHash: 'fuzz',
  declared: new Set(['uid', 'a', 'b']),
  resources: [
    {
      list: 'configMaps',
      index: 0,
      resource: { id: 'r', spec, nameTemplate: 'n-{{ .a }}', targetNamespace: 'ns-{{ .uid }}' },
    },
  ],
});

/** Key paths and kinds of an object: what a value must not change. */
function skeleton(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.keys(value).flatMap((key) => skeleton((value as Record<string, unknown>)[key], `${path}/${key}`));
}

function render(a: string, b: string): JsonObject | string {
  if (!compiled.ok) return 'the form does not compile';
  const result = renderForm(compiled.form, {
    hub: 'hub',
    uid: 'uid',
    form: 'fuzz',
    variables: new Map([
      ['uid', 'u'],
      ['a', a],
      ['b', b],
    ]),
    hubKey: new Uint8Array(32),
    now: new Date(0),
    kept: new Map(),
  });
  const [first] = result.ok ? result.resources : [];
  return first === undefined ? 'the form does not render' : first.object;
}

const expected = skeleton(render('a', 'b')).join('\n');

/** Renders a form with hostile values: they are literal, and the kinds, keys and number of objects do not depend on them (B5, B11, B16). */
export function rowProblem(choices: Choices): string | undefined {
  const a = choices.pick(values);
  const b = choices.pick(values);
  const object = render(a, b);
  if (typeof object === 'string') return `${object}: ${JSON.stringify([a, b])}`;
  if (object['kind'] !== 'ConfigMap') return `the kind depends on a value: ${JSON.stringify([a, b])}`;
  if (skeleton(object).join('\n') !== expected) return `the keys depend on a value: ${JSON.stringify([a, b])}`;
  const literal = (object['data'] as JsonObject)['text'];
  return literal === Buffer.from(a, 'utf8').toString('utf8')
    ? undefined
    : `a value is not literal: ${JSON.stringify(a)}`;
}
