import { createHash } from 'node:crypto';
import { textAt } from '../../domain/api/json.ts';
import { managers } from '../../domain/keys.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import { type AuditWrite, isBookkeeping, isWorkerWrite } from './audit.ts';
import { kubectl } from './commands.ts';
import { ToolError } from './failure.ts';
import { customer, customerNamespace, sql, type Stage, untilAllGone, untilAllReady } from './stage.ts';
import { columns, seconds } from './text.ts';

/** What has to be the same object before and after the row's return: the database and what it needs. */
const retained: readonly ObjectRef[] = [
  { apiVersion: 'v1', kind: 'Namespace', name: customerNamespace },
  { apiVersion: 'v1', kind: 'Secret', namespace: customerNamespace, name: `${customer}-db-credentials` },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: customerNamespace, name: `${customer}-postgres` },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: customerNamespace,
    name: `data-${customer}-postgres-0`,
  },
];

/** Step 5: the row goes and comes back. */
export async function leaveAndReturn(stage: Stage): Promise<void> {
  const { printer } = stage;
  printer.heading('5. The row is deactivated, and returns');
  const before = await identities(stage);
  const mark = stage.audit.mark();
  const left = await sql(stage, `UPDATE nodes SET is_active = FALSE WHERE node_id = '${customer}'`);
  await untilAllGone(stage);
  printer.line(`all LynqNodes are gone, ${seconds(Date.now() - left)} after the commit`);
  const writes = stage.audit.since(mark).filter((write) => isWorkerWrite(write) && !isBookkeeping(write));
  printer.line('deleted, in this order (the four LynqNodes are removed side by side):');
  printer.block(listing(writes.filter(isDelete), left));
  printer.line('retained and marked as orphans: the database, and what it needs');
  printer.block(
    listing(
      writes.filter(({ manager }) => manager === managers.markers),
      left,
    ),
  );
  printer.line('what is left:');
  await kubectl(stage, ['get', 'all,ingress,secrets,persistentvolumeclaims', '-n', customerNamespace]);
  const back = await sql(stage, `UPDATE nodes SET is_active = TRUE WHERE node_id = '${customer}'`);
  await untilAllReady(stage, back);
  printer.line('the same objects, and the same password (shown as a hash):');
  compare(stage, before, await identities(stage));
}

function isDelete({ verb, code }: AuditWrite): boolean {
  return verb === 'delete' && code < 300;
}

function listing(writes: readonly AuditWrite[], since: number): readonly string[] {
  return columns(writes.map(({ at, resource, name }) => [`+${seconds(at - since)}`, resource, name]));
}

type Identities = ReadonlyMap<string, string>;

/** uid of each retained object, and a hash of the database password: the value itself is never shown. */
async function identities(stage: Stage): Promise<Identities> {
  const found = new Map<string, string>();
  for (const ref of retained) {
    const object = await stage.opened.cluster.get(ref);
    found.set(`${ref.kind} ${ref.name}`, textAt(object, 'metadata', 'uid') ?? 'absent');
    if (ref.kind !== 'Secret') continue;
    const password = Buffer.from(textAt(object, 'data', 'password') ?? '', 'base64');
    found.set('its password (sha256)', createHash('sha256').update(password).digest('hex').slice(0, 16));
  }
  return found;
}

function compare(stage: Stage, before: Identities, after: Identities): void {
  const rows = [...before].map(([what, was]) => {
    const is = after.get(what) ?? 'absent';
    return [what, was, is === was ? 'same' : `now ${is}`];
  });
  stage.printer.block(columns([['OBJECT', 'UID BEFORE', 'AFTER THE RETURN'], ...rows]));
  const changed = rows.filter(([, was, now]) => now !== 'same' || was === 'absent');
  if (changed.length === 0) return;
  throw new ToolError('not everything that should have been retained is the same', {
    details: changed.map((row) => row.join('  ')),
    fix: 'this is a fault of the worker; its log and the audit log are in the data folder',
  });
}
