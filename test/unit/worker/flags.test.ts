import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../worker/config.ts';
import { flagsHelp, readFlags } from '../../../worker/flags.ts';

/** Every flag of parity 7.2. */
const peerFlags = [
  'metrics-bind-address',
  'metrics-secure',
  'metrics-cert-path',
  'metrics-cert-name',
  'metrics-cert-key',
  'health-probe-bind-address',
  'webhook-cert-path',
  'webhook-cert-name',
  'webhook-cert-key',
  'leader-elect',
  'enable-http2',
  'hub-concurrency',
  'form-concurrency',
  'node-concurrency',
  'enable-pprof',
  'zap-devel',
  'zap-encoder',
  'zap-log-level',
  'zap-stacktrace-level',
  'zap-time-encoding',
  'kubeconfig',
];

describe('worker/flags', () => {
  it("takes the arguments of the Go operator's Deployment as they are", () => {
    const { environment, ignored } = readFlags([
      '--metrics-bind-address=:8443',
      '--leader-elect',
      '--health-probe-bind-address',
      ':8081',
      '-zap-log-level=2',
      '--hub-concurrency=3',
    ]);

    expect(environment).toEqual({
      LYNQ_METRICS_BIND_ADDRESS: ':8443',
      LYNQ_HEALTH_PROBE_BIND_ADDRESS: ':8081',
      LYNQ_LOG_LEVEL: 'debug',
    });
    expect(ignored.map(({ flag }) => flag)).toEqual(['--leader-elect', '--hub-concurrency']);
  });

  it('knows every flag of the Go operator', () => {
    const help = flagsHelp();

    expect(peerFlags.filter((flag) => !help.includes(`--${flag} `))).toEqual([]);
  });

  it('takes switches with and without a value', () => {
    expect(readFlags(['--metrics-secure']).environment).toEqual({ LYNQ_METRICS_SECURE: 'true' });
    expect(readFlags(['--metrics-secure=false']).environment).toEqual({ LYNQ_METRICS_SECURE: 'false' });
  });

  it.each([[['--metrics-bind-adress=:1']], [['--metrics-bind-address']], [['stray']]])('refuses %j', (args) => {
    expect(() => readFlags(args)).toThrow();
  });

  it('ends in a configuration; an address nobody can listen on is named', () => {
    const { environment } = readFlags(['--metrics-bind-address=127.0.0.1:9']);

    expect(readConfig(environment).metrics.address).toEqual({ kind: 'at', host: '127.0.0.1', port: 9 });
    expect(readConfig({}).metrics).toMatchObject({ address: { kind: 'off' }, secure: true, perNode: true });
    expect(() => readConfig({ LYNQ_METRICS_BIND_ADDRESS: '8443' })).toThrow(/LYNQ_METRICS_BIND_ADDRESS.*:8443/);
    expect(() => readConfig({ LYNQ_METRICS_SECURE: 'no' })).toThrow(/LYNQ_METRICS_SECURE.*true or false/);
  });
});
