import { describe, expect, it } from 'vitest';
import { dateText, dateTimeText, distance, instant, periodText } from './date';

const now = new Date(2026, 10, 24, 10, 0);

describe('dates', () => {
  it('are as exact as they are known', () => {
    expect(dateText('2026-11-03')).toBe('3 Nov 2026');
    expect(dateText('2026-11')).toBe('Nov 2026');
    expect(dateText('2026')).toBe('2026');
    expect(dateText(undefined)).toBe('Date not known');
    expect(dateText('soon')).toBe('Date not known');
  });

  it('keep a plain date on its day in every time zone', () => {
    expect(instant('2026-11-03')?.getDate()).toBe(3);
  });

  it('show the time of day only when there is one', () => {
    expect(dateTimeText('2026-11-03')).toBe('3 Nov 2026');
    expect(dateTimeText(new Date(2026, 10, 3, 7, 5).toISOString())).toBe('3 Nov 2026, 07:05');
  });

  it.each([
    ['2026-11-24', 'today'],
    ['2026-11-23', 'yesterday'],
    ['2026-11-25', 'tomorrow'],
    ['2026-11-12', '12 days ago'],
    ['2026-12-14', 'in 2 weeks'],
    ['2026-11-11', '13 days ago'],
    ['2026-10-24', '4 weeks ago'],
    ['2026-07-07', '4 months ago'],
    ['2023-11-20', '3 years ago'],
  ])('%s is %s', (date, words) => expect(distance(date, now)).toBe(words));

  it.each([
    ['2026-11-08', '2026-11-12', '8 to 12 Nov 2026'],
    ['2026-11-30', '2026-12-02', '30 Nov to 2 Dec 2026'],
    ['2026-12-30', '2027-01-02', '30 Dec 2026 to 2 Jan 2027'],
    ['2026-11-08', '2026-11-08', '8 Nov 2026'],
    ['2026-11-08', undefined, 'since 8 Nov 2026'],
    [undefined, '2026-11-08', 'until 8 Nov 2026'],
    [undefined, undefined, 'Dates not known'],
  ])('%s to %s is %s', (start, end, words) => expect(periodText(start, end)).toBe(words));
});
