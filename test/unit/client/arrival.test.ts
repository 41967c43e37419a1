import { describe, expect, it } from 'vitest';
import {
  type FormPlace,
  formPlace,
  formVerdict,
  isOver,
  leftAlone,
  type NodePlace,
  nodePlace,
  nodesAt,
  progressText,
  rolloutPlace,
} from '../../../client/arrival.ts';
import { LynqForm } from '../../../domain/api/form.ts';
import type { JsonObject } from '../../../domain/api/json.ts';
import { condition, nodeOf, type NodeState } from '../../support/cli/applying-worker.ts';

const pair = { uid: 'acme', form: 'web', hub: 'shop', revision: 'web-new' };
const older = { ...pair, revision: 'web-old' };

const form = (rollout?: object, status: object = {}): LynqForm =>
  LynqForm.parse({
    metadata: { name: 'web', namespace: 'lynq-system', uid: 'u', resourceVersion: '1', generation: 4 },
    spec: { hubId: 'shop', ...(rollout === undefined ? {} : { rollout }) },
    status: {
      rollout: {
        phase: 'InProgress',
        targetGeneration: 4,
        totalNodes: 3,
        updatedNodes: 2,
        readyUpdatedNodes: 1,
        inFlight: [],
        message: 'Updating',
        ...status,
      },
    },
  });

const placed = (
  nodes: Partial<Record<NodePlace, number>>,
  rollout: FormPlace['rollout']['kind'] = 'over',
): FormPlace => {
  const of = (place: NodePlace): readonly JsonObject[] =>
    Array.from({ length: nodes[place] ?? 0 }, (_, index) => nodeOf({ ...pair, uid: `${place}${index}` }, 'moving'));
  return {
    form: 'web',
    rollout: { kind: rollout, text: 'Updating: 1/3' },
    nodes: {
      ready: of('ready'),
      failed: of('failed'),
      waiting: of('waiting'),
      behind: of('behind'),
      left: of('left'),
      paused: of('paused'),
    },
  };
};

