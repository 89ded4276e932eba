import { count, daysBetween, instant } from './date';

/**
 * The age as a paediatrician says it: days to four weeks, weeks to six months, months to two years, years and months
 * to the eighteenth birthday, then years. Empty when the birth date is unknown or in the future.
 */
export function ageText(birthDate: string | undefined, at: Date): string {
  const birth = instant(birthDate);
  if (!birth || birth > at) return '';
  if (/^\d{4}$/.test(birthDate ?? '')) return `about ${count(at.getFullYear() - birth.getFullYear(), 'year')}`;
  const days = daysBetween(birth, at);
  const months = wholeMonths(birth, at);
  if (days < 28) return count(days, 'day');
  if (months < 6) return count(Math.floor(days / 7), 'week');
  if (months < 24) return count(months, 'month');
  const years = Math.floor(months / 12);
  const rest = months % 12;
  return years >= 18 || rest === 0 ? count(years, 'year') : `${count(years, 'year')} ${count(rest, 'month')}`;
}

function wholeMonths(from: Date, to: Date): number {
  const months = (to.getFullYear() - from.getFullYear()) * 12 + to.getMonth() - from.getMonth();
  return to.getDate() < from.getDate() ? months - 1 : months;
}
