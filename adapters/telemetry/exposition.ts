import type { Sample, SeriesFamily } from '../../domain/measures.ts';

/** The exposition format of Prometheus, version 0.0.4, in pieces: a fleet of many thousand nodes must not hold up everything else. */

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function line(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

const linesAPiece = 500;

/** Text of all families, in pieces of at most a few hundred lines. */
export function* exposition(families: readonly SeriesFamily[]): Generator<string> {
  for (const { name, type, help, samples } of families) {
    let piece = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    let lines = 0;
    for (const sample of samples()) {
      piece += line(name, sample);
      lines += 1;
      if (lines % linesAPiece !== 0) continue;
      yield piece;
      piece = '';
    }
    yield piece;
  }
}
