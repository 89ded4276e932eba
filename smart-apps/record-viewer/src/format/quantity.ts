import type { Observation, ObservationComponent, ObservationReferenceRange, Quantity } from 'fhir/r4';
import type { WithText } from '../fhir/decimals';
import { conceptText } from './concept';

type Valued = Pick<Observation, 'valueQuantity' | 'valueCodeableConcept' | 'valueString' | 'valueBoolean' | 'valueInteger'> &
  Pick<Observation, 'valueRange' | 'valueRatio' | 'valueDateTime' | 'valueTime' | 'dataAbsentReason'>;

/** The number as the laboratory gave it, trailing zeros included. */
export function numberText(quantity: (Quantity & WithText) | undefined): string {
  if (quantity?.value === undefined) return '';
  return `${quantity.comparator ?? ''}${quantity.valueText ?? String(Number(quantity.value.toPrecision(12)))}`;
}

export function unitText(quantity: Quantity | undefined): string {
  const unit = quantity?.unit ?? quantity?.code ?? '';
  if (unit === '1' || unit === '{score}' || unit === '[pH]') return '';
  return (UNITS[unit] ?? unit)
    .replace(/^10\*(\d+)\//, (_, power: string) => `×10${superscript(power)}/`)
    .replace(/\bu(?=[gLm](?:\b|\/))/g, 'µ');
}

/** UCUM codes that people write otherwise. */
const UNITS: Record<string, string> = {
  Cel: '°C',
  '[degF]': '°F',
  'mm[Hg]': 'mmHg',
  '/min': 'per min',
  '{beats}/min': 'per min',
  '[lb_av]': 'lb',
  '[in_i]': 'in',
  'm[IU]/L': 'mIU/L',
  '[IU]/L': 'IU/L',
};

function superscript(digits: string): string {
  return [...digits].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
}

export function quantityText(quantity: Quantity | undefined): string {
  const unit = unitText(quantity);
  const number = numberText(quantity);
  if (!number) return '';
  return unit ? `${number}${unit === '%' ? '' : ' '}${unit}` : number;
}

/** The value of an observation or of a component, in words; undefined when it has none. */
export function valueText(item: Valued | ObservationComponent): string | undefined {
  if (item.valueQuantity) return quantityText(item.valueQuantity) || undefined;
  if (item.valueCodeableConcept) return conceptText(item.valueCodeableConcept);
  if (item.valueString) return item.valueString;
  if (item.valueBoolean !== undefined) return item.valueBoolean ? 'Yes' : 'No';
  if (item.valueInteger !== undefined) return String(item.valueInteger);
  if (item.valueRange) return rangeOf(item.valueRange.low, item.valueRange.high);
  if (item.valueRatio) return `${quantityText(item.valueRatio.numerator)} : ${quantityText(item.valueRatio.denominator)}`;
  if (item.valueDateTime) return item.valueDateTime;
  return conceptText(item.dataAbsentReason) && `No value: ${conceptText(item.dataAbsentReason)?.toLowerCase()}`;
}

/** The blood pressure as 104/62 mmHg; other observations with components as "name value" each. */
export function observationText(observation: Observation): string | undefined {
  const own = valueText(observation);
  if (own && !(observation.component?.length && own.startsWith('No value'))) return own;
  const parts = (observation.component ?? []).filter((part) => valueText(part) !== undefined);
  if (parts.length === 2 && parts.every((part) => /mm\[?Hg\]?/i.test(part.valueQuantity?.code ?? part.valueQuantity?.unit ?? ''))) {
    return `${numberText(parts[0]?.valueQuantity)}/${numberText(parts[1]?.valueQuantity)} mmHg`;
  }
  return parts.map((part) => `${conceptText(part.code) ?? ''} ${valueText(part)}`.trim()).join(', ') || own;
}

/** The range that counts: one marked normal, else the first that is not for treatment or a special group. */
export function normalRange(ranges: readonly ObservationReferenceRange[] | undefined): ObservationReferenceRange | undefined {
  const typed = (ranges ?? []).find((one) => one.type?.coding?.some((coding) => coding.code === 'normal'));
  return typed ?? (ranges ?? []).find((one) => !one.type) ?? ranges?.[0];
}

/** "3.5 to 5.1", "up to 5", "from 90", or the laboratory's own text. Without unit: it stands beside the value. */
export function rangeText(range: ObservationReferenceRange | undefined): string {
  if (!range) return '';
  if (range.low?.value === undefined && range.high?.value === undefined) return range.text ?? '';
  return rangeOf({ ...range.low, unit: '', code: '' }, { ...range.high, unit: '', code: '' });
}

function rangeOf(low: Quantity | undefined, high: Quantity | undefined): string {
  const from = quantityText(low);
  const to = quantityText(high);
  if (from && to) return `${from} to ${to}`;
  if (to) return `up to ${to}`;
  return from ? `from ${from}` : '';
}
