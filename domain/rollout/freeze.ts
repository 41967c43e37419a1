import type { FreezeWindow } from '../api/form.ts';

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const minuteMilliseconds = 60_000;
const dayMilliseconds = 24 * 60 * minuteMilliseconds;
/** Windows that leave no gap would never end; this far ahead nobody plans. */
const horizonMilliseconds = 14 * dayMilliseconds;

function sinceMidnight(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * minuteMilliseconds;
}

/** Ends of the occurrences of a window that `at` lies in; one that began the day before may still last. */
function endsAround(window: FreezeWindow, at: number): readonly number[] {
  const today = Math.floor(at / dayMilliseconds) * dayMilliseconds;
  const start = sinceMidnight(window.start);
  const end = sinceMidnight(window.end);
  const length = end > start ? end - start : end + dayMilliseconds - start;
  return [today - dayMilliseconds, today].flatMap((midnight) => {
    const day = dayNames[new Date(midnight).getUTCDay()] ?? 'Sun';
    const from = midnight + start;
    const held = (window.days?.includes(day) ?? true) && at >= from && at < from + length;
    return held ? [from + length] : [];
  });
}

/** When the freeze that holds now ends; undefined when none does. Windows that touch or overlap count as one, up to two weeks ahead. */
export function frozenUntil(windows: readonly FreezeWindow[], now: Date): Date | undefined {
  const begin = now.getTime();
  let at = begin;
  for (;;) {
    const reached = at;
    const ends = windows.flatMap((window) => endsAround(window, reached));
    if (ends.length === 0) break;
    at = Math.max(...ends);
    if (at - begin > horizonMilliseconds) break;
  }
  return at === begin ? undefined : new Date(at);
}
