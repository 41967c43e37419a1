import { stringify } from 'yaml';
import type { z } from 'zod';
import { LynqFormSpec, LynqFormStatus } from '../../domain/api/form.ts';
import { LynqHubSpec, LynqHubStatus } from '../../domain/api/hub.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { LynqNodeSpec, LynqNodeStatus } from '../../domain/api/node.ts';
import { apiGroup } from '../../domain/keys.ts';
import type { GeneratedFile } from './files.ts';
import { structuralSchema } from './structural.ts';

/** The three CustomResourceDefinitions (parity 1, decisions.md section 1): shapes from domain/api, names and columns from the table here. */

interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
}

interface Definition {
  readonly kind: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly Column[];
}

const age: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function condition(type: string, field: 'status' | 'reason'): string {
  return `.status.conditions[?(@.type=='${type}')].${field}`;
}

function text(name: string, jsonPath: string, description: string): Column {
  return { name, type: 'string', jsonPath, description };
}

function count(name: string, jsonPath: string, description: string): Column {
  return { name, type: 'integer', jsonPath, description };
}

const definitions: readonly Definition[] = [
  {
    kind: 'LynqHub',
    shortName: 'lhub',
    description: 'LynqHub says where rows come from and what their columns mean.',
    spec: LynqHubSpec,
    status: LynqHubStatus,
    columns: [
      count('Templates', '.status.referencingTemplates', 'Forms that name this hub'),
      count('Desired', '.status.desired', 'Forms times active rows'),
      count('Ready', '.status.ready', 'LynqNodes that are Ready'),
      count('Failed', '.status.failed', 'LynqNodes that failed'),
      text('Conditions', condition('Ready', 'reason'), 'Reason of condition Ready'),
      age,
    ],
  },
  {
    kind: 'LynqForm',
    shortName: 'lform',
    description: 'LynqForm holds the templates of the Kubernetes objects that every active row of a hub gets.',
    spec: LynqFormSpec,
    status: LynqFormStatus,
    columns: [
      text('Hub', '.spec.hubId', 'LynqHub of this form'),
      count('Total', '.status.totalNodes', 'Nodes made from this form'),
      count('Ready', '.status.readyNodes', 'Nodes that are Ready'),
      text('Rollout', '.status.rollout.phase', 'Phase of the rollout'),
      count('Updating', '.status.rollout.updatingNodes', 'Nodes that are being updated'),
      text('Applied', condition('Applied', 'status'), 'Status of condition Applied'),
      age,
    ],
  },
  {
    kind: 'LynqNode',
    shortName: 'lnode',
    description: 'LynqNode is one row through one form, with the state of its Kubernetes objects.',
    spec: LynqNodeSpec,
    status: LynqNodeStatus,
    columns: [
      text('UID', '.spec.uid', 'uid of the row'),
      text('Form', '.spec.templateRef', 'LynqForm of this node'),
      count('Ready', '.status.readyResources', 'Objects that are ready'),
      count('Desired', '.status.desiredResources', 'Entries of the form'),
      count('Skipped', '.status.skippedResources', 'Entries skipped because a dependency failed'),
      text('Conflicted', condition('Conflicted', 'status'), 'Status of condition Conflicted'),
      text('Conditions', condition('Ready', 'reason'), 'Reason of condition Ready'),
      age,
    ],
  },
];

function rootSchema({ description, spec, status }: Definition): JsonObject {
  return {
    description,
    type: 'object',
    properties: {
      apiVersion: { description: 'Versioned schema of this object.', type: 'string' },
      kind: { description: 'Kind of this object.', type: 'string' },
      metadata: { type: 'object' },
      spec: { description: 'What is wanted.', ...structuralSchema(spec) },
      status: { description: 'What was observed.', ...structuralSchema(status) },
    },
  };
}

function customResourceDefinition(definition: Definition): JsonObject {
  const { kind, shortName, columns } = definition;
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames: [shortName], categories: ['lynq'] },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

const header = '# Generated from domain/api by `npm run generate`; changes here are overwritten.\n';

/** One YAML file per CRD, named as controller-gen names them. */
export function crdFiles(): readonly GeneratedFile[] {
  return definitions.map((definition) => ({
    path: `deploy/crds/${apiGroup}_${definition.kind.toLowerCase()}s.yaml`,
    text: header + stringify(customResourceDefinition(definition), { lineWidth: 0, aliasDuplicateObjects: false }),
  }));
}
