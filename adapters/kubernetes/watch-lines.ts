/** Longest line of a watch; etcd stores at most a few megabytes per object. */
const longestLine = 64 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines. Chunks may end anywhere, also within a character.
 *
 * The returned function takes the next chunk and gives the lines it completes. It throws RangeError when a line has no end.
 */
export function createLineSplitter(limit = longestLine): (chunk: Uint8Array) => readonly string[] {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let length = 0;
  return (chunk) => {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    const lines: string[] = [];
    for (const part of parts) {
      lines.push([...pieces, part].join(''));
      pieces = [];
      length = 0;
    }
    pieces.push(rest);
    length += rest.length;
    if (length > limit) throw new RangeError('a line of the watch has no end');
    return lines.filter((line) => line.trim() !== '');
  };
}
