/** What a person sees of output that moves the cursor: the screen, and what has scrolled off it, which nothing writes over any more. */
export interface Seen {
  readonly screen: readonly string[];
  readonly scrolledOff: readonly string[];
}

const escape = '\u001B';
const tokens = new RegExp(`${escape}\\[(\\d*)([A-Za-z])|\\n|\\r|[^\\n\\r${escape}]+`, 'g');

/** A terminal so high that knows the few sequences that are used: cursor up and down, erase below, erase line. Lines do not wrap. */
export function seenOn(rows: number, output: string): Seen {
  const lines = [''];
  let row = 0;
  const top = (): number => Math.max(0, lines.length - rows);
  const moves: Readonly<Record<string, (count: number) => void>> = {
    A: (count) => (row = Math.max(top(), row - count)),
    B: (count) => (row = Math.min(lines.length - 1, row + count)),
    J: () => lines.splice(row, lines.length, ''),
    K: () => (lines[row] = ''),
  };
  for (const [token, count = '', letter] of output.matchAll(tokens)) {
    if (letter !== undefined) {
      const move = moves[letter];
      if (move === undefined) throw new Error(`this terminal does not know ${JSON.stringify(token)}`);
      move(Number(count === '' ? 1 : count));
    } else if (token === '\n') {
      row += 1;
      if (row === lines.length) lines.push('');
    } else if (token !== '\r') lines[row] += token;
  }
  return { screen: lines.slice(top()), scrolledOff: lines.slice(0, top()) };
}
