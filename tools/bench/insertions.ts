import { configForm, seed } from './setup.ts';
import type { Insertion } from './insertion.ts';

const seedObjects = { namespaces: 1, objects: 11 };
const seedTitle = "rows at once, the seed's four forms, INSERT to all LynqNodes Ready";

/** Issue 3. */
export const b0: Insertion = {
  name: 'B0',
  title: seedTitle,
  limit: 3.9,
  statedRows: 25,
  rounds: 2,
  forms: seed,
  expected: seedObjects,
};

/** Issue 6; the Go operator needs 3.8 times the floor. */
export const b1: Insertion = { ...b0, name: 'B1', limit: 1.6, statedRows: 100, rounds: 3 };

/** Issue 6: no pods, so that nothing but the writes and what they cost is measured. */
export const b2: Insertion = {
  name: 'B2',
  title: 'rows at once, one form of three ConfigMaps, INSERT to all LynqNodes Ready',
  limit: 2.5,
  statedRows: 2_000,
  rounds: 1,
  forms: configForm(3),
  expected: { namespaces: 0, objects: 3 },
};
