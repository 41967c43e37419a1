import { createHash } from 'node:crypto';
import type { KnownRead, ReadProof } from '../../domain/ports.ts';

export type Proof = Omit<ReadProof, 'insecure'>;

/** Rows that went by. */
export interface RowsSeen {
  readonly rows: number;
  /** Over all of them; absent where a row could not be seen as the server sent it. */
  readonly digest: string | undefined;
  /** What is to be told of the values. */
  readonly warnings: readonly string[];
}

/** Identity of the source, and what is to be told of the server and the table. */
export interface SourceSeen {
  readonly identity: string;
  readonly warnings: readonly string[];
}

/** All within one snapshot. */
export interface ProofSteps {
  /** Lets the rows go by without taking them apart. */
  readonly pass: () => Promise<RowsSeen>;
  /** Hands each row on. */
  readonly stream: () => Promise<RowsSeen>;
  /** Right after either: fails unless the server counts as many rows, and gave them without a warning. */
  readonly confirm: (rows: number) => Promise<void>;
  readonly describe: () => Promise<SourceSeen>;
}

/**
 * The proof of one read. Rows of which a read before is known are let go by, and are read again when they are others. What the server makes us tell is part of
 * the digest: a warning that comes or goes makes a known read another one.
 */
export async function prove(known: KnownRead | undefined, steps: ProofSteps): Promise<Proof> {
  return (await proveUnchanged(known, steps)) ?? proofOf(steps, await steps.stream());
}

/** The proof that the rows are those of a read before; undefined when they are others, or when that cannot be told. */
export async function proveUnchanged(known: KnownRead | undefined, steps: ProofSteps): Promise<Proof | undefined> {
  if (known?.digest === undefined) return undefined;
  const seen = await steps.pass();
  if (seen.digest === undefined || !known.digest.startsWith(`${seen.digest}.`)) return undefined;
  const { rows, digest, identity } = await proofOf(steps, seen);
  return digest === known.digest && identity === known.identity ? { ...known, rows, unchanged: true } : undefined;
}

async function proofOf({ confirm, describe }: ProofSteps, seen: RowsSeen): Promise<Proof> {
  const { rows, digest, warnings: ofValues } = seen;
  await confirm(rows);
  const { identity, warnings } = await describe();
  return {
    rows,
    identity,
    digest: digest === undefined ? undefined : `${digest}.${textsDigest(warnings)}`,
    warnings: [...warnings, ...ofValues],
  };
}

function textsDigest(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url');
}
