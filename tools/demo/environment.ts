import type { StackEndpoints } from '../../stack/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that would point one of our programs at a system of the user, or change how it behaves. */
const foreign = /^(KUBECONFIG|KUBERNETES_.*|KUBECTL_.*|TEMPORAL_.*|LYNQ_.*|MYSQL_.*)$/;

/** The names among them that are set, sorted: the demo says that it ignores them. */
export function ignoredVariables(environment: Environment): readonly string[] {
  return Object.keys(environment)
    .filter((name) => foreign.test(name) && environment[name] !== undefined && environment[name] !== '')
    .toSorted();
}

/**
 * The environment of the worker and of every command that is shown: the stack's addresses and nothing that names another system.
 *
 * `temporalConfig` is a file with an empty profile: without it a profile of the user (address, TLS, API key) would be merged in. A kuberc
 * could give kubectl other defaults.
 */
export function childEnvironment(
  environment: Environment,
  endpoints: StackEndpoints,
  temporalConfig: string,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !foreign.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    KUBECONFIG: endpoints.kubeconfig,
    KUBECTL_KUBERC: 'false',
    TEMPORAL_ADDRESS: endpoints.temporalAddress,
    TEMPORAL_NAMESPACE: endpoints.temporalNamespace,
    TEMPORAL_CONFIG_FILE: temporalConfig,
  };
}
