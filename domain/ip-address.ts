/** `netip.ParseAddr` for what stands in brackets: an IPv6 address, with a zone or without. */
export function isIPv6(text: string): boolean {
  const [address = '', zone] = text.split(/%([^]*)/, 2);
  if (zone === '' || !address.includes(':')) return false;
  const tail = address.slice(address.lastIndexOf(':') + 1);
  // Four numbers in dots stand for the last two groups.
  if (!tail.includes('.')) return isGroups(address);
  return isIPv4(tail) && isGroups(`${address.slice(0, -tail.length)}0:0`);
}

/** Eight groups, or fewer with one `::` for those that are missing. */
function isGroups(address: string): boolean {
  const halves = address.split('::');
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : halves.length === 1 && groups.length === 8;
}

function isIPv4(text: string): boolean {
  const fields = text.split('.');
  return fields.length === 4 && fields.every((field) => /^(0|[1-9][0-9]{0,2})$/.test(field) && Number(field) <= 255);
}
