import type { Json, JsonObject } from '../../domain/api/json.ts';
import { listAt, numberAt, textAt } from '../../domain/api/json.ts';
import type { WatchEvent } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { conditionOf, kinds, requireObject } from '../kinds.ts';
import { ageSince } from '../output/age.ts';
import { drawableLines, liveOutput } from '../output/live.ts';
import { formatTable } from '../output/table.ts';

export const watchNode = defineCommand({
  name: 'watch',
  summary: 'Follow a node live, until it has come to rest',
  description:
    'On a terminal a table of the entries that is written over as they change, with what is not ready first where it is too low for all; elsewhere a line ' +
    'for each change. Ends when the node is Ready (code 0), when nothing moves any more and it is not (code 1), or when it is gone (code 0). With --forever it goes on until Ctrl-C. ' +
    'A connection that is lost is told and made again; an account that may not watch the node ends it (code 1).',
  args: [{ name: 'node', kind: 'required', completes: 'nodes', summary: 'name of the LynqNode' }],
  flags: { forever: { kind: 'boolean', summary: 'go on when the node has come to rest' } },
  examples: [{ command: 'lynq watch acme-corp-api-tier', summary: 'see it come up' }],
  exits: { 0: 'the node is Ready, or gone', 1: 'nothing moves any more and it is not Ready, or there is no such node' },
  async run({ args, flags }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const first = await requireObject(cluster, kinds.node, namespace, args.node);
    return follow(context, first, { namespace, name: args.node, forever: flags.forever });
  },
});

interface Watched {
  readonly namespace: string;
  readonly name: string;
  readonly forever: boolean;
}

type Seen = WatchEvent & { readonly kind: 'set' | 'removed' };

/** How the command ends, or undefined while there is something to see. */
function endOf(event: Seen): ExitCode | undefined {
  if (event.kind === 'removed') return exitCodes.ok;
  const { object } = event;
  if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return undefined;
  if (textAt(conditionOf(object, 'Ready'), 'status') === 'True') return exitCodes.ok;
  const moving = textAt(conditionOf(object, 'Progressing'), 'status') !== 'False';
  return moving ? undefined : exitCodes.failed;
}

async function follow(context: Context, first: JsonObject, watched: Watched): Promise<ExitCode> {
  const { namespace, name, forever } = watched;
  const screen = context.out.isTerminal ? tableScreen(context) : lineScreen(context);
  const enough = new AbortController();
  let code: ExitCode = exitCodes.ok;
  const onSeen = (event: Seen): void => {
    screen.show(event);
    const end = endOf(event);
    code = end ?? exitCodes.ok;
    if (event.kind === 'removed' || (end !== undefined && !forever)) enough.abort();
  };
  onSeen({ kind: 'set', object: first });
  try {
    if (!enough.signal.aborted) {
      const where = { namespace, fieldSelector: `metadata.name=${name}` };
      const onEvent = seenOf(first, onSeen);
      const { followChanges } = await import('../watching.ts');
      const onConnection: Screen['onConnection'] = (text, isLost) => screen.onConnection(text, isLost);
      await followChanges(context, { kind: kinds.node, where, onEvent, onConnection, enough: enough.signal });
    }
  } finally {
    screen.end();
  }
  return code;
}

/** What a watch of one node shows of it; a complete list without it shows that it went while nobody watched. */
function seenOf(first: JsonObject, onSeen: (event: Seen) => void): (event: WatchEvent) => void {
  let last = first;
  let isListed = true;
  return (event) => {
    if (event.kind === 'restarted') isListed = false;
    else if (event.kind === 'synced') {
      if (!isListed) onSeen({ kind: 'removed', object: last });
    } else if (event.kind !== 'unlisted') {
      last = event.object;
      isListed = true;
      onSeen(event);
    }
  };
}

