/** Numbers as the units of the dashboard say them. */
export const units = ['none', 's', 'ops', 'reqps', 'percent', 'bytes'] as const;
export type Unit = (typeof units)[number];

/** At most three significant digits, and no zeros behind them: `1.5`, `0.07`, `12,300`. */
function short(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: Math.abs(value) < 1_000 ? 3 : 6 });
}

const times = [
  { from: 86_400, divide: 86_400, name: 'd' },
  { from: 3_600, divide: 3_600, name: 'h' },
  { from: 60, divide: 60, name: 'min' },
  { from: 1, divide: 1, name: 's' },
  { from: 0.001, divide: 0.001, name: 'ms' },
  { from: 0, divide: 0.000_001, name: 'µs' },
] as const;

function time(seconds: number): string {
  if (seconds === 0) return '0 s';
  const { divide, name } = times.find(({ from }) => Math.abs(seconds) >= from) ?? times[3];
  return `${short(seconds / divide)} ${name}`;
}

const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function size(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(sizes.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(bytes)) / 10)));
  return `${short(bytes / 1024 ** power)} ${sizes[power] ?? 'B'}`;
}

const formats: Readonly<Record<Unit, (value: number) => string>> = {
  none: short,
  s: time,
  ops: (value) => `${short(value)} ops/s`,
  reqps: (value) => `${short(value)} req/s`,
  percent: (value) => `${short(value)}%`,
  bytes: size,
};

export function numberText(value: number, unit: Unit): string {
  return formats[unit](value);
}
