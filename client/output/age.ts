/**
 * Time since an object was made, as kubectl prints it (`duration.HumanDuration` of k8s.io/apimachinery): fewer units the longer it is.
 */
export function formatAge(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  return hours < 48 ? hourText(hours, minutes) : dayText(hours);
}

function hourText(hours: number, minutes: number): string {
  return hours < 8 ? withRest(hours, 'h', minutes % 60, 'm') : `${hours}h`;
}

function dayText(hours: number): string {
  const days = Math.trunc(hours / 24);
  if (days < 8) return withRest(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  const years = Math.trunc(days / 365);
  return days < 8 * 365 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(count: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${restUnit}`;
}

/** Age of an RFC 3339 time at `now`; `<unknown>` when it is absent or no time, as kubectl prints it. */
export function ageSince(time: string | undefined, now: Date): string {
  const from = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(from) ? '<unknown>' : formatAge(now.getTime() - from);
}
