import { GoError } from '../../problems.ts';
import { isIPv6 } from '../../../domain/ip-address.ts';

/** Go refuses leading zeros. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}(?<!\.)$/;

/** `net.ParseIP`: 4 bytes for IPv4 and for IPv4 inside IPv6, 16 for everything else. Zones are refused. */
export function parseIp(text: string): Uint8Array {
  if (IPV4.test(text)) return Buffer.from(text.split('.').map(Number));
  if (text.includes('%') || !isIPv6(text)) throw new GoError('error parsing ip');
  const bytes = Buffer.concat(ipv6Groups(text).map((group) => Buffer.of(group >> 8, group & 0xff)));
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  return mapped ? bytes.subarray(12) : bytes;
}

function ipv6Groups(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const before = groupsOf(head);
  if (tail === undefined) return before;
  const after = groupsOf(tail);
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function groupsOf(part: string): number[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [first = 0, second = 0, third = 0, fourth = 0] = group.split('.').map(Number);
    return [first * 0x100 + second, third * 0x100 + fourth];
  });
}
