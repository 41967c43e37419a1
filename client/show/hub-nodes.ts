import { type JsonObject, numberAt } from '../../domain/api/json.ts';

/**
 * How many nodes of a hub are ready, of how many there should be. While deletions are held there are more nodes than rows ask for, and a share of them would
 * be none.
 */
export function hubNodesText(hub: JsonObject): string {
  const count = (name: string): number => numberAt(hub, 'status', name) ?? 0;
  const [ready, desired] = [count('ready'), count('desired')];
  const share = ready > desired ? `${ready} ready, ${desired} desired` : `${ready}/${desired} ready`;
  return `${share}, ${count('failed')} failed`;
}
