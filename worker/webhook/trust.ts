import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import type { Cluster, Logger, ObjectRef } from '../../domain/ports.ts';
import { isUsable, makeCertificate, type WebhookCertificate } from './certificate.ts';

/**
 * The certificate that all workers of an installation share, in a Secret, and the trust of the API server in it, in the webhook configurations. Whoever
 * finds it missing or old makes a new one. The authority before it stays trusted, so that workers which have not seen the new one yet are too.
 */

export interface TrustOptions {
  readonly cluster: Pick<Cluster, 'get' | 'create' | 'patch'>;
  readonly namespace: string;
  /** Of the two webhook configurations, and the beginning of the Secret's. */
  readonly name: string;
  /** Names and addresses that the API server may call us by. */
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly logger: Logger;
  readonly now: () => Date;
}

const configurationKinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;
const keys = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const satisfies Record<
  keyof WebhookCertificate,
  string
>;

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

export class WebhookTrust {
  private readonly options: TrustOptions;
  private readonly ref: ObjectRef;
  private readonly missed = new Set<string>();

  constructor(options: TrustOptions) {
    this.options = options;
    const name = `${options.name}-webhook-certificate`;
    this.ref = { apiVersion: 'v1', kind: 'Secret', namespace: options.namespace, name };
  }

  /** The certificate to serve from now on; the API server trusts it when the promise resolves. */
  async refresh(): Promise<WebhookCertificate> {
    const certificate = await this.current();
    for (const kind of configurationKinds) await this.publish(kind, encode(certificate.ca));
    return certificate;
  }

  private async current(): Promise<WebhookCertificate> {
    const { cluster, names, addresses, now } = this.options;
    // Another worker may be a moment ahead with a new one.
    for (let tries = 0; tries < 3; tries += 1) {
      const secret = await cluster.get(this.ref);
      const kept = keptIn(secret);
      if (isUsable(kept, [...names, ...addresses], now())) return kept;
      const made = makeCertificate(names, addresses, now());
      const next = { ...made, ca: withPrevious(made.ca, kept.ca) };
      if (await this.keep(secret, next)) return next;
    }
    throw new LynqFailure('ClusterStale', `Secret ${this.ref.namespace}/${this.ref.name} changes all the time`);
  }

  /** False when someone else was faster. */
  private async keep(found: JsonObject | undefined, { ca, cert, key }: WebhookCertificate): Promise<boolean> {
    const { cluster } = this.options;
    const data = { [keys.ca]: encode(ca), [keys.cert]: encode(cert), [keys.key]: encode(key) };
    const { apiVersion, kind, namespace = '', name } = this.ref;
    const result =
      found === undefined
        ? await cluster.create(
            this.ref,
            { apiVersion, kind, metadata: { name, namespace }, type: 'kubernetes.io/tls', data },
            { manager: managers.apply },
          )
        : await cluster.patch(
            this.ref,
            'merge',
            { metadata: { resourceVersion: textAt(found, 'metadata', 'resourceVersion') ?? '' }, data },
            { manager: managers.apply },
          );
    if (result.kind === 'refused') throw new LynqFailure('ClusterForbidden', result.message);
    if (result.kind === 'ok') this.options.logger.info('the webhook has a new certificate');
    return result.kind === 'ok';
  }

  /** Another worker that starts, or an upgrade of the chart, may write between the read and the write: then it is read again. */
  private async publish(kind: string, caBundle: string): Promise<void> {
    for (let tries = 0; tries < 3; tries += 1) {
      if (await this.isPublished(kind, caBundle)) return;
    }
    const { name, logger } = this.options;
    logger.warn('the webhook configuration changes all the time, it is told of the certificate later', { kind, name });
  }

  /** False when it was changed meanwhile. */
  private async isPublished(kind: string, caBundle: string): Promise<boolean> {
    const { cluster, name, logger } = this.options;
    const ref = { apiVersion: 'admissionregistration.k8s.io/v1', kind, name };
    const found = await cluster.get(ref);
    if (found === undefined) {
      if (!this.missed.has(kind))
        logger.warn('there is no such webhook configuration, nobody calls the webhook', { kind, name });
      this.missed.add(kind);
      return true;
    }
    this.missed.delete(kind);
    const steps = listAt(found, 'webhooks').flatMap((webhook, index) => {
      const path = `/webhooks/${index}/clientConfig/caBundle`;
      return textAt(webhook, 'clientConfig', 'caBundle') === caBundle ? [] : [{ op: 'add', path, value: caBundle }];
    });
    if (steps.length === 0) return true;
    const version = textAt(found, 'metadata', 'resourceVersion') ?? '';
    const test = { op: 'test', path: '/metadata/resourceVersion', value: version };
    const result = await cluster.patch(ref, 'json', [test, ...steps], { manager: managers.apply });
    // A step `test` that fails is a 422 (seen on 1.35), as what is wrong with the patch itself would be; only two writes at the same instant are a 409.
    if (result.kind === 'refused' && result.reason !== 'Invalid') {
      throw new LynqFailure('ClusterForbidden', result.message);
    }
    return result.kind === 'ok';
  }
}

function keptIn(secret: JsonObject | undefined): WebhookCertificate {
  const read = (key: string): string => decode(textAt(secret, 'data', key));
  return { ca: read(keys.ca), cert: read(keys.cert), key: read(keys.key) };
}

/** The new authority first, then the last one. */
function withPrevious(ca: string, bundle: string): string {
  const [previous = ''] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(bundle) ?? [];
  return previous === '' ? ca : `${ca.trimEnd()}\n${previous}\n`;
}
