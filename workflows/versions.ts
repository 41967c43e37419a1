/**
 * Changes of command order since the first release, each with what changed, why, and when it can go. A workflow asks `patched()` only with a
 * member of this table; recorded histories of every release replay in the tests. Nothing has been released yet.
 */
export const versions = {
  /**
   * The births of a sync go on in a fresh run after each page, so that no run has more than a page of children open: they stay on the list of their
   * parent until it closes. Before, pages followed each other until a history was long. Asked only by a sync with more than one page; can go
   * when no run of 0.1 is open, a quarter of an hour after the last worker of it.
   */
  onePageARun: 'births-one-page-a-run',
  /**
   * The births of a page are started a few at a time; before, all at once, of which the server put most off again and again. Asked by a sync with births;
   * can go like the one above.
   */
  fewStartsAtOnce: 'births-few-starts-at-once',
  /**
   * A sync first glances at its hub, as part of its first step: where nothing has changed it ends there, which spares a second step and a task for a worker.
   * Asked by every sync at its begin; can go like the ones above.
   */
  glanceFirst: 'sync-glances-first',
  /**
   * A run at rest that is told that its LynqNode is gone ends in that step; before, it looked first. Asked by a run with such a wake-up; can go when no run
   * that was told so by a worker of before is open, which is when each has looked.
   */
  endsWhenTold: 'node-ends-when-told',
} as const;
