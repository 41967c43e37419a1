import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../../../../activities/admission.ts';
import { review } from '../../../../worker/webhook/review.ts';

const ask = (path: string, request: unknown, judge = async () => ({ warnings: [] as string[] })) =>
  review(
    {
      path,
      text: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }),
      fromApiServer: false,
    },
    judge,
  );
const validateForm = '/validate-operator-lynq-sh-v1-lynqform';
const mutateForm = '/mutate-operator-lynq-sh-v1-lynqform';

describe('worker/webhook/review', () => {
  it('answers under the uid of the question, with the problem as the message', async () => {
    const seen: AdmissionRequest[] = [];
    const question = { uid: 'q1', namespace: 'team', object: { spec: {} }, oldObject: { spec: { a: 1 } } };
    // Who is named in the question proves nothing.
    const userInfo = { username: 'system:apiserver', groups: ['system:masters'] };
    const answer = await review(
      { path: validateForm, text: JSON.stringify({ request: { ...question, userInfo } }), fromApiServer: false },
      async (request) => {
        seen.push(request);
        return { problem: 'hubId is required', warnings: ['mind the gap'] };
      },
    );
    const { object, oldObject: old } = question;
    expect(seen).toEqual([{ kind: 'LynqForm', namespace: 'team', object, old, fromApiServer: false }]);
    expect(answer).toEqual({
      code: 200,
      body: {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: {
          uid: 'q1',
          allowed: false,
          status: { code: 403, reason: 'Forbidden', message: 'hubId is required' },
          warnings: ['mind the gap'],
        },
      },
    });
  });

  it('lets a delete pass, knows no other path, and refuses what is no question', async () => {
    expect(await ask(validateForm, { uid: 'q2', operation: 'DELETE', object: null, oldObject: {} })).toMatchObject({
      body: { response: { uid: 'q2', allowed: true } },
    });
    expect(await ask('/validate-other', { uid: 'q3' })).toMatchObject({ code: 404 });
    const noJson = { path: validateForm, text: 'no json', fromApiServer: false };
    expect(await review(noJson, async () => ({ warnings: [] }))).toMatchObject({ code: 400 });
    expect(await ask(validateForm, {})).toMatchObject({ code: 400 });
  });

  it('leaves it to the failurePolicy when it cannot judge', async () => {
    const failing = async () => {
      throw new Error('no answer');
    };
    await expect(ask(validateForm, { uid: 'q4', object: {} }, failing)).rejects.toThrow('no answer');
  });

  it('sets what is not there, and nothing else', async () => {
    const object = { spec: { hubId: 'h', configMaps: [{ id: 'a', timeoutSeconds: 0, waitForReady: false }] } };
    const answer = await ask(mutateForm, { uid: 'q5', object });
    const { response } = (answer as unknown as { body: { response: { patch: string; patchType: string } } }).body;
    expect(response.patchType).toBe('JSONPatch');
    expect(JSON.parse(Buffer.from(response.patch, 'base64').toString())).toEqual([
      { op: 'add', path: '/spec/configMaps/0/creationPolicy', value: 'WhenNeeded' },
      { op: 'add', path: '/spec/configMaps/0/deletionPolicy', value: 'Delete' },
      { op: 'add', path: '/spec/configMaps/0/conflictPolicy', value: 'Stuck' },
      { op: 'replace', path: '/spec/configMaps/0/timeoutSeconds', value: 300 },
      { op: 'add', path: '/spec/configMaps/0/patchStrategy', value: 'apply' },
    ]);
    const hub = { spec: { source: { syncInterval: '', mysql: { port: 0 } } } };
    const mutated = await ask('/mutate-operator-lynq-sh-v1-lynqhub', { uid: 'q6', object: hub });
    const { patch } = (mutated as unknown as { body: { response: { patch: string } } }).body.response;
    expect(JSON.parse(Buffer.from(patch, 'base64').toString())).toEqual([
      { op: 'replace', path: '/spec/source/syncInterval', value: '30s' },
      { op: 'replace', path: '/spec/source/mysql/port', value: 3306 },
    ]);
    const whole = { spec: { source: { syncInterval: '1m', mysql: { port: 3307 } } } };
    expect(await ask('/mutate-operator-lynq-sh-v1-lynqhub', { uid: 'q7', object: whole })).toMatchObject({
      body: { response: { uid: 'q7', allowed: true } },
    });
  });
});
