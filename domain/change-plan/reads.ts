/** A page of a list has hundreds of objects and costs as much as a few reads of one. */
const nodesPerRead = 20;

/**
 * Whether to list the kinds of the objects instead of reading them one by one. A list holds the objects of all nodes: it is worth it for many of them, and
 * not for the few that change in a large fleet.
 */
export function isWorthListing({ planned, nodes }: { readonly planned: number; readonly nodes: number }): boolean {
  return planned * nodesPerRead >= nodes;
}
