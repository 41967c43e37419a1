import { describe, expect, it } from 'vitest';
import { readCrds } from '../../deploy/crds.ts';
import { at, listAt, textAt, type JsonObject } from '../../domain/api/json.ts';
import { addedRules, schemaFacts, withoutAddedRules } from './crd-facts.ts';

/**
 * The generated CRDs against parity section 1, written down by hand: every field, type, default, enum, pattern and column of the Go operator,
 * and, apart from those, the complete list of what we add (decisions.md section 1). A field in neither list fails.
 */

type Facts = Readonly<Record<string, string>>;

const condition: Facts = {
  conditions: 'array',
  'conditions[]': 'object',
  'conditions[].type': `string required maxLength=316 pattern=${JSON.stringify(
    '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
  )}`,
  'conditions[].status': 'False|True|Unknown required',
  'conditions[].observedGeneration': 'integer:int64 minimum=0',
  'conditions[].lastTransitionTime': 'string:date-time required',
  'conditions[].reason':
    'string required maxLength=1024 minLength=1 pattern="^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"',
  'conditions[].message': 'string required maxLength=32768',
};

/** Parity 1.4. */
const resource: Facts = {
  id: 'string required',
  spec: 'object required x-kubernetes-preserve-unknown-fields=true',
  dependIds: 'array',
  'dependIds[]': 'string',
  skipOnDependencyFailure: 'boolean default=true',
  creationPolicy: 'Once|WhenNeeded default="WhenNeeded"',
  deletionPolicy: 'Delete|Retain default="Delete"',
  conflictPolicy: 'Force|Stuck default="Stuck"',
  nameTemplate: 'string',
  targetNamespace: 'string',
  labelsTemplate: 'object',
  'labelsTemplate{}': 'string',
  annotationsTemplate: 'object',
  'annotationsTemplate{}': 'string',
  waitForReady: 'boolean default=true',
  timeoutSeconds: 'integer:int32 default=300 maximum=3600 minimum=1',
  patchStrategy: 'apply|merge|replace default="apply"',
  ignoreFields: 'array',
  'ignoreFields[]': 'string',
};

/** Parity 1.3, in collection order. */
const lists = [
  'serviceAccounts',
  'deployments',
  'statefulSets',
  'daemonSets',
  'services',
  'ingresses',
  'configMaps',
  'secrets',
  'persistentVolumeClaims',
  'jobs',
  'cronJobs',
  'podDisruptionBudgets',
  'networkPolicies',
  'horizontalPodAutoscalers',
  'namespaces',
  'manifests',
];

function under(prefix: string, facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([path, fact]) => [`${prefix}${path}`, fact]));
}

function secretKeyRef(path: string): Facts {
  return { [path]: 'object', [`${path}.name`]: 'string required', [`${path}.key`]: 'string required' };
}

function tlsFields(path: string): Facts {
  return {
    [path]: 'object',
    ...secretKeyRef(`${path}.caRef`),
    [`${path}.serverName`]: 'string',
    ...secretKeyRef(`${path}.certRef`),
    ...secretKeyRef(`${path}.keyRef`),
  };
}

function resourceLists(arrayFact: string): Facts {
  const list = (name: string): Facts => ({
    [name]: arrayFact,
    [`${name}[]`]: 'object',
    ...under(`${name}[].`, resource),
  });
  return Object.assign({}, ...lists.map(list)) as Facts;
}

/** What an entry has here beside the fields of the Go operator. */
const resourceAdditions: Facts = Object.fromEntries(
  lists.map((name) => [`${name}[].readyWhen`, 'string maxLength=2048 minLength=1']),
);

const root: Facts = { apiVersion: 'string', kind: 'string', metadata: 'object', spec: 'object', status: 'object' };

interface Expected {
  readonly columns: readonly string[];
  readonly shortName: string;
  readonly parity: Facts;
  readonly additions: Facts;
}

