/**
 * The disagreements of documentation and code of the Go operator (parity 11.3), by number. What its users expect holds here, in a test whose name
 * begins with `row <number>: `; meta.test.ts looks that there is one. A row without behaviour of this program says why.
 */
export const rows = 44;

/** Rows that no test of this program can be about. */
export const doesNotApply: Readonly<Record<number, string>> = {
  39: 'it is about environment variables of the dashboard of the Go operator, which this project does not have',
};

/** Rows that do not hold yet, and what is the case instead. */
export const open: Readonly<Record<number, string>> = {};
