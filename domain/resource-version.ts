/**
 * Whether one resourceVersion is newer than another of the same kind. Those of one API server compare as numbers (KEP-5504, Kubernetes 1.35), so
 * an answer to our own write and the watch's delivery of the same object may arrive in either order.
 */
export function isNewer(candidate: string, known: string): boolean {
  if (candidate.length !== known.length) return candidate.length > known.length;
  return candidate > known;
}

/** A version that no object ever has: demanded in an apply, it lets the object be created and never changed. */
export const versionOfNothing = '1';
