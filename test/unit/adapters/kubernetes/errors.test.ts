import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { deleteOutcome, writeRefusal, type WriteContext } from '../../../../adapters/kubernetes/errors.ts';
import type { ApiAnswer } from '../../../../adapters/kubernetes/transport.ts';

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'acme', name: 'web' };
const secret = 'TopSecretValue';

function answer(code: number, status: JsonObject): ApiAnswer {
  return { code, body: { kind: 'Status', apiVersion: 'v1', ...status }, text: '', retryAfterSeconds: undefined };
}

function read(code: number, status: JsonObject, context: Partial<WriteContext> = {}) {
  return writeRefusal({ ref, verb: 'apply', uidDemanded: false, ...context }, answer(code, status));
}

function invalid(reason: string, message: string, field: string): JsonObject {
  return {
    reason: 'Invalid',
    message: `ConfigMap "web" is invalid: ${field}: ${message}`,
    details: { name: 'web', kind: 'ConfigMap', causes: [{ reason, message, field }] },
  };
}

/** As recorded from kube-apiserver 1.35, with a secret where it quotes values. */
const recorded: readonly (readonly [string, number, JsonObject, string, string])[] = [
  [
    'a quota',
    403,
    {
      reason: 'Forbidden',
      message:
        'secrets "web" is forbidden: exceeded quota: quo, requested: count/secrets=1, used: count/secrets=1, limited: count/secrets=1',
    },
    'QuotaExceeded',
    'ResourceQuota quo',
  ],
  [
    'a quota that demands a limit',
    403,
    { reason: 'Forbidden', message: 'pods "web" is forbidden: failed quota: quo: must specify limits.cpu for: main' },
    'QuotaExceeded',
    'ResourceQuota quo',
  ],
  [
    'a namespace on its way out',
    403,
    {
      reason: 'Forbidden',
      message:
        'configmaps "web" is forbidden: unable to create new content in namespace acme because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace acme is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    },
    'TerminatingNamespace',
    'being deleted',
  ],
  [
    'missing rights',
    403,
    {
      reason: 'Forbidden',
      message:
        'configmaps is forbidden: User "system:serviceaccount:a:b" cannot create resource "configmaps" in API group "" in the namespace "acme"',
    },
    'Forbidden',
    'may not create configmaps',
  ],
  [
    'rights that cannot be granted',
    403,
    {
      reason: 'Forbidden',
      message: `roles.rbac.authorization.k8s.io "web" is forbidden: user "u" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["${secret}"]}`,
    },
    'Forbidden',
    'may not grant rights',
  ],
  [
    'an owner that blocks deletion',
    403,
    {
      reason: 'Forbidden',
      message: `configmaps "web" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${secret}, <nil>`,
    },
    'Forbidden',
    'may not update the finalizers of its owner',
  ],
  [
    'an owner of a kind that is new',
    403,
    {
      reason: 'Forbidden',
      message: `configmaps "web" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion a/v1 Kind B: ${secret}`,
    },
    'Forbidden',
    'does not know the kind of its owner yet',
  ],
  [
    'pod security',
    403,
    {
      reason: 'Forbidden',
      message: `pods "web" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (container "${secret}")`,
    },
    'Forbidden',
    'PodSecurity restricted:latest',
  ],
  [
    'another 403',
    403,
    { reason: 'Forbidden', message: `pods "web" is forbidden: ${secret}` },
    'Forbidden',
    'Forbidden',
  ],
  [
    'an admission webhook',
    403,
    { reason: 'Forbidden', message: `admission webhook "deny.example.com" denied the request: ${secret}` },
    'AdmissionDenied',
    'deny.example.com',
  ],
  [
    'an admission webhook without a code of its own',
    400,
    { reason: 'BadRequest', message: `admission webhook "deny.example.com" denied the request: ${secret}` },
    'AdmissionDenied',
    'deny.example.com',
  ],
  [
    'an admission webhook that cannot be called',
    500,
    {
      reason: 'InternalError',
      message: `Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook: Post "https://x/${secret}": context deadline exceeded`,
    },
    'AdmissionDenied',
    'webhook deny.example.com cannot be called',
  ],
  [
    'an admission policy',
    422,
    {
      reason: 'Invalid',
      message: `configmaps "web" is forbidden: ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: ${secret}`,
      details: {
        causes: [{ message: `ValidatingAdmissionPolicy 'pol' with binding 'bind' denied request: ${secret}` }],
      },
    },
    'AdmissionDenied',
    'ValidatingAdmissionPolicy pol',
  ],
  [
    'a value that quotes the words of a policy',
    422,
    invalid(
      'FieldValueInvalid',
      `Invalid value: "x is forbidden: ValidatingAdmissionPolicy '${secret}' with binding 'b' denied request": bad`,
      'spec.x',
    ),
    'Invalid',
    'spec.x (FieldValueInvalid)',
  ],
  [
    'an immutable field',
    422,
    invalid('FieldValueInvalid', `Invalid value: "${secret}": field is immutable`, 'spec.selector'),
    'Immutable',
    'spec.selector (FieldValueInvalid)',
  ],
  [
    'an immutable field that is forbidden',
    422,
    invalid('FieldValueForbidden', 'Forbidden: field is immutable when `immutable` is set', 'data'),
    'Immutable',
    'data (FieldValueForbidden)',
  ],
  [
    'the spec of a claim',
    422,
    invalid(
      'FieldValueForbidden',
      `Forbidden: spec is immutable after creation except resources.requests\n- "${secret}"`,
      'spec',
    ),
    'Immutable',
    'spec (FieldValueForbidden)',
  ],
  [
    'the spec of a StatefulSet',
    422,
    invalid(
      'FieldValueForbidden',
      "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
      'spec',
    ),
    'Immutable',
    'spec',
  ],
  [
    'a provisioner',
    422,
    invalid('FieldValueForbidden', 'Forbidden: updates to provisioner are forbidden.', 'provisioner'),
    'Immutable',
    'provisioner',
  ],
  [
    'a roleRef',
    422,
    invalid('FieldValueInvalid', `Invalid value: {"Name":"${secret}"}: cannot change roleRef`, 'roleRef'),
    'Immutable',
    'roleRef',
  ],
  [
    'a cluster IP',
    422,
    invalid('FieldValueInvalid', `Invalid value: ["${secret}"]: may not change once set`, 'spec.clusterIPs[0]'),
    'Immutable',
    'spec.clusterIPs[0]',
  ],
  [
    'a field that is not allowed',
    422,
    invalid('FieldValueForbidden', 'Forbidden: may not specify more than 1 volume type', 'spec.volumes[0].hostPath'),
    'Invalid',
    'spec.volumes[0].hostPath (FieldValueForbidden)',
  ],
  [
    'a value that quotes the word immutable',
    422,
    invalid('FieldValueInvalid', `Invalid value: "${secret}: field is immutable": must be short`, 'spec.x'),
    'Invalid',
    'spec.x (FieldValueInvalid)',
  ],
  [
    'data that is too long',
    422,
    invalid('FieldValueTooLong', 'Too long: may not be more than 1048576 bytes', '[]'),
    'TooLarge',
    '[] (FieldValueTooLong)',
  ],
  [
    'data that is too long, as servers up to 1.31 say it',
    422,
    invalid('FieldValueTooLong', 'Too long: must have at most 1048576 bytes', '[]'),
    'TooLarge',
    '[] (FieldValueTooLong)',
  ],
  [
    'a field that is too long, as servers up to 1.31 say it',
    422,
    invalid('FieldValueTooLong', 'Too long: must have at most 63 bytes', 'spec.x'),
    'Invalid',
    'spec.x',
  ],
  [
    'a label that is too long',
    422,
    invalid('FieldValueTooLong', 'Too long: may not be more than 63 bytes', 'metadata.labels'),
    'Invalid',
    'metadata.labels',
  ],
  [
    'a request that is too large',
    413,
    { reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' },
    'TooLarge',
    'too large',
  ],
  [
    'an object the store cannot take',
    500,
    {
      message:
        'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2500730 vs. 2097152)',
    },
    'TooLarge',
    'too large to be stored',
  ],
  [
    'an undeclared field of an apply',
    500,
    {
      message:
        'failed to create typed patch object (acme/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema',
    },
    'Invalid',
    '.spec.foo',
  ],
  [
    'several wrong fields of an apply',
    500,
    {
      message:
        'failed to create typed patch object (acme/web; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.template.spec.containers: duplicate entries for key [name="a"]',
    },
    'Invalid',
    '.spec.replicas, .spec.template.spec.containers',
  ],
  [
    'unknown fields',
    400,
    {
      reason: 'BadRequest',
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "foo", unknown field "spec.bar"',
    },
    'Invalid',
    'foo, spec.bar',
  ],
  [
    'an unknown field of a patch',
    422,
    {
      reason: 'Invalid',
      message: ` "" is invalid: patch: Invalid value: "{\\"data\\":\\"${secret}\\"}": strict decoding error: unknown field "foo"`,
      details: { causes: [{ reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: "${secret}"` }] },
    },
    'Invalid',
    'patch (FieldValueInvalid), foo',
  ],
  [
    'a wrong type',
    400,
    {
      reason: 'BadRequest',
      message:
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    },
    'Invalid',
    'spec.replicas',
  ],
  [
    'a text that looks like a path in a value',
    422,
    invalid('FieldValueInvalid', `Invalid value: " .${secret}: expected x": bad`, 'spec.x'),
    'Invalid',
    'spec.x',
  ],
  [
    'a patch that does not fit',
    422,
    { reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {} },
    'Invalid',
    'Invalid',
  ],
  [
    'a method the kind does not take',
    405,
    { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' },
    'Invalid',
    'does not take apply',
  ],
  ['a media type the kind does not take', 415, { reason: 'UnsupportedMediaType', message: 'x' }, 'Invalid', 'Invalid'],
];

describe('adapters/kubernetes/errors', () => {
  it.each(recorded)('reads %s', (_, code, status, reason, told) => {
    const result = read(code, status);
    expect(result).toMatchObject({ kind: 'refused', reason });
    const message = 'message' in result ? result.message : '';
    expect(message).toMatch(/^ConfigMap acme\/web: /);
    expect(message).toContain(told);
    expect(message).not.toContain(secret);
  });

  it('does not call a field immutable when the object is only being made', () => {
    const status = invalid('FieldValueInvalid', 'Invalid value: "x": field is immutable', 'spec.x');
    expect(read(422, status, { verb: 'create' })).toMatchObject({ reason: 'Invalid' });
  });

  it('gives the paths of what is invalid apart from the message', () => {
    const status = invalid('FieldValueDuplicate', 'Duplicate value: "http"', 'spec.ports[1].name');
    expect(read(422, status)).toMatchObject({ reason: 'Invalid', fields: ['spec.ports[1].name'] });
  });

  it('names manager and field of every conflict', () => {
    const causes = [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl edit" using apps/v1',
        field: '.spec.replicas',
      },
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "a\\"b" with subresource "status" using v1',
        field: '.status.x',
      },
      { reason: 'FieldManagerConflict', message: `a new text with "${secret}"`, field: '.data.a' },
    ];
    expect(read(409, { reason: 'Conflict', message: 'Apply failed', details: { causes } })).toEqual({
      kind: 'conflict',
      fields: [
        { manager: 'kubectl edit', field: '.spec.replicas' },
        { manager: 'a"b', field: '.status.x' },
        { manager: '', field: '.data.a' },
      ],
    });
  });

  it.each([
    [409, { reason: 'AlreadyExists', message: 'x', details: { name: 'web', kind: 'configmaps' } }, 'exists'],
    [
      409,
      { reason: 'Conflict', message: 'the object has been modified', details: { name: 'web', kind: 'configmaps' } },
      'stale',
    ],
    [409, { reason: 'Conflict', message: 'uid mismatch', details: { name: 'web', kind: 'configmaps' } }, 'stale'],
    [404, { reason: 'NotFound', message: 'x', details: { name: 'web', kind: 'configmaps' } }, 'missing'],
    [
      404,
      { reason: 'NotFound', message: 'the server could not find the requested resource', details: {} },
      'unknownPath',
    ],
  ])('reads %s %j as %s', (code, status, kind) => {
    expect(read(code, status)).toEqual({ kind });
  });

  it('tells a missing namespace from a missing object of the same name', () => {
    const status = (kind: string) => ({ reason: 'NotFound', message: 'x', details: { name: 'acme', kind } });
    const same = { ref: { ...ref, name: 'acme' } };
    expect(read(404, status('namespaces'), same)).toMatchObject({ kind: 'refused', reason: 'MissingNamespace' });
    expect(read(404, status('configmaps'), same)).toEqual({ kind: 'missing' });
    const namespace = { ref: { apiVersion: 'v1', kind: 'Namespace', name: 'acme' } };
    expect(read(404, status('namespaces'), namespace)).toEqual({ kind: 'missing' });
  });

  it('calls a write stale when the uid it demands is not there', () => {
    const uid = invalid('FieldValueInvalid', 'Invalid value: "1": field is immutable', 'metadata.uid');
    expect(read(422, uid, { uidDemanded: true })).toEqual({ kind: 'stale' });
    expect(read(422, uid)).toMatchObject({ kind: 'refused', reason: 'Immutable' });
    const absent = { reason: 'NotFound', message: 'x', details: { name: 'web', kind: 'configmaps' } };
    expect(read(404, absent, { uidDemanded: true })).toEqual({ kind: 'stale' });
  });

  it('takes no page of a proxy for an answer of the server', () => {
    const page = { code: 404, body: undefined, text: '<html>web</html>', retryAfterSeconds: undefined };
    expect(writeRefusal({ ref, verb: 'apply', uidDemanded: false }, page)).toEqual({ kind: 'unknownPath' });
    expect(deleteOutcome(ref, 'u1', page)).toEqual({ kind: 'unknownPath' });
    const foreign = { ...page, body: { reason: 'NotFound', details: { name: 'web' } } };
    expect(deleteOutcome(ref, 'u1', foreign)).toEqual({ kind: 'unknownPath' });
  });

  it('takes an object for gone when the answer to its deletion is a success that names its uid, and for nothing else', () => {
    const status = (details: JsonObject) => ({ kind: 'Status', status: 'Success', details });
    const its = { name: 'web', kind: 'configmaps', uid: 'u1' };
    expect(deleteOutcome(ref, 'u1', answer(200, status(its)))).toEqual({ kind: 'deleted' });
    const others = [status({ ...its, uid: 'u2' }), status({ ...its, name: 'api' }), status({ name: 'web' })];
    const going = {
      kind: 'ConfigMap',
      metadata: { name: 'web', uid: 'u1', deletionTimestamp: '2026-11-28T08:00:00Z' },
    };
    for (const body of [...others, { ...status(its), status: 'Failure' }, going, {}]) {
      expect(deleteOutcome(ref, 'u1', answer(200, body))).toEqual({ kind: 'accepted' });
    }
  });

  it.each([302, 402, 418, 499])('concludes nothing from %i', (code) => {
    expect(() => read(code, {})).toThrow(expect.objectContaining({ type: 'ClusterUnreachable' }) as Error);
    expect(() => deleteOutcome(ref, 'u1', answer(code, {}))).toThrow(
      expect.objectContaining({ type: 'ClusterUnreachable' }) as Error,
    );
  });
});