describe('client/arrival', () => {
  describe('a node', () => {
    it.each<[NodeState, NodePlace]>([
      ['ready', 'ready'],
      ['failed', 'failed'],
      ['moving', 'waiting'],
      ['behind', 'behind'],
      ['stale', 'waiting'],
    ])('that is %s with the revision is %s', (state, place) => {
      expect(nodePlace(nodeOf(pair, state), 'web-new', false)).toBe(place);
    });

    it('has failed when nothing of it moves any more, also where no object failed: its creation was taken back', () => {
      const node = nodeOf(pair, 'failed');
      const status = { ...(node['status'] as JsonObject), failedResources: 0 };

      expect(nodePlace({ ...node, status }, 'web-new', false)).toBe('failed');
    });

    it('at something older is waited for, unless it may have been left so', () => {
      expect(nodePlace(nodeOf(older, 'ready'), 'web-new', false)).toBe('waiting');
      expect(nodePlace(nodeOf(older, 'ready'), 'web-new', true)).toBe('left');
    });

    it('that a person left alone is not waited for, at whatever it is', () => {
      expect(nodePlace(nodeOf(older, 'failed', { spec: { paused: true } }), 'web-new', false)).toBe('paused');
    });
  });

  describe('a form', () => {
    const judged = (observed: number, ...conditions: readonly JsonObject[]): JsonObject => ({
      metadata: { generation: 2 },
      status: { observedGeneration: observed, conditions: [...conditions] },
    });

    it('is judged by what is said of its generation, and of no older one', () => {
      const no = condition('Valid', 'False', 'cycle');

      expect(formVerdict(judged(1, no))).toBeUndefined();
      expect(formVerdict(judged(2))).toBeUndefined();
      expect(formVerdict(judged(2, no))).toEqual({ kind: 'invalid', message: 'cycle' });
      expect(formVerdict(judged(2, condition('Valid', 'True', '')))).toEqual({ kind: 'valid' });
    });

    it('may have nodes at something older where the hub has frozen or held rows, and where its rollout is paused', () => {
      const nodes = [nodeOf(older, 'ready')];
      const place = (hub: JsonObject, of = form()) =>
        nodesAt([formPlace({ form: of, revision: 'web-new', nodes, hub })], 'left').length;

      expect(place({ status: { rows: { frozen: 0, held: 0 } } })).toBe(0);
      expect(place({ status: { rows: { frozen: 1 } } })).toBe(1);
      expect(place({ status: { rows: { held: 1 } } })).toBe(1);
      expect(place({ status: { conditions: [condition('SourceChanged', 'True', '')] } })).toBe(1);
      expect(place({ status: { rows: { frozen: 1 } } }, form({ maxSkew: 1 }))).toBe(0);
      expect(place({}, form({ maxSkew: 1, paused: true }))).toBe(1);
    });
  });

  describe('a rollout', () => {
    it.each<[string, object | undefined, object, string]>([
      ['there is none', undefined, {}, 'over'],
      ['it has no limit', { maxSkew: 0 }, {}, 'over'],
      ['it is about an older edit', { maxSkew: 1 }, { targetGeneration: 3, phase: 'Complete' }, 'underWay'],
      ['nodes have to go', { maxSkew: 1 }, {}, 'underWay'],
      ['nodes are in flight', { maxSkew: 1 }, { updatedNodes: 3, inFlight: [{ node: 'a', since: '' }] }, 'underWay'],
      ['all nodes have the form and some are not Ready yet', { maxSkew: 1 }, { updatedNodes: 3 }, 'over'],
      ['it is complete', { maxSkew: 1 }, { phase: 'Complete' }, 'over'],
      ['it has failed', { maxSkew: 1 }, { phase: 'Failed' }, 'failed'],
      ['it is paused', { maxSkew: 1, paused: true }, {}, 'paused'],
      ['the worker has not seen the pause', { maxSkew: 1, paused: true }, { targetGeneration: 3 }, 'underWay'],
      ['it is paused where nothing is left to do', { maxSkew: 1, paused: true }, { updatedNodes: 3 }, 'over'],
    ])('when %s', (_when, rollout, status, kind) => {
      expect(rolloutPlace(form(rollout, status)).kind).toBe(kind);
    });
  });

  describe('a rollout with a node in flight that a person has paused', () => {
    const inFlight = [{ node: 'acme-web', since: '' }];
    const paused = nodeOf(pair, 'paused');
    const placeWith = (other: JsonObject) =>
      formPlace({ form: form({ maxSkew: 1 }, { inFlight }), revision: 'web-new', nodes: [paused, other], hub: {} });

    it('rests when nothing else is left, and is not waited for', () => {
      const place = placeWith(nodeOf({ ...pair, uid: 'globex' }, 'ready'));

      expect(place.rollout).toEqual({ kind: 'resting', text: 'Updating', paused: ['acme-web'] });
      expect(isOver([place])).toBe(true);
    });

    it('is waited for while others have to go, and says what it waits for', () => {
      const place = placeWith(nodeOf({ ...older, uid: 'globex' }, 'ready'));

      expect(place.rollout.kind).toBe('underWay');
      expect(progressText([place])).toBe(
        '0/1 nodes done, waiting for the rollout of web: Updating; acme-web is paused: lynq resume node/acme-web',
      );
    });
  });

  it.each<[boolean, Parameters<typeof placed>[0], FormPlace['rollout']['kind']?]>([
    [true, {}],
    [true, { ready: 2, failed: 1, left: 1, paused: 1 }],
    [false, { ready: 2, waiting: 1 }],
    [false, { failed: 1, waiting: 1 }],
    [false, { ready: 1, behind: 1 }],
    [true, { failed: 1, behind: 1 }],
    [false, { ready: 3 }, 'underWay'],
    [true, { ready: 1, left: 2 }, 'paused'],
  ])('is over: %s with %o and a rollout that is %s', (over, nodes, rollout) => {
    expect(isOver([placed(nodes, rollout)])).toBe(over);
  });

  it('counts what is there and names one thing that is waited for', () => {
    expect(progressText([placed({ ready: 2, waiting: 2 })])).toBe(
      '2/4 nodes done, waiting for waiting1-web 1/2 resources ready',
    );
    expect(progressText([placed({ failed: 1, waiting: 1, left: 3 })])).toBe(
      '0/2 nodes done, 1 failed, waiting for waiting0-web 1/2 resources ready',
    );
    expect(progressText([placed({ ready: 1, waiting: 2 }, 'underWay')])).toBe(
      '1/3 nodes done, waiting for the rollout of web: Updating: 1/3',
    );
  });

  it('tells in one line what is left as it is, and nothing otherwise', () => {
    const hub = {
      status: { rows: { frozen: 1, held: 2 }, conditions: [condition('SourceChanged', 'True', '')] },
    };

    expect(leftAlone({}, [placed({ ready: 1 })])).toBeUndefined();
    expect(leftAlone(hub, [placed({ paused: 2 })])).toBe(
      'left as it is: 1 frozen row, 2 rows held for deletion, what another source says, 2 paused nodes',
    );
  });
});
