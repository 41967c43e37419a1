import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LynqFailure } from '../../../../domain/failures.ts';
import { nodeDigest } from '../../../../domain/node-digest.ts';
import type { ObjectRef } from '../../../../domain/ports.ts';
import { parseBindAddress } from '../../../../worker/telemetry/address.ts';
import { readIdentity, selfSigned } from '../../../../worker/telemetry/certificate.ts';
import { type CheckedParts, readinessChecks, watchProblem } from '../../../../worker/telemetry/checks.ts';
import { type Fleet, fleetFamilies } from '../../../../worker/telemetry/fleet.ts';

describe('worker/telemetry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-telemetry-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['0', { kind: 'off' }],
    ['', { kind: 'off' }],
    [':8443', { kind: 'at', port: 8443 }],
    ['127.0.0.1:0', { kind: 'at', host: '127.0.0.1', port: 0 }],
    ['[::1]:8081', { kind: 'at', host: '::1', port: 8081 }],
    ['8443', undefined],
    [':99999', undefined],
    ['a:b:1', undefined],
  ])('reads the address %s', (text, address) => {
    expect(parseBindAddress(text)).toEqual(address);
  });

  it('makes a certificate for this machine, with a key that fits', () => {
    const { cert, key } = selfSigned(new Date('2026-01-01T00:00:00Z'));
    const certificate = new X509Certificate(cert);
    writeFileSync(join(folder, 'tls.crt'), cert);
    writeFileSync(join(folder, 'tls.key'), key);

    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(readIdentity({ path: folder, name: 'tls.crt', key: 'tls.key' })).toEqual({ cert, key });
  });

  it('names the file of a certificate that cannot be used', () => {
    writeFileSync(join(folder, 'other.key'), selfSigned(new Date()).key);

    expect(() => readIdentity({ path: folder, name: 'absent.crt', key: 'tls.key' })).toThrow(/absent\.crt.*ENOENT/);
    expect(() => readIdentity({ path: folder, name: 'tls.crt', key: 'other.key' })).toThrow(
      /other\.key does not belong/,
    );
  });

  it('is not ready before the first lists, nor while a watch of its own kinds gets nothing', () => {
    const failing = (kind: string, count: number) => new Map([[kind, count]]);

    expect(watchProblem(false, new Map())).toMatch(/first complete lists/);
    expect(watchProblem(true, failing('operator.lynq.sh/v1/LynqNode', 3))).toMatch(/LynqNode/);
    expect(watchProblem(true, failing('operator.lynq.sh/v1/LynqNode', 2))).toBeUndefined();
    expect(watchProblem(true, failing('example.com/v1/Gone', 50))).toBeUndefined();
  });

  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'lynq-system', name: 'lynqflow-1' };
  /** What is wrong with the API server, by a worker that may read what `answer` does not refuse. */
  const problemOfApiServer = async (answer: (ref: ObjectRef) => undefined) => {
    const parts = { cluster: { get: async (ref: ObjectRef) => answer(ref) }, lease, temporal: { client: {} } };
    const check = readinessChecks(parts as unknown as CheckedParts).find(({ name }) => name === 'apiserver');
    return check?.problem();
  };

  it('asks the API server for nothing but the Lease of its installation, which it may read whatever the chart was told', async () => {
    const asked: ObjectRef[] = [];

    expect(await problemOfApiServer((ref) => void asked.push(ref))).toBeUndefined();
    expect(asked).toEqual([lease]);
  });

  it('says what the API server said when that is no answer', async () => {
    const message = 'Lease lynq-system/lynqflow-1: The account may not read this.';
    const refuse = () => {
      throw new LynqFailure('ClusterForbidden', message);
    };

    expect(await problemOfApiServer(refuse)).toBe(message);
  });

  const node = nodeDigest({
    metadata: { name: 'a-web', namespace: 'n' },
    status: {
      readyResources: 1,
      desiredResources: 2,
      conditions: [{ type: 'Degraded', status: 'True', reason: 'ResourcesNotReady' }],
    },
  });
  const fleet: Fleet = {
    hubs: () => [
      {
        hub: { namespace: 'n', hub: 'h' },
        counts: {
          desired: 2,
          ready: 1,
          failed: 0,
          rows: { seen: 3 },
          lastSync: undefined,
          interval: 30,
          resting: true,
          conditions: { Ready: 1 },
        },
      },
    ],
    forms: () => [
      { form: { namespace: 'n', form: 'limited' }, rollout: { updating: 1, phase: 1, progress: 50 } },
      { form: { namespace: 'n', form: 'free' }, rollout: undefined },
    ],
    nodes: () => [node],
  };
  const seriesOf = (perNode: boolean) =>
    fleetFamilies(fleet, perNode).flatMap(({ name, samples }) =>
      [...samples()].map(({ labels, value }) => `${name} ${JSON.stringify(labels)} ${value}`),
    );

  it('shows every gauge of the Go operator under its name and labels', () => {
    expect(seriesOf(true)).toEqual(
      expect.arrayContaining([
        'hub_desired {"hub":"h","namespace":"n"} 2',
        'hub_ready {"hub":"h","namespace":"n"} 1',
        'hub_failed {"hub":"h","namespace":"n"} 0',
        'lynqflow_hub_rows {"hub":"h","namespace":"n","outcome":"seen"} 3',
        'lynqflow_hub_sync_interval_seconds {"hub":"h","namespace":"n"} 30',
        'lynqflow_hub_resting {"hub":"h","namespace":"n"} 1',
        'lynqform_rollout_phase {"form":"limited","namespace":"n"} 1',
        'lynqform_rollout_progress {"form":"limited","namespace":"n"} 50',
        'lynqform_rollout_updating_nodes {"form":"limited","namespace":"n"} 1',
        'lynqnode_resources_ready {"lynqnode":"a-web","namespace":"n"} 1',
        'lynqnode_resources_desired {"lynqnode":"a-web","namespace":"n"} 2',
        'lynqnode_condition_status {"lynqnode":"a-web","namespace":"n","type":"Degraded"} 1',
        'lynqnode_degraded_status {"lynqnode":"a-web","namespace":"n","reason":"ResourcesNotReady"} 1',
      ]),
    );
    expect(seriesOf(true).join()).not.toContain('"free"');
  });

  it('leaves out the series a node where they are switched off', () => {
    expect(seriesOf(false).join()).not.toContain('lynqnode');
  });
});
