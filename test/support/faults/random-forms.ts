import type { Random } from './random.ts';

/** Forms as people change them: entries come and go, get other content, names, ids and orders. Same random numbers, same forms. */

export interface RandomForm {
  /** Below `spec`, without the hub. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly kind: 'good' | 'bad';
}

interface Draft {
  readonly id: string;
  readonly suffix: string;
  readonly value: number;
  readonly needs: boolean;
}

const ids = ['a', 'b', 'c', 'd', 'e'] as const;

function drafts(random: Random): readonly Draft[] {
  const chosen = ids.filter(() => random.below(3) > 0);
  return chosen.map((id) => ({
    id: random.below(5) === 0 ? `${id}-again` : id,
    suffix: random.below(4) === 0 ? `${id}-renamed` : id,
    value: random.below(100),
    needs: random.below(2) === 0,
  }));
}

function configMapOf({ id, suffix, value, needs }: Draft, before: Draft | undefined) {
  return {
    id,
    nameTemplate: `{{ .uid }}-${suffix}`,
    ...(needs && before !== undefined ? { dependIds: [before.id] } : {}),
    labelsTemplate: value % 2 === 0 ? { 'example.com/even': 'yes' } : {},
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { value: String(value), [`key-${value % 3}`]: '{{ .size }}' } },
  };
}

function deployment(random: Random) {
  const app = { app: '{{ .uid }}-web' };
  const container = { name: 'web', image: `web:${random.below(50)}` };
  return {
    id: 'web',
    nameTemplate: '{{ .uid }}-web',
    spec: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: {
        replicas: 1 + random.below(2),
        selector: { matchLabels: app },
        template: { metadata: { labels: app }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } },
      },
    },
  };
}

const service = (port: number) => ({
  id: 'front',
  nameTemplate: '{{ .uid }}-front',
  spec: { apiVersion: 'v1', kind: 'Service', spec: { selector: { app: '{{ .uid }}-web' }, ports: [{ port }] } },
});

/** Each of them the API server takes and no node can be made from. */
const faults: readonly ((maps: readonly Readonly<Record<string, unknown>>[]) => readonly unknown[])[] = [
  (maps) => [...maps, { id: 'broken', nameTemplate: '{{ .nothing }}', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }],
  (maps) => [...maps, { id: 'broken', nameTemplate: '{{ .uid', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }],
  (maps) => [
    ...maps,
    { id: 'x', nameTemplate: 'x', dependIds: ['y'], spec: { apiVersion: 'v1', kind: 'ConfigMap' } },
    { id: 'y', nameTemplate: 'y', dependIds: ['x'], spec: { apiVersion: 'v1', kind: 'ConfigMap' } },
  ],
  (maps) => [
    ...maps,
    { id: 'z', nameTemplate: 'z', dependIds: ['none'], spec: { apiVersion: 'v1', kind: 'ConfigMap' } },
  ],
];

export function randomForm(random: Random, maxSkew: number): RandomForm {
  const entries = drafts(random);
  const maps = entries.map((draft, index) => configMapOf(draft, entries[index - 1]));
  const kind = random.below(4) === 0 ? 'bad' : 'good';
  const configMaps = kind === 'bad' ? random.pick(faults)(maps) : maps;
  const services = random.below(3) === 0 ? [] : [service(80 + random.below(5))];
  return { kind, spec: { rollout: { maxSkew }, configMaps, services, deployments: [deployment(random)] } };
}
