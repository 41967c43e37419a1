import type { Json } from '../../domain/api/json.ts';
import type { ServerTable } from '../../domain/ports.ts';
import { readyReason } from '../../domain/status.ts';
import { formatRows, formatTable } from '../output/table.ts';

/**
 * The default table of nodes from the printer columns of the CRD. Ten thousand LynqNodes are 100 MB of JSON with their records; the same as a
 * table are 1 MB. Undefined when the columns are not those of our CRD, so that the objects have to be read.
 */
export function nodeTable(
  { columns, rows }: ServerTable,
  { headers, everywhere }: { readonly headers: boolean; readonly everywhere: boolean },
): string | undefined {
  const wanted = ['Name', 'Ready', 'Desired', 'Skipped', 'Conditions', 'Age'] as const;
  const places = wanted.map((name) => columns.indexOf(name));
  if (places.includes(-1)) return undefined;
  const lines = rows.map(({ cells, namespace }) => {
    const [name, ready, desired, skipped, reason, age] = places.map((place) => cells[place] ?? null);
    const line = [
      textOf(name),
      readyText(textOf(reason)),
      `${countOf(ready)}/${countOf(desired)}`,
      countOf(skipped),
      textOf(age),
    ];
    return everywhere ? [namespace ?? '', ...line] : line;
  });
  const header = [...(everywhere ? ['NAMESPACE'] : []), 'NAME', 'READY', 'RESOURCES', 'SKIPPED', 'AGE'];
  return headers ? formatTable(header, lines) : formatRows(lines);
}

/** Status of condition Ready by its reason: `Unknown` before the first pass. */
function readyText(reason: string): string {
  if (reason === '') return 'Unknown';
  return reason === readyReason ? 'True' : 'False';
}

function textOf(cell: Json | undefined): string {
  return typeof cell === 'string' ? cell : '';
}

/** Counts are absent before the first pass. */
function countOf(cell: Json | undefined): string {
  return typeof cell === 'number' ? String(cell) : '0';
}
