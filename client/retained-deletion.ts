import { type JsonObject, textAt } from '../domain/api/json.ts';
import { annotations, labels } from '../domain/keys.ts';
import { isNamespace } from '../domain/form-kinds.ts';
import type { Cluster, DeleteResult } from '../domain/ports.ts';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type Progress, withCounts } from './output/progress.ts';
import { counted } from './output/problems.ts';
import type { RetainedFlags, RetainedObject } from './retained.ts';
import { readSpace, shortened } from './retained-space.ts';
import { type Look, waitUntil } from './wait.ts';

/** What a hub has left behind is deleted for good. Rows return at any time, and with them the objects that a person is asked about. */

/** That an object is an orphan, and of which life: the same as long as nobody has taken it back. */
export function orphanMarks(object: JsonObject): string {
  const [label, from, place] = [
    textAt(object, 'metadata', 'labels', labels.orphaned),
    textAt(object, 'metadata', 'annotations', annotations.orphanedFrom),
    textAt(object, 'metadata', 'annotations', annotations.orphanedNamespace),
  ];
  return [label, from, place].map((mark) => mark ?? '').join('\n');
}

const describe = ({ ref }: RetainedObject): string =>
  `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;

/** Namespaces go last, and only where nothing else holds them. */
export async function deleteAll(
  context: Context,
  cluster: Cluster,
  wanted: readonly RetainedObject[],
  flags: RetainedFlags,
): Promise<ExitCode> {
  const asked = new Spaces(context, cluster);
  const chosen: RetainedObject[] = [];
  for (const object of wanted) if (await asked.mayGo(object, uidsOf(wanted))) chosen.push(object);
  if (chosen.length === 0) return exitCodes.failed;
  await confirm(context, flags, `Delete ${counted(chosen.length, 'object')} for good?${asked.remark()}`);
  const agreed: RetainedObject[] = [];
  const going: RetainedObject[] = [];
  const last = ({ ref }: RetainedObject): number => Number(isNamespace(ref));
  const text = (done: number): string => `${done}/${chosen.length} objects looked at, ${agreed.length} deleted`;
  await withCounts(context, { total: chosen.length, text }, async (told, done) => {
    const spaces = asked.within(told);
    for (const [index, object] of chosen.toSorted((a, b) => last(a) - last(b)).entries()) {
      done(index);
      if (!(await spaces.mayGo(object, uidsOf(agreed)))) continue;
      const result = await deleteOne({ context: told, cluster, wait: flags.wait }, object);
      if (result !== 'left') agreed.push(object);
      if (result === 'going') going.push(object);
    }
    done(chosen.length);
  });
  if (flags.wait) await untilGone(context, cluster, { going, timeout: flags['wait-timeout'] });
  return agreed.length === wanted.length ? exitCodes.ok : exitCodes.failed;
}

interface Deleting {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly wait: boolean;
}

/** Deletes one and says what came of it, but for one that is waited for. */
async function deleteOne(
  { context, cluster, wait }: Deleting,
  object: RetainedObject,
): Promise<'left' | 'going' | 'gone'> {
  const result = await deleteOrphan(cluster, object);
  const why = whyLeft(result);
  if (why !== undefined) {
    context.err.write(`Error: ${describe(object)} ${why}\n`);
    return 'left';
  }
  const isGoing = result.kind === 'accepted' && (await isThere(cluster, object));
  if (!isGoing) context.out.write(`${describe(object)} deleted\n`);
  else if (!wait) context.out.write(`${describe(object)} is being deleted\n`);
  return isGoing ? 'going' : 'gone';
}

const uidsOf = (objects: readonly RetainedObject[]): ReadonlySet<string> =>
  new Set(objects.map(({ objectUid }) => objectUid));

/** A Namespace takes along what is in it: that is looked at for the question, and again before it is deleted. */
class Spaces {
  private readonly context: Context;
  private readonly cluster: Cluster;
  /** By Namespace, what was named as going with it. */
  private readonly named: Map<string, ReadonlySet<string>>;

  constructor(context: Context, cluster: Cluster, named = new Map<string, ReadonlySet<string>>()) {
    this.context = context;
    this.cluster = cluster;
    this.named = named;
  }

  /** The same that prints elsewhere. */
  within(context: Context): Spaces {
    return new Spaces(context, this.cluster, this.named);
  }

  /** False when something else holds it, which is said; what would go with it is named first. */
  async mayGo(object: RetainedObject, going: ReadonlySet<string>): Promise<boolean> {
    if (!isNamespace(object.ref)) return true;
    const { name } = object.ref;
    const { holders, others } = await readSpace(this.cluster, name, going);
    if (holders.length > 0) {
      const lines = [`Error: ${describe(object)} is left alone for what else is in it:`, ...holders].join('\n  ');
      this.context.err.write(`${lines}\n`);
      return false;
    }
    const named = this.named.get(name) ?? new Set();
    const news = others.filter((what) => !named.has(what));
    if (news.length > 0) this.context.err.write(`${describe(object)} takes along: ${news.join(', ')}\n`);
    this.named.set(name, new Set([...named, ...others]));
    return true;
  }

  /** For the question; empty where no Namespace goes. */
  remark(): string {
    const { size } = this.named;
    if (size === 0) return '';
    const others = [...this.named.values()].flatMap((names) => [...names]);
    const more = others.length === 0 ? '' : `, also what is not of Lynq: ${shortened(others)}`;
    return ` ${counted(size, 'namespace')} with everything in ${size === 1 ? 'it' : 'them'}${more}.`;
  }
}

type OrphanResult = DeleteResult | { readonly kind: 'takenBack' };

/** Controllers write their status beside us; an object that changes between each two requests is left alone. */
const attempts = 5;

/** Deletes the object as it was looked at last: with its marks, which a node that takes it back removes. */
async function deleteOrphan(cluster: Cluster, { ref, objectUid, marks }: RetainedObject): Promise<OrphanResult> {
  for (let attempt = 1; ; attempt += 1) {
    const live = await cluster.get(ref);
    if (live === undefined) return { kind: 'gone' };
    if (textAt(live, 'metadata', 'uid') !== objectUid) return { kind: 'otherUid' };
    if (orphanMarks(live) !== marks) return { kind: 'takenBack' };
    const resourceVersion = textAt(live, 'metadata', 'resourceVersion');
    const result = await cluster.delete(ref, objectUid, { resourceVersion });
    if (result.kind !== 'stale' || attempt === attempts) return result;
  }
}

function whyLeft(result: OrphanResult): string | undefined {
  switch (result.kind) {
    case 'refused':
      return `was not deleted: ${result.message}`;
    case 'otherUid':
      return 'is another object now and was left alone';
    case 'takenBack':
      return 'was taken back meanwhile and was left alone';
    case 'stale':
      return 'changes all the time and was left alone; run the command again';
    case 'accepted':
    case 'deleted':
    case 'gone':
      return undefined;
  }
}

/** Finalizers hold an object that the server has agreed to delete, and an object in a namespace holds that. */
async function isThere(cluster: Cluster, { ref, objectUid }: RetainedObject): Promise<boolean> {
  return textAt(await cluster.get(ref), 'metadata', 'uid') === objectUid;
}

async function untilGone(
  context: Context,
  cluster: Cluster,
  { going, timeout }: { readonly going: readonly RetainedObject[]; readonly timeout: string },
): Promise<void> {
  const open = [...going];
  const look = async (progress: Pick<Progress, 'beside'>): Promise<Look<true>> => {
    for (let object = open[0]; object !== undefined; object = open[0]) {
      if (await isThere(cluster, object)) {
        const counts = going.length === 1 ? '' : `${going.length - open.length}/${going.length} objects gone, `;
        return { kind: 'notYet', text: `${counts}${describe(object)} is still there` };
      }
      const line = `${describe(object)} deleted\n`;
      progress.beside(() => context.out.write(line));
      open.shift();
    }
    return { kind: 'done', value: true };
  };
  await waitUntil(context, { what: `${counted(going.length, 'object')} to be gone`, look, timeout });
}
