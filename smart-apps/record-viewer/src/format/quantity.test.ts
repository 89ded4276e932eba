import { describe, expect, it } from 'vitest';
import type { Observation } from 'fhir/r4';
import { exactDecimals } from '../fhir/decimals';
import { normalRange, observationText, quantityText, rangeText, valueText } from './quantity';

describe('quantities', () => {
  it('keep the precision that the laboratory gave, where the engine shows the source', () => {
    const quantity = JSON.parse('{"value": 4.0, "unit": "mmol/L"}', exactDecimals) as { value: number };
    const shown = quantityText(quantity);
    expect(['4.0 mmol/L', '4 mmol/L']).toContain(shown);
    expect(quantityText({ value: 4, unit: 'mmol/L', ...{ valueText: '4.0' } })).toBe('4.0 mmol/L');
  });

  it('take the text only from plain decimals', () => {
    const holder: Record<string, unknown> = {};
    exactDecimals.call(holder, 'value', 1200, { source: '1.2e3' });
    exactDecimals.call(holder, 'other', 4, { source: '4.0' });
    expect(holder).toEqual({});
  });

  it.each([
    [{ value: 98.6, unit: '%' }, '98.6%'],
    [{ value: 0.1, comparator: '<' as const, unit: 'mg/dL' }, '<0.1 mg/dL'],
    [{ value: 37.2, code: 'Cel' }, '37.2 °C'],
    [{ value: 7.9, unit: '10*3/uL' }, '7.9 ×10³/µL'],
    [{ value: 0.30000000000000004, unit: 'g' }, '0.3 g'],
    [{ unit: 'g' }, ''],
  ])('%o is %s', (quantity, words) => expect(quantityText(quantity)).toBe(words));

  it('show a blood pressure as people write it', () => {
    const part = (value: number) => ({ code: {}, valueQuantity: { value, code: 'mm[Hg]' } });
    expect(observationText({ component: [part(104), part(62)] } as unknown as Observation)).toBe('104/62 mmHg');
  });

  it('read every kind of value', () => {
    expect(valueText({ valueCodeableConcept: { text: 'Detected' } })).toBe('Detected');
    expect(valueText({ valueString: 'clear' })).toBe('clear');
    expect(valueText({ valueBoolean: false })).toBe('No');
    expect(valueText({ dataAbsentReason: { text: 'Specimen clotted' } })).toBe('No value: specimen clotted');
    expect(valueText({})).toBeUndefined();
  });

  it('say a range in words', () => {
    expect(rangeText({ low: { value: 3.4, unit: 'mmol/L' }, high: { value: 4.7 } })).toBe('3.4 to 4.7');
    expect(rangeText({ high: { value: 5 } })).toBe('up to 5');
    expect(rangeText({ low: { value: 90 } })).toBe('from 90');
    expect(rangeText({ text: 'negative' })).toBe('negative');
    expect(rangeText(undefined)).toBe('');
  });

  it('prefer the normal range to a therapeutic one', () => {
    const normal = { low: { value: 1 }, type: { coding: [{ code: 'normal' }] } };
    expect(normalRange([{ low: { value: 10 }, type: { coding: [{ code: 'treatment' }] } }, normal])).toBe(normal);
  });
});