const hub: Expected = {
  shortName: 'lhub',
  columns: [
    'Templates integer .status.referencingTemplates',
    'Desired integer .status.desired',
    'Ready integer .status.ready',
    'Failed integer .status.failed',
    "Conditions string .status.conditions[?(@.type=='Ready')].reason",
    'Age date .metadata.creationTimestamp',
  ],
  parity: {
    ...root,
    ...under('spec.', {
      source: 'object required',
      'source.type': 'mysql|postgres required',
      'source.syncInterval': 'string required default="30s" pattern="^[0-9]+(s|m|h)$"',
      'source.mysql': 'object',
      'source.mysql.host': 'string required',
      'source.mysql.port': 'integer:int32 required default=3306 maximum=65535 minimum=1',
      'source.mysql.username': 'string required',
      'source.mysql.passwordRef': 'object',
      'source.mysql.passwordRef.name': 'string required',
      'source.mysql.passwordRef.key': 'string required',
      'source.mysql.database': 'string required',
      'source.mysql.table': 'string required maxLength=512',
      valueMappings: 'object required',
      'valueMappings.uid': 'string required',
      'valueMappings.activate': 'string required',
      'valueMappings.hostOrUrl': 'string',
      extraValueMappings: 'object',
      'extraValueMappings{}': 'string',
    }),
    ...under('status.', {
      observedGeneration: 'integer:int64',
      referencingTemplates: 'integer:int32',
      desired: 'integer:int32',
      ready: 'integer:int32',
      failed: 'integer:int32',
      ...condition,
    }),
  },
  additions: {
    ...under('spec.', {
      secretValueMappings: 'object',
      'secretValueMappings{}': 'string',
      ...tlsFields('source.mysql.tls'),
      'source.postgres': 'object',
      'source.postgres.host': 'string required',
      'source.postgres.port': 'integer:int32 default=5432 maximum=65535 minimum=1',
      'source.postgres.username': 'string required',
      ...secretKeyRef('source.postgres.passwordRef'),
      'source.postgres.database': 'string required',
      'source.postgres.schema': 'string default="public"',
      'source.postgres.table': 'string required maxLength=512',
      ...tlsFields('source.postgres.tls'),
      deletionGuard: 'object',
      'deletionGuard.enabled': 'boolean default=true',
      'deletionGuard.maxRows': 'integer:int32 default=10 minimum=0',
      'deletionGuard.maxPercent': 'integer:int32 default=20 maximum=100 minimum=0',
      'deletionGuard.allowEmpty': 'boolean default=false',
      paused: 'boolean',
    }),
    ...under('status.', {
      lastSyncTime: 'string:date-time',
      lastSyncDuration: 'string',
      rows: 'object',
      'rows.seen': 'integer:int32 required',
      'rows.active': 'integer:int32 required',
      'rows.frozen': 'integer:int32 required',
      'rows.held': 'integer:int32 required',
      'rows.inactive': 'integer:int32',
      'rows.repeated': 'integer:int32',
      'rows.provisioned': 'integer:int32',
      'rows.waiting': 'integer:int32',
      'rows.failed': 'integer:int32',
      warnings: 'array',
      'warnings[]': 'string',
      source: 'object',
      'source.identity': 'string required',
      'source.candidate': 'string required',
      'source.candidateRows': 'string required',
      'source.equalReads': 'integer:int32 required',
      frozenRows: 'array',
      'frozenRows[]': 'object',
      'frozenRows[].uid': 'string required',
      'frozenRows[].reason': 'string required',
      'frozenRows[].message': 'string required',
      absentForms: 'array',
      'absentForms[]': 'object',
      'absentForms[].name': 'string required',
      'absentForms[].since': 'string:date-time required',
      'absentForms[].confirmed': 'string:date-time required',
      deletionGuard: 'object',
      'deletionGuard.window': 'array required',
      'deletionGuard.window[]': 'object',
      'deletionGuard.window[].at': 'string:date-time required',
      'deletionGuard.window[].going': 'array',
      'deletionGuard.window[].going[]': 'string',
      'deletionGuard.window[].rows': 'integer:int32 required',
      'deletionGuard.rowsAtStart': 'integer:int32 required',
      'deletionGuard.hold': 'object',
      'deletionGuard.hold.maxRows': 'integer:int32 required',
      'deletionGuard.hold.maxPercent': 'integer:int32 required',
      'deletionGuard.hold.allowEmpty': 'boolean required',
    }),
  },
};

