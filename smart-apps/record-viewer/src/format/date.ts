const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

/** A FHIR date as a point in time: a plain date is that day's local midnight, a year or month its first day. */
export function instant(value: string | undefined): Date | undefined {
  const plain = value?.match(/^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/);
  const date = plain
    ? new Date(Number(plain[1]), Number(plain[2] ?? 1) - 1, Number(plain[3] ?? 1))
    : new Date(value ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * The date and time on the hospital's own clock, as local fields: what its notes and its staff say. A time given in UTC
 * tells nothing of that clock, so it is shown on the reader's.
 */
export function wall(value: string | undefined): Date | undefined {
  const found = value?.match(/^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?[+-]\d\d:\d\d$/);
  if (!found) return instant(value);
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number];
  return new Date(year, month - 1, day, hour, minute);
}

/** Milliseconds for sorting; unknown dates come out as the oldest. */
export function when(value: string | undefined): number {
  return instant(value)?.getTime() ?? Number.NEGATIVE_INFINITY;
}

/** "3 Nov 2026", "Nov 2026" or "2026", as exact as the value is. */
export function dateText(value: string | Date | undefined): string {
  const date = typeof value === 'string' ? wall(value) : value;
  if (!date) return 'Date not known';
  const year = String(date.getFullYear());
  const month = MONTHS[date.getMonth()] ?? '';
  if (typeof value === 'string' && /^\d{4}$/.test(value)) return year;
  if (typeof value === 'string' && /^\d{4}-\d\d$/.test(value)) return `${month} ${year}`;
  return `${date.getDate()} ${month} ${year}`;
}

/** "14:05". */
export function timeText(value: Date): string {
  return `${String(value.getHours()).padStart(2, '0')}:${String(value.getMinutes()).padStart(2, '0')}`;
}

/** Date with the time of day when the value has one. */
export function dateTimeText(value: string | undefined): string {
  const date = wall(value);
  return date && value?.includes('T') ? `${dateText(value)}, ${timeText(date)}` : dateText(value);
}

function startOfDay(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}

/** Whole calendar days from `a` to `b`. */
export function daysBetween(a: Date, b: Date): number {
  return Math.round((startOfDay(b) - startOfDay(a)) / DAY_MS);
}

/** "today", "3 days ago", "in 5 weeks": how far a date is, in the largest unit that still tells something. */
export function distance(value: string | Date | undefined, now: Date): string {
  const date = typeof value === 'string' ? wall(value) : value;
  if (!date) return '';
  const days = daysBetween(date, now);
  if (days === 0) return 'today';
  if (days === 1) return 'yesterday';
  if (days === -1) return 'tomorrow';
  const size = span(Math.abs(days));
  return days > 0 ? `${size} ago` : `in ${size}`;
}

/** A number of days in words: "12 days", "5 weeks", "4 months", "2 years". */
export function span(days: number): string {
  if (days < 14) return count(days, 'day');
  if (days < 60) return count(Math.floor(days / 7), 'week');
  if (days < 730) return count(Math.floor(days / 30.44), 'month');
  return count(Math.floor(days / 365.25), 'year');
}

export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

/** "8 to 12 Nov 2026", "30 Nov to 2 Dec 2026", "8 Nov 2026" for a single day, "since 8 Nov 2026" for an open one. */
export function periodText(start: string | undefined, end: string | undefined): string {
  const from = wall(start);
  const to = wall(end);
  if (!from) return to ? `until ${dateText(end)}` : 'Dates not known';
  if (!to) return `since ${dateText(start)}`;
  if (daysBetween(from, to) === 0) return dateText(start);
  const sameYear = from.getFullYear() === to.getFullYear();
  const sameMonth = sameYear && from.getMonth() === to.getMonth();
  const short = sameMonth ? String(from.getDate()) : `${from.getDate()} ${MONTHS[from.getMonth()]}`;
  return `${sameYear ? short : dateText(start)} to ${dateText(end)}`;
}
