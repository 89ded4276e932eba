import { expect, it } from 'vitest';
import { ageText } from './age';

const now = new Date(2026, 10, 24);

it.each([
  ['2026-11-24', '0 days'],
  ['2026-11-23', '1 day'],
  ['2026-10-28', '27 days'],
  ['2026-10-27', '4 weeks'],
  ['2026-05-25', '26 weeks'],
  ['2026-05-24', '6 months'],
  ['2024-11-25', '23 months'],
  ['2024-11-24', '2 years'],
  ['2019-09-03', '7 years 2 months'],
  ['2008-11-25', '17 years 11 months'],
  ['2008-11-24', '18 years'],
  ['1999-01-01', '27 years'],
  ['2027-01-01', ''],
  [undefined, ''],
  ['2015', 'about 11 years'],
])('born %s is %s', (birthDate, words) => expect(ageText(birthDate, now)).toBe(words));
