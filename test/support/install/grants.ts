import type { Cluster, Json } from '../e2e/cluster.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import type { Rule } from './account.ts';

/** One verb of one resource, as a rule of a role gives it. */
export interface Grant {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `lynqnodes/finalizers`. */
  readonly resource: string;
}

/** A ServiceAccount with the ClusterRole of its name. */
interface Holder {
  readonly name: string;
  /** Its own name when absent. */
  readonly namespace?: string;
}

/** Waits until the API server sees the role as it is now. */
function mayDo(cluster: Cluster, { name, namespace = name }: Holder, grant: Grant, allowed: boolean): Promise<boolean> {
  const { verb, group } = grant;
  const [resource, subresource] = grant.resource.split('/');
  return eventually(`${verb} ${grant.resource} is ${allowed ? 'allowed' : 'refused'}`, async () => {
    const attributes = { verb, group, resource, name, ...(subresource === undefined ? {} : { subresource }) };
    const spec = { user: `system:serviceaccount:${namespace}:${name}`, resourceAttributes: attributes };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const { status } = await cluster.create(path, body);
    return status.allowed === allowed ? there(allowed) : notYet(status);
  });
}

/** Takes one verb of one resource away while something is done. */
export async function withoutGrant(
  cluster: Cluster,
  holder: Holder,
  grant: Grant,
  act: () => Promise<void>,
): Promise<void> {
  const role = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${holder.name}`;
  const rules = ((await cluster.get(role)) as Json).rules as readonly Rule[];
  const isMeant = ({ apiGroups, resources }: Rule): boolean =>
    apiGroups.includes(grant.group) && resources.includes(grant.resource);
  const less = rules.flatMap((rule): readonly Rule[] => {
    if (!isMeant(rule)) return [rule];
    const others = rule.resources.filter((resource) => resource !== grant.resource);
    const verbs = rule.verbs.filter((verb) => verb !== grant.verb);
    return [
      ...(others.length === 0 ? [] : [{ ...rule, resources: others }]),
      ...(verbs.length === 0 ? [] : [{ ...rule, resources: [grant.resource], verbs }]),
    ];
  });
  await mayDo(cluster, holder, grant, true);
  await cluster.merge(role, { rules: less });
  try {
    await mayDo(cluster, holder, grant, false);
    await act();
  } finally {
    await cluster.merge(role, { rules });
    await mayDo(cluster, holder, grant, true);
  }
}