const form: Expected = {
  shortName: 'lform',
  columns: [
    'Hub string .spec.hubId',
    'Total integer .status.totalNodes',
    'Ready integer .status.readyNodes',
    'Rollout string .status.rollout.phase',
    'Updating integer .status.rollout.updatingNodes',
    "Applied string .status.conditions[?(@.type=='Applied')].status",
    'Age date .metadata.creationTimestamp',
  ],
  parity: {
    ...root,
    ...under('spec.', {
      hubId: 'string required x-kubernetes-validations=[{"rule":"self == oldSelf","message":"hubId is immutable"}]',
      rollout: 'object',
      'rollout.maxSkew': 'integer:int32 default=0 minimum=0',
      'rollout.progressDeadlineSeconds': 'integer:int32 default=600 maximum=3600 minimum=60',
      ...resourceLists('array x-kubernetes-list-map-keys=["id"] x-kubernetes-list-type="map"'),
    }),
    ...under('status.', {
      observedGeneration: 'integer:int64',
      totalNodes: 'integer:int32',
      readyNodes: 'integer:int32',
      rollout: 'object',
      'rollout.phase': 'Complete|Failed|Idle|InProgress',
      'rollout.targetGeneration': 'integer:int64',
      'rollout.totalNodes': 'integer:int32',
      'rollout.updatedNodes': 'integer:int32',
      'rollout.updatingNodes': 'integer:int32',
      'rollout.readyUpdatedNodes': 'integer:int32',
      'rollout.startTime': 'string:date-time',
      'rollout.completionTime': 'string:date-time',
      'rollout.message': 'string',
      ...condition,
    }),
  },
  additions: {
    ...under('spec.', {
      ...resourceAdditions,
      dependsOn: 'array maxItems=20',
      'dependsOn[]': 'object',
      'dependsOn[].form': 'string required maxLength=253 minLength=1',
      driftPolicy: 'Correct|Report',
      rollbackOnFailure: 'boolean',
      'rollout.paused': 'boolean',
      'rollout.waves': 'array maxItems=20',
      'rollout.waves[]': 'object',
      'rollout.waves[].name': 'string maxLength=63 minLength=1',
      'rollout.waves[].uids': 'array',
      'rollout.waves[].uids[]': 'string',
      'rollout.waves[].matchLabels': 'object',
      'rollout.waves[].matchLabels{}': 'string',
      'rollout.waves[].percentage': 'integer:int32 maximum=100 minimum=1',
      'rollout.waves[].soakSeconds': 'integer:int32 minimum=0',
      'rollout.waves[].maxFailures': 'integer:int32 minimum=0',
      'rollout.freezeWindows': 'array maxItems=50',
      'rollout.freezeWindows[]': 'object',
      'rollout.freezeWindows[].days': 'array',
      'rollout.freezeWindows[].days[]': 'Fri|Mon|Sat|Sun|Thu|Tue|Wed',
      'rollout.freezeWindows[].start': 'string required pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"',
      'rollout.freezeWindows[].end': 'string required pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$"',
    }),
    ...under('status.', {
      'rollout.revision': 'string',
      'rollout.previousRevision': 'string',
      'rollout.inFlight': 'array',
      'rollout.inFlight[]': 'object',
      'rollout.inFlight[].node': 'string required',
      'rollout.inFlight[].since': 'string:date-time required',
      'rollout.inFlight[].broken': 'boolean',
      'rollout.inFlight[].values': 'boolean',
      'rollout.proven': 'boolean',
      'rollout.waves[].share': 'object',
      'rollout.waves[].share.last': 'string required',
      'rollout.waves[].share.of': 'string required',
      'rollout.lastProgressTime': 'string:date-time',
      'rollout.wave': 'string',
      'rollout.failedUpdatedNodes': 'integer:int32',
      'rollout.readyAtStart': 'integer:int32',
      'rollout.waves': 'array',
      'rollout.waves[]': 'object',
      'rollout.waves[].name': 'string required',
      'rollout.waves[].nodes': 'integer:int32 required',
      'rollout.waves[].updated': 'integer:int32 required',
      'rollout.waves[].ready': 'integer:int32 required',
      'rollout.waves[].failed': 'integer:int32 required',
      'rollout.soakingSince': 'string:date-time',
      'rollout.failedNodes': 'array',
      'rollout.failedNodes[]': 'object',
      'rollout.failedNodes[].node': 'string required',
      'rollout.failedNodes[].reason': 'string required',
      'rollout.aborted': 'boolean',
    }),
  },
};

