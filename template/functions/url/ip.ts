/** `netip.ParseAddr` for what stands in brackets: an IPv6 address, with a zone or without. */
export function isIPv6(text: string): boolean {
  const percent = text.indexOf('%');
  if (percent >= 0 && percent === text.length - 1) return false;
  const address = percent < 0 ? text : text.slice(0, percent);
  const halves = address.split('::');
  if (!address.includes(':') || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const tail = groups.at(-1) ?? '';
  const embedded = tail.includes('.');
  const hexadecimal = embedded ? groups.slice(0, -1) : groups;
  if (!hexadecimal.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) || (embedded && !isIPv4(tail))) return false;
  // The address in dots must be the last thing.
  if (embedded && address.endsWith('::')) return false;
  const size = hexadecimal.length + (embedded ? 2 : 0);
  return halves.length === 2 ? size < 8 : size === 8;
}

function isIPv4(text: string): boolean {
  const fields = text.split('.');
  return fields.length === 4 && fields.every((field) => /^(0|[1-9][0-9]{0,2})$/.test(field) && Number(field) <= 255);
}
