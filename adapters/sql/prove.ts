import type { KnownRead, ReadProof } from '../../domain/ports.ts';
import type { RowsDigest } from './rows-digest.ts';

export type Proof = Omit<ReadProof, 'insecure'>;

/** Rows that went by, all of them by the server's own count. */
export interface RowsSeen {
  readonly rows: number;
  /** Absent where a row could not be seen as the server sent it. */
  readonly digest: RowsDigest | undefined;
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
  readonly describe: () => Promise<SourceSeen>;
}

/**
 * The proof of one read. Rows of which a read before is known are let go by, and are read again when they are others. What the server makes us tell is part of
 * the digest: a warning that comes or goes makes a known read another one.
 */
export async function prove(known: KnownRead | undefined, steps: ProofSteps): Promise<Proof> {
  if (known?.digest !== undefined) {
    const { rows, digest, identity } = await proofOf(steps, steps.pass);
    if (digest === known.digest && identity === known.identity) return { ...known, rows, unchanged: true };
  }
  return proofOf(steps, steps.stream);
}

async function proofOf({ describe }: ProofSteps, read: () => Promise<RowsSeen>): Promise<Proof> {
  const { rows, digest, warnings: ofValues } = await read();
  const { identity, warnings } = await describe();
  digest?.addTexts(warnings);
  return { rows, identity, digest: digest?.finish(), warnings: [...warnings, ...ofValues] };
}
