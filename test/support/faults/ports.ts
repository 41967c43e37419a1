import type { Changes, Subscription } from '../../../domain/watching.ts';
import type { Cluster, RowSource } from '../../../domain/ports.ts';
import type { OutwardPorts } from '../../../worker/wiring.ts';
import { birthOf, type Effect, lookOf, removalOf, writeOf } from './effects.ts';
import type { Trigger } from './trigger.ts';

/** The ports of a worker with a trigger before and after each of their effects. */
export function withTriggers(trigger: Trigger): (ports: OutwardPorts) => OutwardPorts {
  return ({ cluster, rows, changes }) => ({
    cluster: triggeredCluster(trigger, cluster),
    rows: triggeredRows(trigger, rows),
    changes: triggeredChanges(trigger, changes),
  });
}

async function around<T>(trigger: Trigger, effect: Effect, work: () => Promise<T>): Promise<T> {
  await trigger.pass(effect, 'before');
  const answer = await work();
  await trigger.pass(effect, 'after');
  return answer;
}

function triggeredCluster(trigger: Trigger, cluster: Cluster): Cluster {
  return {
    kindInfo: (kind) => cluster.kindInfo(kind),
    servedAs: (kind) => cluster.servedAs(kind),
    listableKinds: () => cluster.listableKinds(),
    get: (ref, signal) => around(trigger, lookOf(ref), () => cluster.get(ref, signal)),
    list: (kind, options) =>
      around(trigger, { purpose: 'list', kind: kind.kind, about: options.namespace ?? '' }, () =>
        cluster.list(kind, options),
      ),
    apply: (ref, body, options) =>
      around(trigger, writeOf(ref, body, options), () => cluster.apply(ref, body, options)),
    create: (ref, body, options) => around(trigger, birthOf(ref), () => cluster.create(ref, body, options)),
    replace: (ref, body, options) =>
      around(trigger, writeOf(ref, body, options), () => cluster.replace(ref, body, options)),
    patch: (ref, type, body, options) =>
      around(trigger, writeOf(ref, Array.isArray(body) ? {} : (body as never), options), () =>
        cluster.patch(ref, type, body, options),
      ),
    delete: (ref, uid, signal) => around(trigger, removalOf(ref), () => cluster.delete(ref, uid, signal)),
  };
}

function triggeredRows(trigger: Trigger, rows: RowSource): RowSource {
  return {
    read: (request, onRow) => {
      const seen: Effect = { purpose: 'rowSeen', kind: 'Row', about: `${request.hub}/` };
      return around(trigger, { purpose: 'readRows', kind: 'Rows', about: `${request.hub}/` }, () =>
        rows.read(request, (row) => {
          // Rows come one by one without a pause between them; what a failpoint does to the process it does at once.
          void trigger.pass(seen, 'before');
          onRow(row);
          void trigger.pass(seen, 'after');
        }),
      );
    },
    recheck: (request) =>
      around(trigger, { purpose: 'readRows', kind: 'Rows', about: `${request.hub}/` }, () => rows.recheck(request)),
    retain: (hubs) => rows.retain(hubs),
    close: () => around(trigger, { purpose: 'closing', kind: 'Process', about: '' }, () => rows.close()),
  };
}

/** A wait is about everything it waits for. */
function triggeredChanges(trigger: Trigger, changes: Changes): Changes {
  return {
    subscribe(): Subscription {
      const subscription = changes.subscribe();
      const keys: string[] = [];
      return {
        add(key) {
          keys.push(key);
          subscription.add(key);
        },
        next: (timeout, signal) =>
          around(trigger, { purpose: 'wait', kind: 'Subscription', about: keys.join(' ') }, () =>
            subscription.next(timeout, signal),
          ),
        close: () => subscription.close(),
      };
    },
  };
}
