/**
 * Changes of command order since the first release, each with what changed, why, and when it can go. A workflow asks `patched()` only with a
 * member of this table; recorded histories of every release replay in the tests. Nothing has been released yet.
 */
export const versions = {} as const;
