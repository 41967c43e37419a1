import { type JsonObject, textAt } from '../domain/api/json.ts';
import { kinds, type LynqKind } from './kinds.ts';

/** A hub that objects of files are about: its own object, or one of its forms. */
export interface ConcernedHub {
  readonly namespace: string;
  readonly hub: string;
  /** `all` where the hub itself is among the objects. */
  readonly forms: 'all' | ReadonlySet<string>;
}

/** The hubs that these objects are about, in the order they come up; objects of other kinds are about none. */
export function concernedHubs(objects: readonly JsonObject[]): readonly ConcernedHub[] {
  const hubs = new Map<string, { readonly namespace: string; readonly hub: string; all: boolean; forms: string[] }>();
  for (const object of objects) {
    const [own, form] = [isOf(object, kinds.hub), isOf(object, kinds.form)];
    if (!own && !form) continue;
    const namespace = textAt(object, 'metadata', 'namespace') ?? '';
    const name = textAt(object, 'metadata', 'name') ?? '';
    const hub = own ? name : (textAt(object, 'spec', 'hubId') ?? '');
    const key = `${namespace}/${hub}`;
    const entry = hubs.get(key) ?? { namespace, hub, all: false, forms: [] };
    if (own) entry.all = true;
    else entry.forms.push(name);
    hubs.set(key, entry);
  }
  return [...hubs.values()].map(({ namespace, hub, all, forms }) => ({
    namespace,
    hub,
    forms: all ? 'all' : new Set(forms),
  }));
}

function isOf(object: JsonObject, { apiVersion, kind }: LynqKind): boolean {
  return textAt(object, 'apiVersion') === apiVersion && textAt(object, 'kind') === kind;
}
