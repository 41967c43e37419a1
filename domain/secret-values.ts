import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { LynqHubSpec } from './api/hub.ts';
import { LynqFailure } from './failures.ts';
import type { SourceRow } from './ports.ts';

/**
 * Values of `secretValueMappings`: kept in a Secret beside each node, and known elsewhere by an HMAC with the hub's key only (decisions.md section 1).
 * The uid goes into the HMAC, so that two rows with the same value do not show it.
 */
export type SecretValues = ReadonlyMap<string, string>;

/** Variables that every row has; none of them can be a secret. */
const rowVariableNames: ReadonlySet<string> = new Set(['uid', 'activate', 'hubId', 'templateRef', 'hostOrUrl', 'host']);

/** What makes the mappings of a hub contradict each other, as a sentence; undefined when nothing does. */
export function mappingProblem(
  spec: Pick<LynqHubSpec, 'extraValueMappings' | 'secretValueMappings' | 'valueMappings'>,
): string | undefined {
  const secret = Object.entries(spec.secretValueMappings ?? {});
  const extra = spec.extraValueMappings ?? {};
  const twice = secret.map(([name]) => name).filter((name) => Object.hasOwn(extra, name));
  if (twice.length > 0) return `${sorted(twice)} in both extraValueMappings and secretValueMappings; keep one of them`;
  const fixed = secret.map(([name]) => name).filter((name) => rowVariableNames.has(name));
  if (fixed.length > 0)
    return `${sorted(fixed)} in secretValueMappings, but every row has a variable of this name; choose another`;
  const open: ReadonlySet<string | undefined> = new Set([
    ...Object.values(extra),
    ...Object.values(spec.valueMappings),
  ]);
  const shown = secret.map(([, column]) => column).filter((column) => open.has(column));
  if (shown.length > 0)
    return `column ${sorted(shown)} in secretValueMappings and in another mapping, which would show its value; keep one of them`;
  return undefined;
}

/** Template variables that a hub maps, secret ones included. */
export function mappedVariables(
  spec: Pick<LynqHubSpec, 'extraValueMappings' | 'secretValueMappings'>,
): readonly string[] {
  return [...Object.keys(spec.extraValueMappings ?? {}), ...Object.keys(spec.secretValueMappings ?? {})];
}

const sorted = (names: readonly string[]): string => [...new Set(names)].toSorted().join(', ');

/** The hub as the source reads it: secret columns among the others. Fails with HubInvalid when the mappings contradict each other. */
export function readableSpec(spec: LynqHubSpec): LynqHubSpec {
  const problem = mappingProblem(spec);
  if (problem !== undefined) throw new LynqFailure('HubInvalid', `the hub has ${problem}`);
  const { secretValueMappings, ...rest } = spec;
  if (secretValueMappings === undefined) return spec;
  return { ...rest, extraValueMappings: { ...spec.extraValueMappings, ...secretValueMappings } };
}

export interface SealedRow {
  readonly row: SourceRow;
  readonly secrets: SecretValues;
}

/** Takes the secret values out of a row and leaves their seal in it. */
export function sealRow(row: SourceRow, names: ReadonlySet<string>, key: Uint8Array): SealedRow {
  if (names.size === 0) return { row, secrets: new Map() };
  const entries = Object.entries(row.extra);
  const secrets = new Map(entries.filter(([name]) => names.has(name)));
  const extra = Object.fromEntries(entries.filter(([name]) => !names.has(name)));
  return { row: { ...row, extra, seal: sealOf(key, row.uid, secrets) }, secrets };
}

/** HMAC-SHA-256 over uid, names and values, in hex; independent of the order of the names. */
export function sealOf(key: Uint8Array, uid: string, secrets: SecretValues): string {
  const pairs = [...secrets].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return bytesToHex(hmac(sha256, key, utf8ToBytes(JSON.stringify([uid, pairs]))));
}
