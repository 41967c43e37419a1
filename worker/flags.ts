import { parseArgs } from 'node:util';

/**
 * Flags of the Go operator's manager (parity 7.2): an installation's arguments go on working where they mean the same here. What has no counterpart is
 * accepted and said to do nothing. Each flag is another way to set a variable of the environment, and wins over it.
 */
type Flag = { readonly help: string } & (
  | { readonly kind: 'sets'; readonly variable: string; readonly value?: (text: string) => string | undefined }
  | { readonly kind: 'nothing'; readonly because: string }
);

const sets = (variable: string, help: string, value?: (text: string) => string | undefined): Flag => ({
  kind: 'sets',
  variable,
  help,
  ...(value === undefined ? {} : { value }),
});
const nothing = (help: string, because: string): Flag => ({ kind: 'nothing', help, because });

/** zap knows names and numbers; everything more talkative than info is debug here. */
function logLevel(text: string): string {
  if (/^\d+$/.test(text)) return Number(text) > 0 ? 'debug' : 'info';
  const level = text.toLowerCase();
  return level === 'panic' || level === 'fatal' || level === 'dpanic' ? 'error' : level;
}

/** Go reads a switch by its first letter or as a number, too. */
function switchValue(text: string): string {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return 'true';
  return /^(0|f|F|FALSE|false|False)$/.test(text) ? 'false' : text;
}

/** No text is the default of these in Go, and so what templates write for a value that is not set. */
const unlessEmpty = (text: string): string | undefined => (text === '' ? undefined : text);

const temporalLimits = 'Temporal hands out the work; LYNQ_ACTIVITY_SLOTS limits what one worker does at a time';

const ownCertificates = 'the webhook makes and renews its own; LYNQ_WEBHOOK_BIND_ADDRESS serves it';

export const flags = {
  'metrics-bind-address': sets('LYNQ_METRICS_BIND_ADDRESS', 'where metrics are served, e.g. :8443; 0 is off (0)'),
  'metrics-secure': sets(
    'LYNQ_METRICS_SECURE',
    'serve metrics by HTTPS to accounts that may get /metrics (true)',
    switchValue,
  ),
  'metrics-cert-path': sets(
    'LYNQ_METRICS_CERT_PATH',
    'folder with the certificate; without it one is made at start',
    unlessEmpty,
  ),
  'metrics-cert-name': sets('LYNQ_METRICS_CERT_NAME', 'file of the certificate (tls.crt)', unlessEmpty),
  'metrics-cert-key': sets('LYNQ_METRICS_CERT_KEY', 'file of its key (tls.key)', unlessEmpty),
  'health-probe-bind-address': sets(
    'LYNQ_HEALTH_PROBE_BIND_ADDRESS',
    'where /healthz and /readyz are served, e.g. :8081; 0 is off (0)',
  ),
  kubeconfig: sets('KUBECONFIG', 'path of a kubeconfig; in a pod its ServiceAccount is used without one', unlessEmpty),
  'zap-log-level': sets('LYNQ_LOG_LEVEL', 'debug, info, warn or error (info)', logLevel),
  'webhook-cert-path': nothing('folder of the webhook certificate', ownCertificates),
  'webhook-cert-name': nothing('file of the webhook certificate', ownCertificates),
  'webhook-cert-key': nothing('file of its key', ownCertificates),
  'leader-elect': nothing(
    'take a Lease before leading',
    'a Lease is always taken; further workers share the other work',
  ),
  'enable-http2': nothing('serve HTTP/2', 'metrics and probes are HTTP/1.1'),
  'hub-concurrency': nothing('syncs at a time', temporalLimits),
  'form-concurrency': nothing('forms at a time', temporalLimits),
  'node-concurrency': nothing('nodes at a time', temporalLimits),
  'enable-pprof': nothing('profiles of Go', 'start node with --inspect or --cpu-prof instead'),
  'zap-devel': nothing('log for people', 'the log is JSON always'),
  'zap-encoder': nothing('json or console', 'the log is JSON always'),
  'zap-stacktrace-level': nothing('levels with a stack', 'unexpected errors have theirs'),
  'zap-time-encoding': nothing('form of times', 'times are ISO 8601'),
} as const satisfies Record<string, Flag>;

const table: Readonly<Record<string, Flag>> = flags;
/** Go's flag package takes these without a value. */
const switches: ReadonlySet<string> = new Set([
  'metrics-secure',
  'leader-elect',
  'enable-http2',
  'enable-pprof',
  'zap-devel',
]);

export interface FlagReading {
  /** Variables that the flags set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Flags that were given and do nothing, with the reason. */
  readonly ignored: readonly { readonly flag: string; readonly because: string }[];
  readonly help: boolean;
}

/** Go takes `-flag`, `--flag=value`, `--flag value`, and switches without a value. */
function normalized(args: readonly string[]): string[] {
  return args.map((arg) => {
    const long = /^-[a-z]{2}/.test(arg) ? `-${arg}` : arg;
    return switches.has(long.slice(2)) ? `${long}=true` : long;
  });
}

/** @throws Error for a flag that does not exist or has no value. */
export function readFlags(args: readonly string[]): FlagReading {
  const options = Object.fromEntries(Object.keys(table).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({
    args: normalized(args),
    options: { ...options, help: { type: 'boolean', short: 'h' } },
  });
  const environment: Record<string, string> = {};
  const ignored: { flag: string; because: string }[] = [];
  for (const [name, value] of Object.entries(values)) {
    const flag = table[name];
    if (flag === undefined || typeof value !== 'string') continue;
    if (flag.kind === 'nothing') ignored.push({ flag: `--${name}`, because: flag.because });
    else {
      const setting = flag.value === undefined ? value : flag.value(value);
      if (setting !== undefined) environment[flag.variable] = setting;
    }
  }
  return { environment, ignored, help: values['help'] === true };
}

export function flagsHelp(): string {
  const width = Math.max(...Object.keys(table).map((name) => name.length)) + 2;
  const lines = Object.entries(table).map(([name, flag]) => {
    const note = flag.kind === 'sets' ? `${flag.help}; ${flag.variable}` : `accepted, does nothing: ${flag.because}`;
    return `  --${name.padEnd(width)}${note}`;
  });
  return `Usage: npm run worker -- [flags]\n\n${lines.join('\n')}\n`;
}
