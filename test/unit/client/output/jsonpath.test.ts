import { describe, expect, it } from 'vitest';
import { renderJsonPath } from '../../../../client/output/jsonpath.ts';

const list = {
  kind: 'List',
  items: [
    {
      metadata: { name: 'a', labels: { 'lynq.sh/uid': 'acme', 'plain-dash': 'd' } },
      status: {
        ready: 2,
        ports: [80, 8443],
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'Degraded', status: 'False' },
        ],
      },
    },
    { metadata: { name: 'b', labels: {} }, status: { ready: 0, conditions: [{ type: 'Ready', status: 'False' }] } },
  ],
};

describe('client/output/jsonpath', () => {
  it.each([
    ['{.items[*].metadata.name}', 'a b'],
    ['{.kind}', 'List'],
    ['{$.kind}', 'List'],
    ['{.items[0].metadata.labels.lynq\\.sh/uid}', 'acme'],
    ["{.items[0].metadata.labels['lynq\\.sh/uid']}", 'acme'],
    ["{.items[0].metadata.labels['lynq.sh/uid']}", 'acme'],
    ['{.items[0].metadata.labels.plain-dash}', 'd'],
    ['{.items[0].status.conditions[?(@.type=="Ready")].status}', 'True'],
    ['{.items[?(@.metadata.labels.lynq\\.sh/uid=="acme")].metadata.name}', 'a'],
    ['{.items[?(@.metadata.labels.lynq\\.sh/uid!="acme")].metadata.name}', 'b'],
    ['{.items[?(@.metadata.labels.plain-dash)].metadata.name}', 'a'],
    ["{.items[?(@.metadata.labels['lynq\\.sh/uid']=='acme')].metadata.name}", 'a'],
    ['{.items[?(@.status.conditions[0].type)].metadata.name}', 'a b'],
    ['{.items[?(@.status.ready>1.5)].metadata.name}', 'a'],
    ['{.items[?(@.metadata.name=="a]b")].metadata.name}', ''],
    ['{.items[?(@.status.conditions[0].status=="True")].metadata.name}', 'a'],
    ['{.items[?(@.status.conditions[0].status!="True")].metadata.name}', 'b'],
    ['{.items[?(@.status.conditions[-1].status=="False")].metadata.name}', 'a b'],
    ['{.items[?(@.status.ports[1]>8000)].metadata.name}', 'a'],
    ["{.items[*]['metadata.name', 'status.ready']}", 'a b 2 0'],
    ["{.items[*]['metadata.name','kind']}", 'a b'],
    ['{.items[0,1].metadata.name}', 'a b'],
    ["{.items[0]['metadata','kind'].name}", 'a'],
    ['{.items[-1:].metadata.name}', 'b'],
    ['{range .items[*]}{.metadata.name}={.status.ready}{"\\n"}{end}', 'a=2\nb=0\n'],
    ['{range .items[*]}{@.metadata.name}{"\\t"}{$.kind}{" "}{end}', 'a\tList b\tList '],
    [
      '{range .items[*]}{.metadata.name}: {range .status.conditions[*]}{.type} {end}{end}',
      'a: Ready Degraded b: Ready ',
    ],
    ['name {.items[1].metadata.name}!', 'name b!'],
    ['{.items[0].metadata.labels}', '{"lynq.sh/uid":"acme","plain-dash":"d"}'],
    ['{.nothing.here}', ''],
    ['{..name}', 'a b'],
    ["{'{}'}", '{}'],
  ])('renders %s', (template, text) => {
    expect(renderJsonPath(template, list)).toBe(text);
  });

  it('takes a path without braces for one', () => {
    expect(renderJsonPath('.items[*].metadata.name', list)).toBe('a b');
  });

  it.each([
    ['{.items[}', 'jsonpath: $.items[ is no path'],
    ['{range .items[*]}{.metadata.name}', 'jsonpath: {range PATH} without {end}'],
    ['{.kind}{end}', 'jsonpath: {end} without {range PATH}'],
    ['{.kind', 'jsonpath: a brace is not closed near {.kind'],
  ])('refuses %s', (template, message) => {
    expect(() => renderJsonPath(template, list)).toThrow(message);
  });
});
