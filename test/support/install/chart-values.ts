import { randomBytes } from 'node:crypto';
import { testAuthority } from '../certificates.ts';
import type { Secrets } from './pod.ts';

/** Values of the chart that give the worker all the flags and variables there are, and the Secrets that they name. */

export type Values = Readonly<Record<string, unknown>>;

export const temporalName = 'temporal.test';
export const metricsName = 'metrics.test';
export const servers = testAuthority('servers');
export const clients = testAuthority('clients');
const client = clients.issue(['lynqflow']);
const metrics = servers.issue([metricsName]);
export const apiKey = 'an-api-key-of-the-tests';
export const token = 'a-token-of-the-tests';
export const acting = 'lynq-forms';

/** What a person has put into the namespace of the installation beforehand. */
export const secrets: Secrets = {
  'temporal-client': { 'tls.crt': client.cert, 'tls.key': client.key, 'ca.crt': servers.cert },
  'temporal-authority': { 'ca.crt': servers.cert },
  'temporal-key': { 'api-key': apiKey },
  'api-servers': { 'ca.crt': clients.cert },
  hints: { bearer: token },
  codec: { first: randomBytes(32).toString('base64') },
  'metrics-certificate': { 'tls.crt': metrics.cert, 'tls.key': metrics.key },
};

/** A Secret that `manager.volumes` mounts at a path. */
const mounted = (name: string, secretName: string, mountPath: string) => ({
  volumes: [{ name, secret: { secretName } }],
  volumeMounts: [{ name, mountPath, readOnly: true }],
});
const codec = mounted('codec', 'codec', '/etc/lynqflow/codec');
const certificate = mounted('metrics', 'metrics-certificate', '/etc/lynqflow/metrics');

/** Every value at once that gives the worker a flag or a variable, but for an address and ports. */
export const everything = {
  temporal: {
    namespace: 'default',
    taskQueue: 'everything',
    tls: { enabled: true, serverName: temporalName, secretName: 'temporal-client', caSecretName: 'temporal-authority' },
    apiKey: { secretName: 'temporal-key' },
  },
  manager: {
    hubConcurrency: 3,
    formConcurrency: 5,
    nodeConcurrency: 10,
    args: ['--metrics-cert-path=/etc/lynqflow/metrics', '--zap-log-level=2'],
    env: [
      { name: 'LYNQ_CODEC_KEYS', value: '/etc/lynqflow/codec' },
      { name: 'LYNQ_ACTIVITY_SLOTS', value: '100' },
    ],
    volumes: [...codec.volumes, ...certificate.volumes],
    volumeMounts: [...codec.volumeMounts, ...certificate.volumeMounts],
  },
  scopePolicy: { denyKinds: ['Secret'] },
  impersonate: { serviceAccount: acting },
  webhook: { enabled: true, clientCA: { secretName: 'api-servers' } },
  notify: { enabled: true, host: '127.0.0.1', token: { secretName: 'hints', key: 'bearer' } },
} as const;
