import { ToolError } from './failure.ts';

/** The hub of the seed, pointed at the servers of a stack. Only values of existing lines change, so that the difference stays small. */
export interface HubChanges {
  readonly host: string;
  readonly port: number;
  readonly syncInterval: string;
}

export function adaptHub(text: string, changes: HubChanges): string {
  const values: readonly (readonly [string, string])[] = [
    ['syncInterval', changes.syncInterval],
    ['host', changes.host],
    ['port', String(changes.port)],
  ];
  return values.reduce((current, [key, value]) => setScalar(current, key, value), text);
}

function setScalar(text: string, key: string, value: string): string {
  const pattern = new RegExp(`^( *${key}: ).*$`, 'm');
  if (!pattern.test(text)) {
    throw new ToolError(`the example hub has no line "${key}:"`, {
      fix: 'restore examples/multi-tier/hub.yaml from the repository',
    });
  }
  return text.replace(pattern, (_, head: string) => `${head}${value}`);
}

/** The lines that differ between two texts with the same number of lines, as `-` and `+` lines with the line number in front. */
export function changedLines(before: string, after: string): readonly string[] {
  const old = before.split('\n');
  const now = after.split('\n');
  const width = String(old.length).length;
  return old.flatMap((line, index) => {
    const other = now[index] ?? '';
    const number = String(index + 1).padStart(width);
    return line === other ? [] : [`${number} - ${line}`, `${number} + ${other}`];
  });
}
