import type { KindRef } from './ports.ts';

/**
 * First results of a node's key and certificate functions, as its Secret `<node>-generated` holds them, and of which kinds the objects are that were
 * rendered together with them in any life of the node. Only an object of these kinds can need a result again, so that nothing else has to be looked
 * for before the Secret goes: least of all kinds that the account of the worker may not list.
 */
export interface Generated {
  readonly results: ReadonlyMap<string, string>;
  /** In text order. Undefined: the Secret is from a version that did not note them, and any kind may be among them. */
  readonly kinds: readonly KindRef[] | undefined;
}

export const nothingGenerated: Generated = { results: new Map(), kinds: [] };

const separator = ', ';

const textOf = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;

/** Value of annotation `lynq.sh/rendered-kinds`, such as `apps/v1/Deployment, v1/Secret`. */
export function kindsText(kinds: readonly KindRef[]): string {
  return [...new Set(kinds.map(textOf))].sort().join(separator);
}

/** The kinds of that value; undefined when it is absent or not one: then nothing may be concluded from it. */
export function kindsIn(text: string | undefined): readonly KindRef[] | undefined {
  const kinds = text?.split(separator).map((item): KindRef | undefined => {
    const [, apiVersion, kind] = /^((?:[^/\s]+\/)?[^/\s]+)\/([^/\s]+)$/.exec(item) ?? [];
    return apiVersion === undefined || kind === undefined ? undefined : { apiVersion, kind };
  });
  const known = kinds?.flatMap((kind) => kind ?? []);
  return known?.length === kinds?.length ? known : undefined;
}

/**
 * What has to be in the Secret before anything of a render is applied; undefined when it is there already. A result that is kept stays as it is. Kinds
 * are only added, since what was kept of an earlier one may be there still; to a Secret without kinds none are added, since earlier ones are not known.
 */
export function grown(
  before: Generated,
  render: { readonly fresh: ReadonlyMap<string, string>; readonly kinds: readonly KindRef[] },
): Generated | undefined {
  const results = new Map([...render.fresh, ...before.results]);
  if (results.size === 0) return undefined;
  const kinds = before.kinds === undefined ? undefined : kindsIn(kindsText([...before.kinds, ...render.kinds]));
  const isSame = results.size === before.results.size && kinds?.length === before.kinds?.length;
  return isSame ? undefined : { results, kinds };
}
