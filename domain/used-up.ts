import type { JsonObject } from './api/json.ts';

/** JSON patch (RFC 6902) that takes an annotation off an object if it still says what was acted on; refused as Invalid when it says something else. */
export function usedUp(uid: string, annotation: string, text: string): readonly JsonObject[] {
  const path = `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path, value: text },
    { op: 'remove', path },
  ];
}
