/** Texts of dates and times. */

const serverTime = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?$/;

/** RFC3339Nano in UTC, a DATE at midnight. Undefined when month or day is zero. The session's time zone is UTC, so TIMESTAMP is too. */
export function timeText(text: string): string | undefined {
  const match = serverTime.exec(text);
  if (match === null) return text;
  const [, year = '', month = '', day = '', clock = '00:00:00', fraction = ''] = match;
  if (month === '00' || day === '00') return undefined;
  const nanos = fraction.replace(/0+$/, '');
  return `${year}-${realDay(Number(year), Number(month), Number(day))}T${clock}${nanos === '' ? '' : '.'}${nanos}Z`;
}

/** With ALLOW_INVALID_DATES a server stores 31 February; Go counts on into March, so do we. */
function realDay(year: number, month: number, day: number): string {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 31;
  const [m, d] = day > days ? [month + 1, day - days] : [month, day];
  return `${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`;
}
