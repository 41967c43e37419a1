import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../architecture/tree.ts';
import { openCluster } from '../../../adapters/kubernetes/index.ts';
import { wireServices } from '../../../client/wiring.ts';
import type { Json } from '../../../domain/api/json.ts';
import { type LocalServer, localServer, recordingLogger, resource } from '../adapters/kubernetes/support.ts';

const denial =
  'admission webhook "vlynqform.kb.io" denied the request: template validation failed: invalid NameTemplate in resource \'db\': TopSecretValue';
const invalid =
  'LynqForm.operator.lynq.sh "api" is invalid: spec.hubId: Invalid value: "TopSecretValue": hubId is required';

function refusalOf(name: string): readonly [number, Json] {
  if (name !== 'api') return [400, { kind: 'Status', code: 400, message: denial, reason: 'BadRequest' }];
  const causes = [{ reason: 'FieldValueInvalid', message: 'Invalid value: "TopSecretValue"', field: 'spec.hubId' }];
  return [422, { kind: 'Status', code: 422, message: invalid, reason: 'Invalid', details: { name, causes } }];
}

const asked: string[] = [];
const table = { kind: 'Table', columnDefinitions: [{ name: 'Name' }], rows: [{ cells: ['web'] }] };

/** Lists forms, those of namespace `twice` at the second try only. */
function listForms(path: string, response: ServerResponse): void {
  asked.push(path);
  const isFirst = path.includes('/twice/') && asked.filter((one) => one === path).length === 1;
  response.writeHead(isFirst ? 403 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(table));
}

/** An API server that refuses every write, one form as a webhook does, the other as a CRD does. */
function refuseWrites(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path.endsWith('/lynqforms')) return listForms(path, response);
  const kinds = { kind: 'APIResourceList', resources: [resource('lynqforms', 'LynqForm')] };
  const name = path.split('/').at(-1) ?? '';
  const [code, body] = path === '/apis/operator.lynq.sh/v1' ? [200, kinds] : refusalOf(name);
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

describe('client/wiring', () => {
  let server: LocalServer;
  let folder = '';
  let kubeconfig = '';
  beforeAll(async () => {
    server = await localServer(refuseWrites);
    folder = mkdtempSync(join(tmpdir(), 'lynq-wiring-'));
    kubeconfig = join(folder, 'config');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'test',
        contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
        clusters: [{ name: 'test', cluster: { server: server.origin, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'test', user: {} }],
      }),
    );
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const ref = (name: string) => ({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqForm', namespace: 'lynq', name });
  const options = { manager: 'lynq-cli', force: false };

  it('tells whoever wrote a file why the server refuses it, in the words of the server', async () => {
    const services = wireServices({ kubeconfig, temporalTls: {}, timeoutMilliseconds: 5_000 }, {});
    const cluster = await services.cluster();
    const told = [await cluster.apply(ref('web'), {}, options), await cluster.apply(ref('api'), {}, options)];
    await services.close();
    expect(told).toEqual([
      { kind: 'refused', reason: 'AdmissionDenied', message: `LynqForm lynq/web: ${denial}` },
      { kind: 'refused', reason: 'Invalid', message: invalid, fields: ['spec.hubId'] },
    ]);
  });

  it('reads names for completion by the light way, and by the other where that fails', async () => {
    const options = { kubeconfig, temporalTls: {}, timeoutMilliseconds: 5_000 };
    const kind = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqForm' };
    const services = wireServices(options, {});
    const tables = await services.quickTables();
    const namesOf = async (namespace: string) =>
      (await tables.read(kind, { namespace })).rows.map(({ cells }) => cells[0]);
    asked.length = 0;
    expect(await namesOf('lynq')).toEqual(['web']);
    expect(asked).toEqual(['/apis/operator.lynq.sh/v1/namespaces/lynq/lynqforms']);
    expect(await namesOf('twice')).toEqual(['web']);
    await services.close();
  });

  describe('in a pod without kubeconfig', () => {
    let pod: { readonly home: string; readonly serviceAccount: string };
    beforeAll(() => {
      pod = { home: join(folder, 'home'), serviceAccount: join(folder, 'serviceaccount') };
      for (const made of Object.values(pod)) mkdirSync(made);
      writeFileSync(join(pod.serviceAccount, 'token'), 'token');
      writeFileSync(join(pod.serviceAccount, 'namespace'), 'team-a');
    });
    const servicesWith = (context?: string) =>
      wireServices(
        { context, temporalTls: {}, timeoutMilliseconds: 5_000 },
        { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: join(pod.home, 'config') },
        pod.serviceAccount,
      );

    it("is of the pod's own cluster", async () => {
      expect(await servicesWith().contextNamespace()).toBe('team-a');
    });

    it('refuses a context that was named, and does not take the own cluster for it', async () => {
      const services = servicesWith('production');
      const refusal = {
        message: `no kubeconfig has a context "production": ${join(pod.home, 'config')} does not exist`,
        exitCode: 3,
      };

      await expect(services.cluster()).rejects.toMatchObject(refusal);
      await expect(services.quickTables()).rejects.toMatchObject(refusal);
      expect(await services.contextNamespace()).toBeUndefined();
    });
  });

  it('is the only place that lets the server be quoted', () => {
    const folders = ['activities', 'adapters', 'client', 'deploy', 'domain', 'tools', 'stack', 'worker', 'workflows'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
    );
    expect(
      files.filter((file) => file.endsWith('.ts') && readFileSync(join(root, file), 'utf8').includes('quotingCluster')),
    ).toEqual(['adapters/kubernetes/index.ts', 'client/wiring.ts']);
  });

  it('repeats nothing of what the server quotes to a worker, nor to a plan, whose objects have values of rows', async () => {
    const opened = await openCluster({ kubeconfig, logger: recordingLogger() });
    const told = [
      await opened.cluster.apply(ref('web'), {}, options),
      await opened.clusterAs('tenant').apply(ref('api'), {}, options),
    ];
    await opened.close();
    expect(told).toEqual([
      {
        kind: 'refused',
        reason: 'AdmissionDenied',
        message: 'LynqForm lynq/web: denied by admission webhook vlynqform.kb.io',
      },
      {
        kind: 'refused',
        reason: 'Invalid',
        message: 'LynqForm lynq/api: spec.hubId (FieldValueInvalid)',
        fields: ['spec.hubId'],
      },
    ]);
  });
});