const node: Expected = {
  shortName: 'lnode',
  columns: [
    'UID string .spec.uid',
    'Form string .spec.templateRef',
    'Ready integer .status.readyResources',
    'Desired integer .status.desiredResources',
    'Skipped integer .status.skippedResources',
    "Conflicted string .status.conditions[?(@.type=='Conflicted')].status",
    "Conditions string .status.conditions[?(@.type=='Ready')].reason",
    'Age date .metadata.creationTimestamp',
  ],
  parity: {
    ...root,
    ...under('spec.', { uid: 'string required', templateRef: 'string required', ...resourceLists('array') }),
    ...under('status.', {
      observedGeneration: 'integer:int64',
      readyResources: 'integer:int32',
      desiredResources: 'integer:int32',
      failedResources: 'integer:int32',
      skippedResources: 'integer:int32',
      skippedResourceIds: 'array',
      'skippedResourceIds[]': 'string',
      appliedResources: 'array',
      'appliedResources[]': 'string',
      lastFullReconcileAt: 'string:date-time',
      ...condition,
    }),
  },
  additions: {
    'spec.formRevision': 'string',
    'spec.paused': 'boolean',
    ...under('spec.', resourceAdditions),
    ...under('status.', {
      inventory: 'array',
      'inventory[]': 'object',
      'inventory[].id': 'string required',
      'inventory[].apiVersion': 'string required',
      'inventory[].kind': 'string required',
      'inventory[].namespace': 'string',
      'inventory[].ignoredNamespace': 'string',
      'inventory[].name': 'string required',
      'inventory[].uid': 'string',
      'inventory[].policy': 'Delete|Retain required',
      'inventory[].dependIds': 'array',
      'inventory[].dependIds[]': 'string',
      'inventory[].neededElsewhere': 'Indirect|Named',
      'inventory[].needs': 'array',
      'inventory[].needs[]': 'string',
      'inventory[].once': 'boolean',
      'inventory[].baseline': 'string',
      'inventory[].adopted': 'boolean',
      'inventory[].readyWhen': 'boolean',
      'inventory[].applied': 'string',
      'inventory[].attempt': 'string',
      resources: 'array',
      'resources[]': 'object',
      'resources[].id': 'string required',
      'resources[].kind': 'string required',
      'resources[].name': 'string required',
      'resources[].state': 'Conflicted|Deleting|Failed|Pending|Progressing|Ready|Skipped|Waiting required',
      'resources[].reason': 'string',
      'resources[].message': 'string',
      'resources[].since': 'string:date-time required',
      'resources[].timedOutAfter': 'integer:int32',
      observedInput: 'string',
      attempt: 'object',
      'attempt.id': 'string required',
      'attempt.phase': 'Creating|RolledBack|RollingBack required',
      'attempt.reason': 'string',
      'attempt.message': 'string',
      dependsOn: 'array',
      'dependsOn[]': 'string',
    }),
  },
};

const kinds: Readonly<Record<string, Expected>> = { LynqHub: hub, LynqForm: form, LynqNode: node };

function crdOf(kind: string): JsonObject {
  const found = readCrds().find((crd) => textAt(crd, 'spec', 'names', 'kind') === kind);
  if (found === undefined) throw new Error(`no CRD for ${kind}`);
  return found;
}

function versionOf(crd: JsonObject): JsonObject {
  return listAt(crd, 'spec', 'versions')[0] as JsonObject;
}

const schemaOf = (kind: string): JsonObject => at(versionOf(crdOf(kind)), 'schema', 'openAPIV3Schema') as JsonObject;

/** Rules in CEL that the Go operator's CRDs have too. */
const peerRules: ReadonlySet<string> = new Set(['hubId is immutable']);

function factsOf(kind: string): Facts {
  return schemaFacts(withoutAddedRules(schemaOf(kind), peerRules));
}

const requiredText = (path: string, fields: readonly string[], said: string) =>
  fields.map((field) => [path, `${said}.${field} is required`] as const);

