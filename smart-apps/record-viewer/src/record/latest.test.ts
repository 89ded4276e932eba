import { describe, expect, it } from 'vitest';
import { duringContact, headline, latestContact } from './latest';
import { encounter, NOW, text } from './fixtures.test-support';

const admission = encounter('adm', 'IMP', '2026-11-08', '2026-11-12', { reasonCode: [text('Acute bronchiolitis')] });
const clinic = encounter('amb', 'AMB', '2026-11-20', '2026-11-20', { type: [text('Pulmonology')] });

describe('the latest contact', () => {
  it('is where the patient is now', () => {
    const inside = encounter('now', 'IMP', '2026-11-22', undefined, { reasonCode: [text('Fever')] });
    const found = latestContact([admission, clinic, inside], NOW);
    expect(found?.encounter.id).toBe('now');
    expect(found && headline(found)).toBe('In the hospital now: fever');
  });

  it('stays the recent admission when a clinic visit follows it', () => {
    const found = latestContact([clinic, admission], NOW);
    expect(found?.encounter.id).toBe('adm');
    expect(found?.since.map((one) => one.id)).toEqual(['amb']);
    expect(found && headline(found)).toBe('Admitted: acute bronchiolitis');
  });

  it('is the clinic visit when the admission is long ago', () => {
    const old = encounter('old', 'IMP', '2026-01-01', '2026-01-05');
    expect(latestContact([old, clinic], NOW)?.encounter.id).toBe('amb');
  });

  it('is never one that did not happen, and lists what is planned, soonest first', () => {
    const gone = encounter('gone', 'IMP', '2026-11-23', '2026-11-23', { status: 'cancelled' });
    const later = encounter('later', 'AMB', '2027-01-10', undefined, { status: 'planned' });
    const soon = encounter('soon', 'AMB', '2026-12-01', undefined, { status: 'planned' });
    const missed = encounter('missed', 'AMB', '2026-10-01', undefined, { status: 'planned' });
    const found = latestContact([gone, later, soon, missed, admission], NOW);
    expect(found?.encounter.id).toBe('adm');
    expect(found?.planned.map((one) => one.id)).toEqual(['soon', 'later']);
  });

  it('is nothing for a patient without contacts', () => {
    expect(latestContact([], NOW)).toBeUndefined();
  });

  it('takes in what is dated within its days, on the hospital’s clock', () => {
    const late = encounter('late', 'IMP', '2026-11-19T22:30:00-07:00', '2026-11-23T14:00:00-07:00');
    expect(duringContact(late, '2026-11-19T20:15:00-07:00', NOW)).toBe(true);
    expect(duringContact(late, '2026-11-23T23:50:00-07:00', NOW)).toBe(true);
    expect(duringContact(late, '2026-11-24T00:10:00-07:00', NOW)).toBe(false);
    expect(duringContact(late, undefined, NOW)).toBe(false);
  });
});
