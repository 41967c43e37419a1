import type { Flag, Flags } from './command.ts';
import type { GlobalOptions } from './context.ts';
import { parseDuration } from './duration.ts';

/** As in temporal; the value of each is the variable of the environment that says the same. */
const tlsVariables = {
  tls: 'TEMPORAL_TLS',
  'tls-ca-path': 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'tls-ca-data': 'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'tls-cert-path': 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'tls-cert-data': 'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'tls-key-path': 'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'tls-key-data': 'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'tls-server-name': 'TEMPORAL_TLS_SERVER_NAME',
  'tls-disable-host-verification': 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
} as const;

const tlsFlags = {
  tls: { kind: 'boolean', summary: 'speak TLS to Temporal; on by itself with the other --tls flags' },
  'tls-ca-path': {
    kind: 'text',
    value: 'FILE',
    completes: 'files',
    summary: "file with the CA of Temporal's certificate",
  },
  'tls-ca-data': { kind: 'text', value: 'PEM', summary: 'the same as text' },
  'tls-cert-path': { kind: 'text', value: 'FILE', completes: 'files', summary: 'file with the certificate to present' },
  'tls-cert-data': { kind: 'text', value: 'PEM', summary: 'the same as text' },
  'tls-key-path': { kind: 'text', value: 'FILE', completes: 'files', summary: 'file with its private key' },
  'tls-key-data': { kind: 'text', value: 'PEM', summary: 'the same as text; better TEMPORAL_TLS_CLIENT_KEY_DATA' },
  'tls-server-name': {
    kind: 'text',
    value: 'NAME',
    summary: "name in Temporal's certificate, if not that of --address",
  },
  'tls-disable-host-verification': { kind: 'boolean', summary: 'believe any certificate of Temporal' },
} as const satisfies Record<keyof typeof tlsVariables, Flag>;

/** Flags that few need: shown in the help of `lynq` itself, not in that of every command. */
export const rareFlags: ReadonlySet<string> = new Set(Object.keys(tlsFlags));

/** Flags of every command, named as in kubectl and temporal. `--namespace` is Kubernetes', hence `--temporal-namespace`. */
export const globalFlags = {
  namespace: {
    kind: 'text',
    short: 'n',
    value: 'NAMESPACE',
    completes: 'namespaces',
    summary: "Kubernetes namespace; default: the context's, else lynq-system",
  },
  context: {
    kind: 'text',
    value: 'NAME',
    completes: 'contexts',
    summary: 'context of the kubeconfig; default: its current one',
  },
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
  ...tlsFlags,
  timeout: { kind: 'duration', value: 'DURATION', default: '30s', summary: 'how long to wait for a server' },
} as const satisfies Flags;

export type GlobalValues = Readonly<Record<string, string | boolean | undefined>>;

/** Options from flag values by long name. */
export function globalOptions(values: GlobalValues): GlobalOptions {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    namespace: text('namespace'),
    context: text('context'),
    kubeconfig: text('kubeconfig'),
    address: text('address'),
    temporalNamespace: text('temporal-namespace'),
    profile: text('profile'),
    temporalTls: temporalTls(values),
    timeoutMilliseconds: parseDuration(text('timeout') ?? globalFlags.timeout.default, 'timeout'),
  };
}

function temporalTls(values: GlobalValues): GlobalOptions['temporalTls'] {
  const given = Object.entries(tlsVariables).flatMap(([flag, variable]) => {
    const value = values[flag];
    return value === undefined || value === false ? [] : [[variable, String(value)] as const];
  });
  return given.length === 0 ? {} : { TEMPORAL_TLS: 'true', ...Object.fromEntries(given) };
}
