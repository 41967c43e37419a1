/** Identities of the control plane, as the token file names them. */
export const controlPlaneUsers = {
  controllerManager: 'system:kube-controller-manager',
  scheduler: 'system:kube-scheduler',
  kwok: 'kwok',
} as const;

/** The one account of which reads are on record too: the tests compare what it does with what it may. */
export const auditedAccount = { namespace: 'lynq-audited', name: 'lynqflow-audited' } as const;

const users = Object.values(controlPlaneUsers);
const controllers = ['system:serviceaccounts:kube-system'];
const deletes = ['delete', 'deletecollection'];

/**
 * What the API server's audit log holds: every write of a client, with bodies for create, patch and delete (of Secrets
 * only the conditions of a delete, of tokens none), and of the control plane only what it deletes, so that a test can read who did what in which order.
 * Reads, events, leases and reviews are left out; each request is one line, written when it is complete. The first rule
 * that fits decides.
 */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  omitManagedFields: true,
  rules: [
    { level: 'Metadata', users: [`system:serviceaccount:${auditedAccount.namespace}:${auditedAccount.name}`] },
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    { level: 'None', nonResourceURLs: ['*'] },
    {
      level: 'None',
      resources: [
        { group: '', resources: ['events'] },
        { group: 'events.k8s.io' },
        { group: 'coordination.k8s.io', resources: ['leases'] },
        { group: 'authentication.k8s.io' },
        { group: 'authorization.k8s.io' },
      ],
    },
    { level: 'Metadata', users, verbs: deletes },
    { level: 'Metadata', userGroups: controllers, verbs: deletes },
    { level: 'None', users: [...users, 'system:apiserver'] },
    { level: 'None', userGroups: controllers },
    { level: 'Request', verbs: deletes, resources: [{ group: '', resources: ['secrets'] }] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }] },
    { level: 'RequestResponse', verbs: ['create', 'patch', ...deletes] },
    { level: 'Metadata' },
  ],
} as const;
