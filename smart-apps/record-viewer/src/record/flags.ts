import type { CodeableConcept, Observation, ObservationReferenceRange, Quantity } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { normalRange } from '../format/quantity';

/** Where a result lies. The shape and the word say it; colour only repeats it. */
export type FlagShape = 'up' | 'down' | 'double-up' | 'double-down' | 'diamond';

export interface Flag {
  word: string;
  shape: FlagShape;
  critical: boolean;
}

const flag = (word: string, shape: FlagShape, critical = false): Flag => ({ word, shape, critical });

const CODES: Record<string, Flag | null> = {
  N: null,
  NEG: null,
  ND: null,
  NR: null,
  S: null,
  H: flag('High', 'up'),
  HU: flag('Very high', 'double-up'),
  HX: flag('Above the limit of the test', 'up'),
  HH: flag('Critical high', 'double-up', true),
  L: flag('Low', 'down'),
  LU: flag('Very low', 'double-down'),
  LX: flag('Below the limit of the test', 'down'),
  LL: flag('Critical low', 'double-down', true),
  A: flag('Abnormal', 'diamond'),
  AA: flag('Critical', 'diamond', true),
  POS: flag('Positive', 'diamond'),
  DET: flag('Detected', 'diamond'),
  RR: flag('Reactive', 'diamond'),
  R: flag('Resistant', 'diamond'),
  I: flag('Intermediate', 'diamond'),
};

/** The laboratory's own judgement; without one, the value against its range. Undefined means nothing out of the ordinary. */
export function flagOf(observation: Pick<Observation, 'interpretation' | 'valueQuantity' | 'referenceRange' | 'component'>): Flag | undefined {
  const judged = fromInterpretation(observation.interpretation);
  if (judged !== undefined) return judged ?? undefined;
  const own = fromRange(observation.valueQuantity, observation.referenceRange);
  if (own) return own;
  for (const part of observation.component ?? []) {
    const found = fromInterpretation(part.interpretation) ?? fromRange(part.valueQuantity, part.referenceRange);
    if (found) return found;
  }
  return undefined;
}

/** null: judged normal. undefined: not judged. */
function fromInterpretation(concepts: readonly CodeableConcept[] | undefined): Flag | null | undefined {
  let normal = false;
  for (const concept of concepts ?? []) {
    for (const { code } of concept.coding ?? []) {
      const known = CODES[code ?? ''];
      if (known) return known;
      normal ||= known === null;
    }
    const text = conceptText(concept);
    if (/^\s*(normal|negative|within)/i.test(text ?? '')) normal = true;
    else if (/critical|panic/i.test(text ?? '')) return flag('Critical', 'diamond', true);
    else if (/\bhigh\b/i.test(text ?? '')) return flag('High', 'up');
    else if (/\blow\b/i.test(text ?? '')) return flag('Low', 'down');
    else if (/abnormal|positive/i.test(text ?? '')) return flag('Abnormal', 'diamond');
  }
  return normal ? null : undefined;
}

function fromRange(value: Quantity | undefined, ranges: readonly ObservationReferenceRange[] | undefined): Flag | undefined {
  const range = normalRange(ranges);
  if (value?.value === undefined || !range || !sameUnit(value, range.low ?? range.high)) return undefined;
  const { low, high } = range;
  if (high?.value !== undefined && value.value > high.value) return flag('High', 'up');
  if (low?.value !== undefined && value.value < low.value) return flag('Low', 'down');
  return undefined;
}

/** A range in another unit says nothing. */
function sameUnit(value: Quantity, limit: Quantity | undefined): boolean {
  const mine = value.code ?? value.unit;
  const other = limit?.code ?? limit?.unit;
  return !mine || !other || mine === other || value.unit === limit?.unit;
}
