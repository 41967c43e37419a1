import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { JsonObject } from '../../domain/api/json.ts';
import type { FormResources, TemplateResource } from '../../template/index.ts';

const Texts = z.record(z.string(), z.string()).optional();
const Resource = z.object({
  id: z.string(),
  spec: z.record(z.string(), z.unknown()),
  nameTemplate: z.string().optional(),
  targetNamespace: z.string().optional(),
  labelsTemplate: Texts,
  annotationsTemplate: Texts,
});
const Form = z.object({ spec: z.record(z.string(), z.unknown()) });

/** A form as the engine wants it, and its templates one by one. */
export interface BenchForm {
  readonly resources: FormResources['resources'];
  readonly fields: readonly string[];
}

/** Every text with a template in it. */
function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(templatesIn) : [];
}

/** The data tier of the example, the biggest of its forms. */
export function dataTier(): BenchForm {
  const text = readFileSync(new URL('../../examples/multi-tier/data-tier.yaml', import.meta.url), 'utf8');
  const { spec } = Form.parse(parse(text));
  const resources = Object.entries(spec).flatMap(([list, items]) =>
    !Array.isArray(items) ? [] : items.map((item, index) => ({ list, index, resource: resourceOf(item) })),
  );
  return { resources, fields: resources.flatMap(({ resource }) => templatesIn(resource)) };
}

function resourceOf(item: unknown): TemplateResource {
  const parsed = Resource.parse(item);
  return { ...parsed, spec: parsed.spec as JsonObject };
}

/** The same form with other texts, so that nothing of it has been compiled before. */
export function variant({ resources }: BenchForm, mark: string): FormResources['resources'] {
  const change = (value: unknown): unknown => {
    if (typeof value === 'string') return value.includes('{{') ? value + mark : value;
    if (Array.isArray(value)) return value.map(change);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
  };
  return resources.map((placed) => ({ ...placed, resource: change(placed.resource) as TemplateResource }));
}

/** The row the form is rendered for. */
export const row: Readonly<Record<string, string>> = {
  uid: 'acme-corp',
  activate: '1',
  apiReplicas: '3',
  webReplicas: '2',
  workerReplicas: '2',
  dbCpu: '500m',
  dbMemory: '1Gi',
  dbStorage: '20Gi',
  hubId: 'multi-tier-nodes',
  templateRef: 'data-tier',
};
