import { GoError } from '../../problems.ts';
import { ANY_MAP, type GoMap, type GoValue } from '../../values.ts';

/** `map[key] = value`. Throws where Go panics: for a nil map, and for a value that is not of the map's type. */
export function setEntry(map: GoMap, key: string, value: GoValue): void {
  if (map.isNil) throw new GoError('assignment to entry in nil map');
  if (map.type !== ANY_MAP && typeof value !== 'string') throw new GoError(`value is not assignable to ${map.type}`);
  map.entries.set(key, value);
}
