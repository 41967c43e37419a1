import { isZone, zoneAbbreviation } from './zone-names.ts';

/** What is in force at one instant: abbreviation and seconds east of UTC. */
export interface Zone {
  readonly name: string;
  readonly offset: number;
}

/** `*time.Location`. Two of them are the same only when they are the same object, as in Go. */
export interface Location {
  readonly name: string;
  /** `unix` may be any int64. */
  readonly at: (unix: bigint) => Zone;
}

const UTC_ZONE: Zone = { name: 'UTC', offset: 0 };

export const utc: Location = { name: 'UTC', at: () => UTC_ZONE };

/** The zone of the process in Go; ours is always UTC, so that a render does not depend on the machine. */
export const local: Location = { name: 'Local', at: () => UTC_ZONE };

const unnamed = new Map<number, Location>();
const FIRST_UNNAMED = -12;
const LAST_UNNAMED = 14;

/** `time.FixedZone`: whole hours without a name are shared. */
export function fixedZone(name: string, offset: number): Location {
  const hour = offset / 3_600;
  const shared = name === '' && Number.isInteger(hour) && hour >= FIRST_UNNAMED && hour <= LAST_UNNAMED;
  const known = shared ? unnamed.get(hour) : undefined;
  if (known !== undefined) return known;
  const zone = { name, offset };
  const location = { name, at: () => zone };
  if (shared) unnamed.set(hour, location);
  return location;
}

/** `time.LoadLocation`; undefined for a name that is no zone. */
export function loadLocation(name: string): Location | undefined {
  if (name === '' || name === 'UTC') return utc;
  if (name === 'Local') return local;
  return isZone(name) ? { name, at: (unix) => zoneAt(name, unix) } : undefined;
}

/** Zones repeat with the Gregorian calendar, so times beyond what `Intl` takes are moved by whole cycles. */
const CYCLE = 146_097n * 86_400n;
const FIRST_YEAR = -62_135_596_800n;
const YEAR_2400 = 13_569_465_600n;

function withinReach(unix: bigint): number {
  if (unix < FIRST_YEAR) return Number(FIRST_YEAR);
  return Number(unix < YEAR_2400 ? unix : YEAR_2400 + ((unix - YEAR_2400) % CYCLE));
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  formats.set(zone, format);
  return format;
}

function zoneAt(zone: string, unix: bigint): Zone {
  const seconds = withinReach(unix);
  const offset = offsetAt(zone, seconds);
  return { name: zoneAbbreviation(zone, offset, seconds), offset };
}

/** Zones `Intl` does not know, or takes for a place whose past is another. */
const replaced: ReadonlyMap<string, string> = new Map([
  ['Factory', 'UTC'],
  ['EST', 'Etc/GMT+5'],
  ['MST', 'Etc/GMT+7'],
  ['HST', 'Etc/GMT+10'],
]);

function offsetAt(zone: string, seconds: number): number {
  const parts = formatFor(replaced.get(zone) ?? zone).formatToParts(seconds * 1_000);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', rest = '0'] = /([+-])(\d+):(\d+)(?::(\d+))?/.exec(text) ?? [];
  const offset = Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
  return sign === '-' ? -offset : offset;
}