/** What the Go operator's webhook refuses of one object (parity 8) and CEL can say. */
const refusals: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  LynqHub: [
    ['spec.source', 'mysql configuration is required when source type is mysql'],
    ['spec.source', 'postgres configuration is required when source type is postgres'],
    ...requiredText('spec.source.mysql', ['host', 'username', 'database', 'table'], 'mysql'),
    ...requiredText('spec.source.postgres', ['host', 'username', 'database', 'table'], 'postgres'),
    ...requiredText('spec.valueMappings', ['uid', 'activate'], 'valueMappings'),
  ],
  LynqForm: [['spec.hubId', 'hubId is required']],
  LynqNode: [],
};

describe('deploy/crds', () => {
  it('holds the three kinds and nothing else', () => {
    const found = readCrds().map((crd) => textAt(crd, 'spec', 'names', 'kind'));

    expect(new Set(found)).toEqual(new Set(Object.keys(kinds)));
  });

  describe.each(Object.entries(kinds))('%s', (kind, expected) => {
    it('has the names, scope and version of the Go operator, and our short name and category', () => {
      const singular = kind.toLowerCase();
      const crd = crdOf(kind);
      const { schema, additionalPrinterColumns, ...version } = versionOf(crd);

      expect(at(crd, 'metadata')).toEqual({ name: `${singular}s.operator.lynq.sh` });
      expect({ ...(at(crd, 'spec') as JsonObject), versions: [] }).toEqual({
        group: 'operator.lynq.sh',
        scope: 'Namespaced',
        names: {
          kind,
          listKind: `${kind}List`,
          plural: `${singular}s`,
          singular,
          shortNames: [expected.shortName],
          categories: ['lynq'],
        },
        versions: [],
      });
      expect(listAt(crd, 'spec', 'versions')).toHaveLength(1);
      expect(version).toEqual({ name: 'v1', served: true, storage: true, subresources: { status: {} } });
      expect(schema).toBeDefined();
      expect(additionalPrinterColumns).toBeDefined();
    });

    it('prints the columns of the Go operator', () => {
      const columns = listAt(versionOf(crdOf(kind)), 'additionalPrinterColumns').map((column) =>
        [textAt(column, 'name'), textAt(column, 'type'), textAt(column, 'jsonPath')].join(' '),
      );

      expect(columns).toEqual(expected.columns);
    });

    it('has every field of the Go operator, the listed additions, and no other', () => {
      expect(factsOf(kind)).toEqual({ ...expected.parity, ...expected.additions });
    });

    it("refuses what the Go operator's webhook refuses, in its words", () => {
      const entries = kind === 'LynqHub' ? [] : Object.keys(resourceLists('')).filter((path) => !path.includes('.'));
      const lists = entries
        .filter((path) => path.endsWith('[]'))
        .map((path) => [`spec.${path}.id`, 'resource must have a non-empty ID'] as const);
      const found = addedRules(schemaOf(kind), peerRules);
      expect(found.map(String).toSorted()).toEqual([...(refusals[kind] ?? []), ...lists].map(String).toSorted());
    });

    it('requires nothing that an object of the Go operator may lack', () => {
      const added = Object.entries(expected.additions);
      const optional = added.filter(([, fact]) => !fact.includes(' required')).map(([path]) => `${path}.`);
      const demanded = added.filter(
        ([path, fact]) =>
          path.startsWith('spec.') && fact.includes(' required') && !optional.some((parent) => path.startsWith(parent)),
      );

      expect(demanded).toEqual([]);
    });

    it('describes every field', () => {
      const schema = at(versionOf(crdOf(kind)), 'schema', 'openAPIV3Schema') as JsonObject;

      expect(undescribed(schema, '').filter((path) => path !== '.metadata')).toEqual([]);
    });

    it('stays far below the limits of an annotation (256 KiB) and of one object in etcd (1.5 MiB)', () => {
      expect(JSON.stringify(crdOf(kind)).length).toBeLessThan(128 * 1024);
    });
  });
});

function undescribed(schema: JsonObject, path: string): readonly string[] {
  const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonObject>>);
  const items = schema['items'] as JsonObject | undefined;
  return [
    ...fields.flatMap(([name, child]) => [
      ...(child['description'] === undefined ? [`${path}.${name}`] : []),
      ...undescribed(child, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : undescribed(items, `${path}[]`)),
  ];
}