interface Screen {
  show(event: Seen): void;
  onConnection(text: string, isLost: boolean): void;
  end(): void;
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMilliseconds = 200;

/** Drawn again now and then too: ages grow, and a spinner that turns says that somebody looks. */
function tableScreen({ out, clock }: Context): Screen {
  const live = liveOutput(out);
  let event: Seen | undefined;
  let note = '';
  let frame = 0;
  const draw = (): void => {
    if (event === undefined) return;
    const picture = spinner[frame % spinner.length] ?? '';
    live.draw(tableText(event, { now: clock.now(), picture, note, lines: drawableLines(out) }));
    frame += 1;
  };
  const timer = setInterval(draw, frameMilliseconds);
  timer.unref();
  return {
    show: (next) => {
      event = next;
      draw();
    },
    // Part of the table: what stderr gets would be written over.
    onConnection: (text, isLost) => {
      note = isLost ? `${text}\n` : '';
      draw();
    },
    end: () => clearInterval(timer),
  };
}

interface Drawing {
  readonly now: Date;
  /** Of the spinner. */
  readonly picture: string;
  /** Lines about the connection. */
  readonly note: string;
  /** How many can be drawn. */
  readonly lines: number;
}

function tableText(event: Seen, { now, picture, note, lines }: Drawing): string {
  if (event.kind === 'removed') return `${titleOf(event.object)} is gone\n${note}`;
  const { object } = event;
  const mark = endOf(event) === undefined ? `${picture} ` : '';
  const head = `${mark}${titleOf(object)} ${stateOf(object)}\n${note}`;
  const room = lines - head.split('\n').length;
  const rows = mattersFirst(listAt(object, 'status', 'resources'), room).map((resource) => [
    ...['id', 'kind', 'name', 'state'].map((key) => textAt(resource, key) ?? ''),
    ageSince(textAt(resource, 'since'), now),
    whyOf(resource),
  ]);
  return `${head}${formatTable(['ID', 'KIND', 'NAME', 'STATE', 'SINCE', 'REASON'], rows)}`;
}

/** In the order of the form; where there is no room for all, what is ready is left out first. */
function mattersFirst(resources: readonly Json[], room: number): readonly Json[] {
  if (resources.length <= room) return resources;
  const isReady = (resource: Json): boolean => textAt(resource, 'state') === 'Ready';
  return [...resources.filter((resource) => !isReady(resource)), ...resources.filter(isReady)];
}

/** One line for each entry whose state or reason changed, and for the node itself. */
function lineScreen({ out, err, clock }: Context): Screen {
  const seen = new Map<string, string>();
  const say = (key: string, text: string): void => {
    if (seen.get(key) === text) return;
    const before = seen.get(key);
    seen.set(key, text);
    const time = clock.now().toISOString().slice(11, 19);
    out.write(`${time}  ${key}  ${before === undefined ? '' : `${before.split(':')[0]} → `}${text}\n`);
  };
  return {
    show: (event) => {
      if (event.kind === 'removed') return say(titleOf(event.object), 'gone');
      for (const resource of listAt(event.object, 'status', 'resources')) {
        const why = whyOf(resource);
        say(
          `${textAt(resource, 'id')} (${textAt(resource, 'kind')} ${textAt(resource, 'name')})`,
          `${textAt(resource, 'state')}${why === '' ? '' : `: ${why}`}`,
        );
      }
      say(titleOf(event.object), stateOf(event.object));
    },
    onConnection: (text) => err.write(`${text}\n`),
    end: () => undefined,
  };
}

function titleOf(node: JsonObject): string {
  return `node/${textAt(node, 'metadata', 'name') ?? ''}`;
}

function stateOf(node: JsonObject): string {
  const count = (field: string): number => numberAt(node, 'status', field) ?? 0;
  const counts = `${count('readyResources')}/${count('desiredResources')} ready`;
  if (textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return `Deleting: ${counts}`;
  const ready = conditionOf(node, 'Ready');
  if (ready === undefined) return 'Pending: not looked at yet';
  const reason = textAt(ready, 'status') === 'True' ? '' : `, ${textAt(ready, 'reason') ?? ''}`;
  return `${textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady'}: ${counts}${reason}`;
}

function whyOf(resource: Json): string {
  return [textAt(resource, 'reason'), textAt(resource, 'message')]
    .filter((part) => part !== undefined && part !== '')
    .join(': ');
}
