import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../worker/config.ts';
import { flags, flagsHelp, readFlags } from '../../../worker/flags.ts';

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

const folder = '/etc/certificates';
const certificate = { path: folder, name: 'tls.crt', key: 'tls.key' };

/** Of every flag that means something here: a value that is not the default, and what the configuration makes of it. */
const working: Readonly<Record<string, readonly [value: string, config: object]>> = {
  'metrics-bind-address': [':8443', { metrics: { address: { kind: 'at', port: 8443 } } }],
  'metrics-secure': ['false', { metrics: { secure: false } }],
  'metrics-cert-path': ['/elsewhere', { metrics: { certificate: { ...certificate, path: '/elsewhere' } } }],
  'metrics-cert-name': ['own.crt', { metrics: { certificate: { ...certificate, name: 'own.crt' } } }],
  'metrics-cert-key': ['own.key', { metrics: { certificate: { ...certificate, key: 'own.key' } } }],
  'health-probe-bind-address': [':8082', { probes: { address: { kind: 'at', port: 8082 } } }],
  kubeconfig: ['/home/me/config', { kubeconfig: '/home/me/config', inCluster: false }],
  'zap-log-level': ['error', { logLevel: 'error' }],
};

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

  it.each(Object.entries(working))('--%s: its value is in the configuration', (flag, [value, config]) => {
    const { environment, ignored } = readFlags([`--${flag}=${value}`]);
    const around = { LYNQ_METRICS_CERT_PATH: folder, KUBERNETES_SERVICE_HOST: '10.0.0.1' };

    expect(ignored).toEqual([]);
    expect(readConfig({ ...around, ...environment })).toMatchObject(config);
    expect(readConfig(around), 'without the flag').not.toMatchObject(config);
  });

  it('those are all that set something; the help names the variable of each', () => {
    const setting = Object.entries(flags).filter(([, { kind }]) => kind === 'sets');

    expect(setting.map(([flag]) => flag).toSorted()).toEqual(Object.keys(working).toSorted());
    for (const [flag, [value]] of Object.entries(working)) {
      const [variable = ''] = Object.keys(readFlags([`--${flag}=${value}`]).environment);
      expect(flagsHelp()).toMatch(new RegExp(`^  --${flag} .*; ${variable}$`, 'm'));
    }
  });

  it('takes switches with and without a value', () => {
    expect(readFlags(['--metrics-secure']).environment).toEqual({ LYNQ_METRICS_SECURE: 'true' });
    expect(readFlags(['--metrics-secure=false']).environment).toEqual({ LYNQ_METRICS_SECURE: 'false' });
  });

  it.each([
    ['metrics-secure', 'LYNQ_METRICS_SECURE', ['1', 't', 'T', 'true', 'TRUE', 'True'], 'true'],
    ['metrics-secure', 'LYNQ_METRICS_SECURE', ['0', 'f', 'F', 'false', 'FALSE', 'False'], 'false'],
    ['zap-log-level', 'LYNQ_LOG_LEVEL', ['debug', 'DEBUG', 'Debug', '1'], 'debug'],
    ['zap-log-level', 'LYNQ_LOG_LEVEL', ['error', 'ERROR', 'Panic'], 'error'],
  ])('takes --%s in every spelling that the Go operator takes (%s: %j)', (flag, variable, spellings, meaning) => {
    for (const spelling of spellings)
      expect(readFlags([`--${flag}=${spelling}`]).environment, spelling).toEqual({ [variable]: meaning });
  });

  it.each(['kubeconfig', 'metrics-cert-path', 'metrics-cert-name', 'metrics-cert-key'])(
    '--%s without a text is as if it were not there, which is the default of the Go operator',
    (flag) => {
      const { environment, ignored } = readFlags([`--${flag}=`]);
      expect({ environment, ignored }).toEqual({ environment: {}, ignored: [] });
    },
  );

  it('an address without a text listens nowhere, whatever the variable says', () => {
    expect(readFlags(['--metrics-bind-address=']).environment).toEqual({ LYNQ_METRICS_BIND_ADDRESS: '' });
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
