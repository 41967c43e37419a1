import type { Client } from '@temporalio/client';
import type { HubRef } from '../activities/contract.ts';
import type { FormRef } from '../activities/hub/hubless-forms.ts';
import { areMany } from '../domain/mass-removal.ts';
import type { Clock, Logger, Reflector } from '../domain/ports.ts';
import type { NodeDigest } from '../domain/watching.ts';
import { handToRemovals } from './removals.ts';
import { wakeRollout } from './rollouts.ts';
import { ensureSchedule, lookAtSchedule, removeSchedule, removeVanished, requestSync } from './schedules.ts';
import type { Fleet } from './telemetry/fleet.ts';
import { signalWaker } from './temporal.ts';
import type { DigestChange } from './watch/digest-store.ts';
import { CountKeeper } from './watch/count-keeper.ts';
import { Dispatcher } from './watch/dispatcher.ts';
import { HubWatch } from './watch/hub-watch.ts';
import type { Watches } from './watch/index.ts';
import type { WatchedNodes } from './watch/node-index.ts';
import { Turns } from './watch/turns.ts';
import type { IdleListener } from './watch/run-registry.ts';

/** What only the leading worker does: waking runs whose node or children changed, and keeping schedules as their hubs want them. */
export interface LeadingWork {
  /** Begins or ends the work. */
  change(leading: boolean, watches: Watches): void;
  /** A pass that ran here has ended. */
  readonly onIdle: IdleListener;
  /** What is seen of the fleet while this worker leads. */
  readonly fleet: () => Fleet | undefined;
  /** Up to which resourceVersion forms have been followed; undefined where another worker leads. */
  readonly formsSeen: () => string | undefined;
}

export interface LeadingParts {
  /** As which this installation holds hubs. */
  readonly installation: string;
  readonly reflector: Reflector;
  readonly client: Client;
  readonly taskQueue: string;
  /** Brings the counts in the status of a hub and its forms up to date. */
  readonly refreshCounts: (hub: HubRef) => Promise<void>;
  /** How often each node is compared with its children. */
  readonly comparisonMilliseconds: number;
  /** Whether this installation may act on a hub at all. */
  readonly mayHold: (hub: HubRef) => Promise<boolean>;
  /** Whether a holder, as a hub names it, is another installation that is alive. */
  readonly isOthers: (holder: string | undefined) => Promise<boolean>;
  /** Whether there is no such hub, by a GET. */
  readonly isGone: (hub: HubRef) => Promise<boolean>;
  /** Says on a form that its hub does not exist. */
  readonly reportHubless: (form: FormRef) => Promise<'hubless' | 'other'>;
  /** The key of a hub, once it is known here. */
  readonly hubKey: (namespace: string, hub: string) => Uint8Array | undefined;
  /** Says on a hub that a sync of it has been running since then. */
  readonly reportStuck: (hub: HubRef, since: Date) => Promise<void>;
  /** Says on a hub why its schedule cannot be made; without a reason, takes that back. */
  readonly reportScheduling: (hub: HubRef, why: string | undefined) => Promise<void>;
  /** From when on a running sync is said to hang. */
  readonly stuckMilliseconds: number;
  /** By which times in the status of hubs were written. */
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Term {
  readonly dispatcher: Dispatcher;
  readonly fleet: Fleet;
  readonly formsSeen: () => string | undefined;
  end(): void;
}

function openHubWatch(parts: LeadingParts, watches: Watches): HubWatch {
  const { client, taskQueue, mayHold, isOthers, isGone, reportHubless, reportScheduling, reportStuck, logger } = parts;
  return new HubWatch(
    {
      installation: parts.installation,
      ensure: async (hub, timing) => {
        if (!(await mayHold(hub))) return 'other';
        return ensureSchedule(client, hub, timing, taskQueue);
      },
      isOthers,
      trigger: async (hub) => {
        await requestSync(client, hub);
      },
      rollout: (form) => wakeRollout(client, form, taskQueue),
      remove: (hub) => removeSchedule(client, hub),
      removeOthers: (hubs) => removeVanished(client, { hubs, taskQueue, isGone }),
      look: (hub) => lookAtSchedule(client, hub, taskQueue),
      scheduling: reportScheduling,
      stuck: reportStuck,
      hubless: async (form) => (await reportHubless(form)) === 'hubless',
      onLost: () => watches.ports.runs.forgetAll(),
    },
    logger,
    parts.stuckMilliseconds,
    parts.clock,
  );
}

/**
 * A node that went or was edited by hand is the next sync's business; for one that went another hub may wait, which its form was moved to. While many go, a
 * sync for each few of them took as long as their removal.
 */
export function reactToNode(
  { before, after }: DigestChange<NodeDigest>,
  hubs: Pick<HubWatch, 'request' | 'requestOfForm'>,
  nodes: Pick<WatchedNodes, 'leavingOf'>,
): void {
  if (before !== undefined && after === undefined) {
    const haste = areMany(nodes.leavingOf(before.namespace, before.hub)) ? 'later' : 'soon';
    hubs.request(before, haste);
    hubs.requestOfForm(before, haste);
  }
  if (after?.edited === true && before?.edited === false) hubs.request(after);
}

/** What gauges of this installation are about. */
const fleetOf = (hubs: HubWatch, nodes: Watches['ports']['nodes']): Fleet => ({
  hubs: () => hubs.seenHubs(),
  forms: () => hubs.seenForms(),
  nodes: () => [...nodes.all()].filter((node) => hubs.tells(node)),
});

/** A fresh start each time: what an earlier term believed of hubs may be old. */
function beginTerm(parts: LeadingParts, watches: Watches): Term {
  const stop = new AbortController();
  const hubs = openHubWatch(parts, watches);
  const { nodes, children, runs } = watches.ports;
  const syncSoon = ({ namespace, hub }: NodeDigest) => hubs.request({ namespace, hub });
  const counts = new CountKeeper(parts.refreshCounts, parts.logger);
  const stopNodes = nodes.onChange((change) => {
    counts.onNode(change);
    reactToNode(change, hubs, nodes);
  });
  const dispatcher = new Dispatcher({
    nodes,
    children,
    runs,
    wake: signalWaker(parts.client),
    removeMany: (page) => handToRemovals(parts.client, page, parts.taskQueue),
    onMissing: syncSoon,
    hubKey: parts.hubKey,
    logger: parts.logger,
  });
  dispatcher.start();
  const turns = new Turns(parts.comparisonMilliseconds, (isDue) => {
    for (const node of nodes.all()) if (isDue(`${node.namespace}/${node.name}`)) dispatcher.compare(node);
  });
  void hubs.run(parts.reflector, stop.signal);
  return {
    dispatcher,
    formsSeen: () => hubs.formsSeen(),
    fleet: fleetOf(hubs, nodes),
    end() {
      stopNodes();
      counts.close();
      turns.stop();
      dispatcher.stop();
      hubs.close();
      stop.abort();
    },
  };
}

export function leadingWork(parts: LeadingParts): LeadingWork {
  let term: Term | undefined;
  return {
    change(leading, watches) {
      term?.end();
      term = leading ? beginTerm(parts, watches) : undefined;
    },
    onIdle: (namespace, node, seen) => term?.dispatcher.onIdle(namespace, node, seen),
    fleet: () => term?.fleet,
    formsSeen: () => term?.formsSeen(),
  };
}
