import { describe, expect, it } from 'vitest';
import type { Medication } from 'fhir/r4';
import { changesIn, doseText, medicines } from './medications';
import { encounter, NOW, order, text } from './fixtures.test-support';

const stay = encounter('adm', 'IMP', '2026-11-08', '2026-11-12');
const inStay = { encounter: { reference: 'Encounter/adm' } };
const changes = (...orders: Parameters<typeof medicines>[0][number][]) => changesIn(stay, medicines(orders), NOW);

describe('medicines', () => {
  it('come active first, newest first, without drafts and errors', () => {
    const list = medicines([
      order('a', 'old', '', 'stopped', '2026-01-01'),
      order('b', 'first', '', 'active', '2025-01-01'),
      order('c', 'second', '', 'active', '2026-01-01'),
      order('d', 'draft', '', 'draft', '2026-11-01'),
      order('e', 'error', '', 'entered-in-error', '2026-11-01'),
    ]);
    expect(list.map((one) => one.name)).toEqual(['second', 'first', 'old']);
  });

  it('have a name from an included or contained Medication', () => {
    const code = text('dexamethasone');
    const included: Medication = { resourceType: 'Medication', id: 'm', code };
    const byReference = order('a', '', '', 'active', '2026-01-01', { medicationCodeableConcept: undefined, medicationReference: { reference: 'Medication/m' } });
    const within = { ...byReference, medicationReference: { reference: '#m' }, contained: [included] };
    expect(medicines([byReference], [included])[0]?.name).toBe('dexamethasone');
    expect(medicines([within])[0]?.name).toBe('dexamethasone');
    expect(medicines([byReference])[0]?.name).toBe('Medicine not named');
  });

  it('say their dose in words when the hospital gives parts only', () => {
    const parts = order('a', 'x', '', 'active', '2026-01-01', {
      dosageInstruction: [{ doseAndRate: [{ doseQuantity: { value: 5, unit: 'mL' } }], route: text('Oral'), timing: { repeat: { frequency: 2, period: 1, periodUnit: 'd' } }, asNeededBoolean: true }],
    });
    expect(doseText(parts)).toBe('5 mL, oral, twice a day, when needed');
  });
});

describe('what a contact changed', () => {
  it('is started when nothing like it ran before', () => {
    expect(changes(order('a', 'fluticasone 44 mcg inhaler', '2 puffs', 'active', '2026-11-12', inStay)).started.map((one) => one.name)).toEqual(['fluticasone 44 mcg inhaler']);
  });

  it('is changed when the dose differs from the order before, and nothing when it does not', () => {
    const before = order('a', 'albuterol 90 mcg inhaler', '2 puffs', 'active', '2026-06-01');
    const found = changes(before, order('b', 'albuterol 90 mcg inhaler', '4 puffs', 'active', '2026-11-12', inStay));
    expect(found.changed.map(({ before: old, after }) => [old.dose, after.dose])).toEqual([['2 puffs', '4 puffs']]);
    expect(found.started).toEqual([]);
    const same = changes(before, order('b', 'albuterol 90 mcg inhaler', '2 puffs', 'active', '2026-11-12', inStay));
    expect([same.started, same.changed, same.stopped]).toEqual([[], [], []]);
  });

  it('is changed, not stopped, when another strength takes over', () => {
    const before = order('a', 'levetiracetam 100 mg/mL solution', '3 mL', 'stopped', '2026-06-01', { dispenseRequest: { validityPeriod: { end: '2026-11-11' } } });
    const found = changes(before, order('b', 'levetiracetam 250 mg tablet', '1 tablet', 'active', '2026-11-11', inStay));
    expect(found.changed).toHaveLength(1);
    expect(found.stopped).toEqual([]);
  });

  it('is stopped when an earlier order ended within it', () => {
    const found = changes(
      order('a', 'montelukast 4 mg', '1 tablet', 'stopped', '2026-06-01', { dispenseRequest: { validityPeriod: { end: '2026-11-12' } } }),
      order('b', 'cetirizine', '5 mL', 'stopped', '2026-06-01', { dispenseRequest: { validityPeriod: { end: '2026-08-12' } } }),
    );
    expect(found.stopped.map((one) => one.name)).toEqual(['montelukast 4 mg']);
  });

  it('leaves out what was only given in the hospital', () => {
    const given = order('a', 'ceftriaxone', '1 g', 'completed', '2026-11-09', { ...inStay, category: [text('', 'inpatient')] });
    expect(changes(given).started).toEqual([]);
  });
});
