import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { evaluateReadiness } from '../../../../domain/readiness/index.ts';
import { compileReadyWhen, type ReadyWhen } from '../../../../domain/readiness/ready-when.ts';
import { json } from '../../../support/builders/arbitraries.ts';

const database: JsonObject = {
  apiVersion: 'example.com/v1',
  kind: 'Database',
  metadata: { name: 'acme', generation: 4 },
  spec: { replicas: 3, weight: 0.5 },
  status: {
    phase: 'Running',
    readyReplicas: 3,
    conditions: [
      { type: 'Synced', status: 'True' },
      { type: 'Serving', status: 'True' },
    ],
  },
};

function compiled(expression: string): ReadyWhen {
  const result = compileReadyWhen(expression);
  if (!result.ok) throw new Error(result.problem.message);
  return result.rule;
}

const judged = (expression: string, object = database) => compiled(expression).evaluate(object);

function problemOf(expression: string) {
  const result = compileReadyWhen(expression);
  return result.ok ? undefined : result.problem;
}

describe('domain/readiness/ready-when', () => {
  it.each([
    "object.status.phase == 'Running'",
    "self.status.phase == 'Running'",
    'object.status.readyReplicas >= object.spec.replicas - 1',
    'object.status.readyReplicas == 3 && object.spec.weight < 1.0',
    "object.status.conditions.exists(c, c.type == 'Serving' && c.status == 'True')",
    "object.status.conditions.all(c, c.status == 'True')",
    "object.status.?endpoint.orValue('none') == 'none'",
    '!has(object.status.lastError)',
    'size(object.status.conditions) == 2',
  ])('finds an object ready of which %s is true', (expression) => {
    expect(judged(expression)).toEqual({ state: 'ready' });
  });

  it('finds an object not ready of which it is false', () => {
    expect(judged("object.status.phase == 'Stopped'")).toMatchObject({
      state: 'progressing',
      reason: 'ReadyWhenFalse',
    });
  });

  it.each([
    'object.status.endpoint == 1',
    'object.status.phase > 3',
    'object.status.phase',
    'int(object.status.phase) == 1',
  ])('finds an object not ready on which %s cannot be evaluated, and quotes nothing of it', (expression) => {
    const verdict = judged(expression);

    expect(verdict).toMatchObject({ state: 'progressing', reason: 'ReadyWhenError' });
    expect(JSON.stringify(verdict)).not.toMatch(/Running|endpoint|acme/);
  });

  it('counts with integers that a JavaScript number cannot hold', () => {
    const object = { status: { seen: { $int64: '9007199254740993' } } };

    expect(judged('object.status.seen == 9007199254740993', object)).toEqual({ state: 'ready' });
  });

  it('sees keys that JavaScript objects have by themselves only where the object has them', () => {
    expect(judged('has(object.constructor) || has(object.__proto__)')).toMatchObject({ reason: 'ReadyWhenFalse' });
    expect(judged('has(object.constructor)', { constructor: 1 })).toEqual({ state: 'ready' });
  });

  it('has a verdict for whatever an object holds, without throwing', () => {
    const rules = ['has(object.status)', "object.a == 'b'", 'object.exists(k, k == "a")'].map(compiled);
    fc.assert(
      fc.property(json, (value) => {
        for (const rule of rules) expect(['ready', 'progressing']).toContain(rule.evaluate({ a: value }).state);
      }),
    );
  });

  describe('problems', () => {
    it.each([
      ['object.status.phase == ', 1, 24],
      ["object.status.phase == 'a' &&\n  nothing.here", 2, 3],
      ['{{ .uid }}', 1, 4],
      ['now() > 1', 1, 1],
      ["1 + 'a' == 2", 1, 1],
    ])('has the place of what is wrong in %j', (expression, line, column) => {
      expect(problemOf(expression)).toMatchObject({ line, column });
    });

    it('refuses what gives something else than true or false', () => {
      expect(problemOf('size(object.status.conditions)')?.message).toContain('must give true or false');
    });

    it.each(['object.a.matches("^(a+)+$")', 'cel.bind(x, object.a, x == 1)'])(
      'refuses %s, which has no bound',
      (text) => {
        expect(problemOf(text)?.message).toContain('is not available');
      },
    );

    it('refuses loops within loops within loops', () => {
      expect(problemOf('object.a.all(x, object.a.all(y, object.a.all(z, x == y && y == z)))')?.message).toContain(
        'nested 3 deep',
      );
      expect(
        problemOf('object.a.all(x, x == 1) && object.a.all(y, y == 1) && object.a.all(z, z == 1)'),
      ).toBeUndefined();
    });

    it('refuses an expression of thousands of parts', () => {
      expect(problemOf(Array.from({ length: 400 }, (_, index) => `object.a == ${index}`).join(' || '))).toBeDefined();
    });
  });

  it('does not evaluate what would take long on a large object, and says so', () => {
    const items = Array.from({ length: 100_000 }, (_, index) => index);
    const object = { items, text: 'a,'.repeat(500_000) };

    for (const expression of [
      'object.items.all(x, object.items.all(y, x == y))',
      "object.text.split(',').all(x, x == 'a')",
      '(object.items + object.items + object.items).all(x, x >= 0)',
    ])
      expect(judged(expression, object)).toMatchObject({ reason: 'ReadyWhenError' });
    expect(judged('object.items.exists(x, x == 99999)', object)).toEqual({ state: 'ready' });
  });

  describe('in place of the rule of a kind', () => {
    it('decides where the kind itself would not', () => {
      const service = { apiVersion: 'v1', kind: 'Service', spec: { type: 'ClusterIP' } };
      const rule = compiled("object.?metadata.?annotations['dns'].orValue('') == 'done'");

      expect(evaluateReadiness(service)).toEqual({ state: 'ready' });
      expect(evaluateReadiness(service, rule)).toMatchObject({ reason: 'ReadyWhenFalse' });
    });

    it('does not make ready what is being deleted, or what its controller has not looked at', () => {
      const rule = compiled('true');

      expect(evaluateReadiness({ metadata: { deletionTimestamp: 'now' } }, rule)).toMatchObject({
        reason: 'Terminating',
      });
      expect(evaluateReadiness({ ...database, status: { observedGeneration: 3 } }, rule)).toMatchObject({
        reason: 'NotObserved',
      });
    });

    it('leaves a failed job failed', () => {
      const job = { apiVersion: 'batch/v1', kind: 'Job', status: { conditions: [{ type: 'Failed', status: 'True' }] } };

      expect(evaluateReadiness(job, compiled('false'))).toMatchObject({ state: 'failed' });
      expect(evaluateReadiness(job, compiled('true'))).toEqual({ state: 'ready' });
    });
  });
});
