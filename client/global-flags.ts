import type { Flags } from './command.ts';
import type { GlobalOptions } from './context.ts';
import { parseDuration } from './duration.ts';

/** Flags of every command, named as in kubectl and temporal. `--namespace` is Kubernetes', hence `--temporal-namespace`. */
export const globalFlags = {
  namespace: {
    kind: 'text',
    short: 'n',
    value: 'NAMESPACE',
    completes: 'namespaces',
    summary: "Kubernetes namespace; default: the context's, else lynq-system",
  },
  context: { kind: 'text', value: 'NAME', summary: 'context of the kubeconfig; default: its current one' },
  kubeconfig: {
    kind: 'text',
    value: 'FILE',
    completes: 'files',
    summary: 'kubeconfig; default: KUBECONFIG, then ~/.kube/config',
  },
  address: {
    kind: 'text',
    value: 'HOST:PORT',
    summary: 'Temporal server; default: TEMPORAL_ADDRESS, then the profile',
  },
  'temporal-namespace': {
    kind: 'text',
    value: 'NAME',
    summary: 'Temporal namespace; default: TEMPORAL_NAMESPACE, then the profile',
  },
  profile: { kind: 'text', value: 'NAME', summary: "profile of the temporal CLI's configuration file" },
  timeout: { kind: 'text', value: 'DURATION', default: '30s', summary: 'how long to wait for a server' },
} as const satisfies Flags;

type GlobalValues = Readonly<Record<string, string | undefined>>;

/** Options from flag values by long name. */
export function globalOptions(values: GlobalValues): GlobalOptions {
  return {
    namespace: values['namespace'],
    context: values['context'],
    kubeconfig: values['kubeconfig'],
    address: values['address'],
    temporalNamespace: values['temporal-namespace'],
    profile: values['profile'],
    timeoutMilliseconds: parseDuration(values['timeout'] ?? globalFlags.timeout.default, 'timeout'),
  };
}
