import { nodeName } from '../../domain/identity.ts';
import { difference, type PlannedForm } from '../../domain/hub-plan.ts';
import { type NumberReaders, openEmptyNumbers } from '../../domain/empty-numbers.ts';
import type { KnownRead, ReadProof, SourceRow } from '../../domain/ports.ts';
import { type ClassifiedRows, isActive, openRowClassifier, rowAnnotations } from '../../domain/rows.ts';
import { readableSpec, sealRow } from '../../domain/secret-values.ts';
import type { HubRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { HeldValues, type HoldLimits, type RowValues } from './held-values.ts';
import type { ReadHub, SourceCredentials } from './read-hub.ts';

/** A proven read: what the rows mean, and the values of those rows that some node does not have yet. */
export interface RowsRead {
  readonly proof: ReadProof;
  readonly classified: ClassifiedRows;
  /** By uid, for rows with a node to make or to change. */
  readonly values: ReadonlyMap<string, RowValues>;
  /** uids that values were kept of for a time, those of rows that are not acted on after all included. */
  readonly turns: ReadonlySet<string>;
  /** There are more such rows than values were kept of. */
  readonly isFull: boolean;
  /** Lets go of the values. */
  forget(): void;
}

/** What a read is for. */
export interface RowsWork {
  readonly hub: ReadHub;
  readonly forms: readonly PlannedForm[];
  readonly credentials: Promise<SourceCredentials>;
  readonly attempt: Attempt;
  /** Rows of which it is known what they mean; when the proof says that they are still these, nothing else of the answer counts. */
  readonly known?: KnownRead | undefined;
  readonly limits?: HoldLimits | undefined;
  /** Which forms take a column for a number: rows where it is empty are told of. */
  readonly numbers?: NumberReaders;
}

/**
 * Reads the hub's table once. Rows are compared as they stream by, so that memory holds the values of changed rows only, and of these no more than
 * `limits` allow. Fails as RowSource.read does; then nothing may be concluded.
 */
export async function readRows(deps: Deps, request: HubRef, work: RowsWork): Promise<RowsRead> {
  const classifier = openRowClassifier(deps.rowHash);
  const empty = openEmptyNumbers(work.numbers ?? new Map());
  const held = new HeldValues(work.limits);
  const { spec } = work.hub.hub;
  const readable = readableSpec(spec);
  const names = new Set(Object.keys(spec.secretValueMappings ?? {}));
  const key = names.size === 0 ? new Uint8Array() : await deps.hubKeys.of(request.namespace, request.hub);
  const credentials = await work.credentials;
  const onRow = (raw: SourceRow): void => {
    const { row, secrets } = sealRow(raw, names, key);
    const found = rowAnnotations(row, request.hub);
    const { hash: dataHash, isUsable } = classifier.add(row, found, [...secrets.values()]);
    if (isUsable && isActive(row.activate)) empty.add(row);
    if (!isUsable) held.drop(row.uid);
    else if (isActive(row.activate) && !isCurrent(deps, request, { uid: row.uid, dataHash }, work.forms))
      held.keep(row.uid, { annotations: found, secrets });
  };
  const { known } = work;
  const { signal } = work.attempt;
  const hub = `${request.namespace}/${request.hub}`;
  const proof = await deps.rows.read({ hub, spec: readable, ...credentials, known, signal }, onRow);
  const rows = classifier.finish();
  const classified = { ...rows, warnings: [...rows.warnings, ...empty.warnings()] };
  const active: ReadonlyMap<string, unknown> = classified.active;
  held.retain((uid) => active.has(uid));
  const { values, turns, isFull } = held;
  return { proof, classified, values, turns, isFull, forget: () => held.clear() };
}

function isCurrent(
  deps: Deps,
  request: HubRef,
  row: { readonly uid: string; readonly dataHash: string },
  forms: readonly PlannedForm[],
): boolean {
  return forms.every((form) => {
    const node = deps.nodes.get(request.namespace, nodeName(row.uid, form.name));
    return node?.hub === request.hub && difference(node, form, row.dataHash) === undefined;
  });
}
