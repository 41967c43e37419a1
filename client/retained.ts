import { type JsonObject, textAt } from '../domain/api/json.ts';
import { isLynqFailure, type LynqFailure } from '../domain/failures.ts';
import { nodeName } from '../domain/identity.ts';
import { annotations, labels } from '../domain/keys.ts';
import type { Cluster, KindRef, ObjectRef } from '../domain/ports.ts';
import { groupKind } from '../domain/readiness/index.ts';
import type { Context } from './context.ts';
import { CommandError, usageError } from './errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { kinds, refOf } from './kinds.ts';
import { passesNow, waitForPasses } from './node-wait.ts';
import { ownEngine } from './own-engine.ts';
import { ageSince } from './output/age.ts';
import { withCounts } from './output/progress.ts';
import { counted } from './output/problems.ts';
import { formatTable } from './output/table.ts';
import { deleteAll, orphanMarks } from './retained-deletion.ts';

/** What a hub has left behind: listed, taken back or deleted. */
export interface RetainedFlags {
  readonly uid: readonly string[];
  readonly adopt: boolean;
  readonly delete: boolean;
  readonly wait: boolean;
  readonly 'wait-timeout': string;
  readonly yes: boolean;
}

export async function runRetained(context: Context, hub: string, flags: RetainedFlags): Promise<ExitCode> {
  if (flags.adopt && flags.delete) throw usageError('--adopt and --delete exclude each other', 'give one of them');
  if (flags.wait && !flags.adopt && !flags.delete) throw usageError('there is nothing to wait for', 'leave --wait out');
  const cluster = await context.services.cluster();
  const { mine, unknown } = await findRetained(context, cluster, { namespace: await context.namespace(), name: hub });
  const wanted = mine.filter(({ uid }) => flags.uid.length === 0 || flags.uid.includes(uid));
  sayMissed(context, hub, wanted, flags);
  if (flags.delete) {
    context.err.write(table(wanted, context.clock.now()));
    return deleteAll(context, cluster, wanted, flags);
  }
  if (flags.adopt) return adoptAll(context, cluster, wanted, flags);
  list(context, hub, { wanted, unknown: flags.uid.length === 0 ? unknown : [] });
  return exitCodes.ok;
}

/** Names the rows of which there is nothing: a uid may be mistyped. @throws CommandError when nothing is left to be done. */
function sayMissed(context: Context, hub: string, wanted: readonly RetainedObject[], flags: RetainedFlags): void {
  const rows = flags.uid.filter((uid) => !wanted.some((object) => object.uid === uid));
  if (rows.length === 0 && wanted.length > 0) return;
  const which = rows.length === 0 ? '' : `${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')} of `;
  const text = `nothing is retained of ${which}${hub}`;
  if (wanted.length === 0 && (flags.delete || flags.adopt)) throw new CommandError(text);
  context.err.write(`${text}\n`);
}

function list(
  context: Context,
  hub: string,
  { wanted, unknown }: Record<'wanted' | 'unknown', readonly RetainedObject[]>,
): void {
  const listed = [...wanted, ...unknown];
  if (listed.length > 0) context.out.write(table(listed, context.clock.now()));
  if (unknown.length > 0) sayUnknown(context, hub, unknown.length);
}

/** They may be of any hub, so none is deleted or asked after. */
function sayUnknown(context: Context, hub: string, count: number): void {
  const which = `${counted(count, 'object')} ${count === 1 ? 'does not say of which row it is' : 'do not say of which row they are'}`;
  context.err.write(
    `${which}, nor of which hub, as the Go operator marks what it keeps; to give one back to its row:\n` +
      `  kubectl annotate KIND NAME -n NAMESPACE ${annotations.orphanedFrom}=${hub}/FORM/ROW\n`,
  );
}

export interface RetainedObject {
  readonly ref: ObjectRef;
  readonly objectUid: string;
  /** uid of the row. */
  readonly uid: string;
  readonly form: string;
  readonly reason: string;
  readonly since: string | undefined;
  /** As they were when it was listed. */
  readonly marks: string;
}

/** Hubs of one name may be in several namespaces: what one of them left behind is nobody else's. */
interface HubName {
  readonly namespace: string;
  readonly name: string;
}

const parallelLists = 8;

interface Found {
  /** Of this hub, by their annotation. */
  readonly mine: readonly RetainedObject[];
  /** Without that annotation: the Go operator takes its labels off what it keeps, and leaves nothing that tells the hub. */
  readonly unknown: readonly RetainedObject[];
}

/** Marked objects of every kind that can be listed, namespaced or not. */
async function findRetained(context: Context, cluster: Cluster, hub: HubName): Promise<Found> {
  const served = await (await context.services.kinds()).served();
  const queue = [...served.kinds];
  const mine: RetainedObject[] = [];
  const unknown: RetainedObject[] = [];
  const unread: Unread[] = served.unread.map((group) => ({ name: `API group ${group}` }));
  const work = async (): Promise<void> => {
    for (let kind = queue.shift(); kind !== undefined; kind = queue.shift()) {
      const objects = await listMarked(cluster, kind, unread);
      mine.push(...objects.filter((object) => isOf(hub, object)).map((object) => asRetained(kind as KindRef, object)));
      unknown.push(
        ...objects.filter((object) => isUnknown(kind, object)).map((object) => asRetained(kind as KindRef, object)),
      );
    }
  };
  await Promise.all(Array.from({ length: parallelLists }, work));
  sayUnread(context, unread, served.kinds.length);
  const key = ({ uid, ref }: RetainedObject): string => [uid, ref.kind, ref.namespace ?? '', ref.name].join('/');
  const sorted = (objects: readonly RetainedObject[]) => objects.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return { mine: sorted(mine), unknown: sorted(unknown) };
}

