import { withoutEnd } from '../../domain/text-ends.ts';
import { bytesText } from '../sql/bytes-text.ts';
import { goFloatText } from '../sql/float-text.ts';
import { timeText } from '../sql/time-text.ts';

/**
 * Text of a column value, as templates see it, from the server's own text under the settings of `proven-read.ts`. The rules are those of a MySQL source
 * wherever a type has a counterpart there (parity 2.3), so that a table can move without its nodes changing:
 *
 * | type | text |
 * | --- | --- |
 * | boolean | `true` or `false` |
 * | smallint, integer, bigint, numeric | the server's digits |
 * | real, double precision | shortest form as Go prints it: `1.5`, `1e+06`; `NaN`, `Infinity` |
 * | timestamp, timestamptz, date | RFC 3339 in UTC, a date at midnight; `infinity` and years before Christ as the server writes them |
 * | char(n) | without the blanks that pad it |
 * | bytea | its bytes as UTF-8, or one character for each byte when they are none |
 * | everything else: text, uuid, json, enums, arrays, intervals, bit, inet, … | the server's text |
 *
 * NULL is empty text.
 */

/** Type codes (pg_type.oid) that are not read as plain text. */
export const typeOids = {
  bool: 16,
  bytea: 17,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
} as const;

const readers: Readonly<Partial<Record<number, (text: string) => string>>> = {
  [typeOids.bool]: (text) => (text === 't' ? 'true' : 'false'),
  [typeOids.bytea]: (text) => bytesText(Buffer.from(text.slice(2), 'hex')),
  [typeOids.float4]: (text) => floatText(text, 32),
  [typeOids.float8]: (text) => floatText(text, 64),
  [typeOids.bpchar]: (text) => withoutEnd(text, ' '),
  [typeOids.date]: dayText,
  [typeOids.timestamp]: dayText,
  [typeOids.timestamptz]: (text) => dayText(text.replace(/\+00$/, '')),
};

/** How to read the values of a column of this type. */
export function valueReader(typeOid: number): (text: string | null) => string {
  const read = readers[typeOid] ?? ((text: string) => text);
  return (text) => (text === null ? '' : read(text));
}

function floatText(text: string, bits: 32 | 64): string {
  const value = Number(text);
  return Number.isFinite(value) ? goFloatText(value, bits) : text;
}

function dayText(text: string): string {
  return timeText(text) ?? text;
}
