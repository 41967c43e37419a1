import { readFileSync } from 'node:fs';
import type { Manifest, Rule } from './account.ts';

/**
 * A right as text, `patch apps/deployments`, with the name of the object behind it where a rule names one and `@own` for what only holds in the
 * worker's own namespace.
 */
export type Right = string;

interface AuditedRequest {
  readonly verb: string;
  readonly stage: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
}

const right = (verb: string, group: string, resource: string): Right => `${verb} ${group}/${resource}`;

function rightsOf(manifest: Manifest): readonly Right[] {
  const own = manifest.kind === 'Role' ? ' @own' : '';
  return (manifest['rules'] as readonly Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => `${right(verb, group, resource)}${name === '' ? '' : ` ${name}`}${own}`),
        ),
      ),
    ),
  );
}

/** What a role and the cluster role of the same name give. */
export function grantedRights(manifests: readonly Manifest[], name: string): ReadonlySet<Right> {
  const roles = manifests.filter(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && metadata.name === name);
  return new Set(roles.flatMap(rightsOf));
}

/** One thing an account did. A server-side apply that made its object needs `create` besides `patch`. */
export interface Use {
  readonly rights: readonly Right[];
  readonly refused: boolean;
  readonly request: string;
}

/** What an account did by the audit log, from a place in it on; a watch is on record when it has ended. */
export function usesIn(log: string, place: number, account: string): readonly Use[] {
  const lines = readFileSync(log).subarray(place).toString('utf8').split('\n');
  return lines
    .filter((line) => line.includes(account) && line.endsWith('}'))
    .map((line) => JSON.parse(line) as AuditedRequest)
    .filter(({ stage, user }) => stage === 'ResponseComplete' && user.username === account)
    .flatMap((request) => (request.objectRef === undefined ? [] : [useOf(request, request.objectRef)]));
}

function useOf({ verb, responseStatus }: AuditedRequest, ref: NonNullable<AuditedRequest['objectRef']>): Use {
  const code = responseStatus?.code ?? 0;
  const resource = ref.subresource === undefined ? ref.resource : `${ref.resource}/${ref.subresource}`;
  const verbs = verb === 'patch' && code === 201 ? ['patch', 'create'] : [verb];
  return {
    rights: verbs.map((each) => right(each, ref.apiGroup ?? '', resource)),
    refused: code === 403,
    request: `${verb} ${resource} ${ref.namespace ?? ''}/${ref.name ?? ''}`,
  };
}
