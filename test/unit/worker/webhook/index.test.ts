import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../../../../activities/admission.ts';
import { createWebhook, type Webhook } from '../../../../worker/webhook/index.ts';
import { testAuthority } from '../../../support/certificates.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { firstLine, hostileRequests } from '../../../support/raw-http.ts';

const path = '/validate-operator-lynq-sh-v1-lynqform';
const namespace = 'lynq-system';
const question = {
  request: { uid: 'q', namespace, object: { spec: {} }, userInfo: { username: 'system:apiserver' } },
};
const apiServers = testAuthority('api-servers');
const strangers = testAuthority('strangers');
const genuine = apiServers.issue(['kube-apiserver']);

describe('worker/webhook/index', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-webhook-'));
  const file = join(folder, 'ca.crt');
  const asked: AdmissionRequest[] = [];
  let webhook: Webhook | undefined;
  let port = 0;
  beforeAll(() => writeFileSync(file, apiServers.cert));
  afterEach(async () => {
    await webhook?.close();
    asked.length = 0;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(callerAuthority?: string): Promise<void> {
    const cluster = createFakeCluster();
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'])
      cluster.addKind({ apiVersion: 'admissionregistration.k8s.io/v1', kind }, { namespaced: false });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const said = (message: string, fields?: object) => {
      if (message === 'webhook ready' && fields !== undefined && 'port' in fields) port = Number(fields.port);
    };
    webhook = createWebhook({
      settings: { host: '127.0.0.1', port: 0, name: 'lynqflow', service: 'lynqflow-webhook', callerAuthority },
      cluster,
      namespace,
      judge: async (request) => {
        asked.push(request);
        return { warnings: [] };
      },
      logger: { info: said, warn: () => undefined, error: () => undefined },
    });
    await webhook.start();
  }

  /** Asks over one connection, and gives the code of the answer and what a further connection of the same TLS session needs. */
  async function ask(options: ConnectionOptions = {}, body: string = JSON.stringify(question)) {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    let session: Buffer | undefined;
    socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    await once(socket, 'secureConnect');
    const resumed = socket.isSessionReused();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: webhook\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const [said] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return { code: Number(said.toString().split(' ')[1]), session, resumed };
  }
  const known = (): readonly boolean[] => asked.map(({ fromApiServer }) => fromApiServer);

  it('takes nobody for the API server without an authority to know it by', async () => {
    await open();

    expect(await ask()).toMatchObject({ code: 200 });
    expect(await ask(genuine)).toMatchObject({ code: 200 });
    expect(known()).toEqual([false, false]);
  });

  it('knows the API server by a certificate of the authority, and answers others as strangers', async () => {
    await open(file);

    expect(await ask(genuine)).toMatchObject({ code: 200 });
    expect(await ask()).toMatchObject({ code: 200 });
    expect(await ask(strangers.issue(['kube-apiserver']))).toMatchObject({ code: 200 });
    expect(await ask(apiServers.issue(['kube-apiserver'], { age: 60, days: 30 }))).toMatchObject({ code: 200 });
    expect(known()).toEqual([true, false, false, false]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a stranger stays one who takes up a session again (%s)',
    async (version) => {
      await open(file);
      const { session } = await ask({ maxVersion: version });

      expect(await ask({ maxVersion: version, session })).toMatchObject({ code: 200, resumed: true });
      expect(known()).toEqual([false, false]);
    },
  );

  it.each([
    ['is absent', undefined, /absent\.crt cannot be used \(ENOENT\)/],
    ['holds no certificate', 'nothing', /cannot be used/],
    ['holds no authority', genuine.cert, /is not that of an authority/],
  ])('does not start when the file of the authority %s', async (_how, text, why) => {
    const other = join(folder, text === undefined ? 'absent.crt' : 'other.crt');
    if (text !== undefined) writeFileSync(other, text);

    await expect(open(other)).rejects.toThrow(why);
  });

  it('refuses what is no question, whoever sends it, and goes on', async () => {
    await open();

    for (const bytes of hostileRequests) expect(await firstLine(port, bytes, true), bytes).toMatch(/^HTTP\/1\.1 4/);
    expect(await ask()).toMatchObject({ code: 200 });
  });
});
