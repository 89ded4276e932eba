import { describe, expect, it } from 'vitest';
import type { Observation } from 'fhir/r4';
import { flagOf } from './flags';
import { panelsOf, resultsOf, seriesOf, shortName } from './results';
import { encounter, lab, NOW, report } from './fixtures.test-support';

const coded = (code: string): Partial<Observation> => ({ interpretation: [{ coding: [{ code }] }] });

describe('flags', () => {
  it.each([
    ['H', 'High', 'up', false],
    ['HH', 'Critical high', 'double-up', true],
    ['L', 'Low', 'down', false],
    ['LL', 'Critical low', 'double-down', true],
    ['A', 'Abnormal', 'diamond', false],
    ['POS', 'Positive', 'diamond', false],
  ])('%s is %s', (code, word, shape, critical) => expect(flagOf(lab('a', 'K', 4, '2026-11-09', coded(code)))).toEqual({ word, shape, critical }));

  it('follow the laboratory’s judgement even against the range', () => {
    expect(flagOf(lab('a', 'K', 9, '2026-11-09', coded('N')))).toBeUndefined();
  });

  it('come from the range when the laboratory gives no judgement', () => {
    expect(flagOf(lab('a', 'K', 5, '2026-11-09'))?.word).toBe('High');
    expect(flagOf(lab('a', 'K', 3, '2026-11-09'))?.word).toBe('Low');
    expect(flagOf(lab('a', 'K', 4, '2026-11-09'))).toBeUndefined();
  });

  it('say nothing where the range is in another unit, or absent', () => {
    expect(flagOf(lab('a', 'K', 300, '2026-11-09', { referenceRange: [{ high: { value: 5, unit: 'g/L', code: 'g/L' } }] }))).toBeUndefined();
    expect(flagOf(lab('a', 'K', 300, '2026-11-09', { referenceRange: [] }))).toBeUndefined();
  });
});

describe('series', () => {
  it('hold one test and unit, newest first, without void results', () => {
    const series = seriesOf([
      lab('a', 'K', 4, '2026-11-08'),
      lab('b', 'K', 5, '2026-11-09'),
      lab('c', 'K', 6, '2026-11-10', { status: 'entered-in-error' }),
      lab('d', 'K', 7, '2026-11-10', { valueQuantity: { value: 7, unit: 'mg/dL', code: 'mg/dL' } }),
    ]);
    expect(series.map((one) => one.all.map((result) => result.id))).toEqual([['b', 'a'], ['d']]);
  });
});

describe('panels', () => {
  const all = [lab('a', 'Zinc', 4, '2026-11-08'), lab('b', 'K', 4, '2026-11-08'), lab('c', 'Na', 4, '2026-11-08'), lab('d', 'CRP', 4, '2026-11-09')];

  it('keep the laboratory’s order, and gather tests that stand alone at the end', () => {
    const panels = panelsOf(all, [report('r', 'BMP', '2026-11-08', ['c', 'b']), report('s', 'CRP', '2026-11-09', ['d'])]);
    expect(panels.map((panel) => [panel.name, panel.series.map((one) => one.name)])).toEqual([
      ['BMP', ['Na', 'K']],
      ['Single tests', ['CRP', 'Zinc']],
    ]);
  });

  it('list each test once, in the panel that reported it last', () => {
    const twice = [lab('a', 'K', 4, '2026-01-08'), lab('b', 'K', 4, '2026-11-08'), lab('c', 'Na', 4, '2026-11-08')];
    const panels = panelsOf(twice, [report('r', 'BMP', '2026-01-08', ['a']), report('s', 'CMP', '2026-11-08', ['b', 'c'])]);
    expect(panels.map((panel) => panel.name)).toEqual(['CMP']);
  });

  it('have names without specimen and method', () => {
    expect(shortName('Sodium [Moles/volume] in Serum or Plasma')).toBe('Sodium');
    expect(shortName('Platelets [#/volume] in Blood by Automated count')).toBe('Platelets');
    expect(shortName('CBC panel - Blood by Automated count')).toBe('CBC panel');
    expect(shortName('Glucose')).toBe('Glucose');
  });
});

describe('results to know', () => {
  const stay = encounter('adm', 'IMP', '2026-11-08', '2026-11-12');
  const know = (labs: Observation[], reports: Parameters<typeof resultsOf>[2] = []) => resultsOf(stay, labs, reports, NOW);

  it('give the worst value, and the last when it is another one', () => {
    const found = know([lab('a', 'K', 2.9, '2026-11-08', coded('LL')), lab('b', 'K', 2.7, '2026-11-09', coded('LL')), lab('c', 'K', 4, '2026-11-11')]);
    expect(found.abnormal.map((one) => [one.observation.id, one.last?.id])).toEqual([['b', 'c']]);
  });

  it('put critical ones first, then those still abnormal; what settled stands apart', () => {
    const found = know([
      lab('a', 'K', 5, '2026-11-09'),
      lab('b', 'Na', 9, '2026-11-09', coded('HH')),
      lab('c', 'Na', 4, '2026-11-10'),
      lab('d', 'CRP', 9, '2026-11-09'),
      lab('e', 'CRP', 4, '2026-11-10'),
    ]);
    expect(found.abnormal.map((one) => one.observation.id)).toEqual(['b', 'a']);
    expect(found.settled.map((one) => one.observation.id)).toEqual(['d']);
  });

  it('leave out what belongs to other contacts', () => {
    const other = lab('a', 'K', 9, '2026-11-09', { encounter: { reference: 'Encounter/other' } });
    expect(know([other, lab('b', 'K', 9, '2026-09-09')]).abnormal).toEqual([]);
  });

  it('list pending reports, also those ordered since, and no result twice', () => {
    const pending = report('r', 'Culture', '2026-11-09', ['p'], { status: 'preliminary' });
    const since = report('s', 'Serology', '2026-11-20', [], { status: 'registered' });
    const old = report('t', 'Genetics', '2026-01-01', [], { status: 'registered' });
    const part = lab('p', 'Culture', 4, '2026-11-09', { status: 'preliminary' });
    expect(know([part], [pending, since, old]).pending.map((one) => one.id)).toEqual(['r', 's']);
  });
});
