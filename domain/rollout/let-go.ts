/** What a rollout writes on a LynqNode together with the revision: that it was the rollout that brought it there, and how the node was before. */

export type LetGo = 'working' | 'broken';

/** Text of annotation `lynq.sh/let-go`. */
export function writeLetGo(revision: string, how: LetGo): string {
  return how === 'broken' ? `${revision} broken` : revision;
}

/** How a node was brought to a revision; undefined when no rollout brought it there. */
export function readLetGo(text: string | undefined, revision: string): LetGo | undefined {
  const known: readonly LetGo[] = ['working', 'broken'];
  return known.find((how) => text === writeLetGo(revision, how));
}