/** What was not looked for, and the failure of its list. */
interface Unread {
  readonly name: string;
  readonly failure?: LynqFailure;
}

/** @throws LynqFailure when nothing at all could be listed: that is not about this kind or that. */
function sayUnread(context: Context, unread: readonly Unread[], kinds: number): void {
  const failures = unread.flatMap(({ failure }) => failure ?? []);
  if (failures.length === kinds && failures[0] !== undefined) throw failures[0];
  const names = unread.map(({ name }) => name).toSorted();
  if (names.length > 0) context.err.write(`not listed, so not looked for: ${names.join(', ')}\n`);
}

async function listMarked(cluster: Cluster, kind: KindRef, unread: Unread[]): Promise<readonly JsonObject[]> {
  try {
    return await cluster.list(kind, { labelSelector: `${labels.orphaned}=true` });
  } catch (error) {
    if (!isLynqFailure(error) || !isAboutKind(error)) throw error;
    unread.push({ name: kind.kind, failure: error });
    return [];
  }
}

/** Says nothing about other kinds: the API server answered, and be it for the server behind a kind that did not. */
function isAboutKind({ type, detail }: LynqFailure): boolean {
  return type !== 'ClusterUnreachable' || /^\d+$/.test(String(detail['code']));
}

const originOf = (object: JsonObject): string | undefined =>
  textAt(object, 'metadata', 'annotations', annotations.orphanedFrom);

/** Kinds that the cluster makes for a Service, with its labels but not with what says of which row it is. */
const copiedKinds: ReadonlySet<string> = new Set(['/Endpoints', 'discovery.k8s.io/EndpointSlice']);

const isUnknown = ({ apiVersion, kind }: KindRef, object: JsonObject): boolean =>
  originOf(object) === undefined && !copiedKinds.has(groupKind(apiVersion, kind));

function isOf(hub: HubName, object: JsonObject): boolean {
  const place = textAt(object, 'metadata', 'annotations', annotations.orphanedNamespace) ?? hub.namespace;
  return originOf(object)?.split('/')[0] === hub.name && place === hub.namespace;
}

function asRetained(kind: KindRef, object: JsonObject): RetainedObject {
  const [, form = '', uid = ''] = (originOf(object) ?? '/unknown/unknown').split('/');
  const namespace = textAt(object, 'metadata', 'namespace');
  const name = textAt(object, 'metadata', 'name') ?? '';
  return {
    ref: { ...kind, ...(namespace === undefined ? {} : { namespace }), name },
    objectUid: textAt(object, 'metadata', 'uid') ?? '',
    uid,
    form,
    reason: textAt(object, 'metadata', 'annotations', annotations.orphanedReason) ?? '',
    since: textAt(object, 'metadata', 'annotations', annotations.orphanedAt),
    marks: orphanMarks(object),
  };
}

function table(objects: readonly RetainedObject[], now: Date): string {
  const rows = objects.map(({ ref, uid, form, reason, since }) => [
    uid,
    form,
    ref.kind,
    ref.namespace ?? '',
    ref.name,
    reason,
    ageSince(since, now),
  ]);
  return formatTable(['ROW', 'FORM', 'KIND', 'NAMESPACE', 'NAME', 'REASON', 'AGE'], rows);
}

/** Nodes adopt by themselves when they look: they are asked to look now. */
async function adoptAll(
  context: Context,
  cluster: Cluster,
  wanted: readonly RetainedObject[],
  flags: RetainedFlags,
): Promise<ExitCode> {
  const namespace = await context.namespace();
  const engine = await ownEngine(context);
  const nodes = new Map(wanted.map(({ uid, form }) => [nodeName(uid, form), uid]));
  const before = flags.wait ? await passesNow(engine, namespace, [...nodes.keys()]) : new Map<string, number>();
  const told = new Map<string, number>();
  const text = (done: number): string => `${done}/${nodes.size} nodes asked`;
  await withCounts(context, { total: nodes.size, text }, async ({ out, err }, done) => {
    for (const [index, [name, uid]] of [...nodes].entries()) {
      done(index);
      const node = await cluster.get(refOf(kinds.node, namespace, name));
      const sent = node === undefined ? { kind: 'absent' } : await engine.resyncNode(namespace, name);
      if (sent.kind === 'sent') {
        told.set(name, before.get(name) ?? 0);
        out.write(`${kinds.node.resource}/${name} takes back what its form still names\n`);
      } else {
        const why =
          node === undefined
            ? `row ${uid} has no such LynqNode; it takes them back when the row returns`
            : 'no run of it is there';
        err.write(`Error: ${kinds.node.resource}/${name}: ${why}\n`);
      }
    }
    done(nodes.size);
  });
  if (flags.wait) await waitForPasses(context, { engine, namespace, before: told, timeout: flags['wait-timeout'] });
  return told.size === nodes.size ? exitCodes.ok : exitCodes.failed;
}
