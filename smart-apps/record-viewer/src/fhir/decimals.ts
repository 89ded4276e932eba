/**
 * FHIR decimals carry their precision (4.0 is not 4), which a JavaScript number loses. Where the engine lets a JSON
 * reviver see the source text, a `value` whose text says more than its number keeps that text beside it.
 */
export interface WithText {
  valueText?: string;
}

/** A reviver for `JSON.parse`. */
export function exactDecimals(this: unknown, key: string, value: unknown, context?: { source?: string }): unknown {
  if (key === 'value' && typeof value === 'number' && context?.source && context.source !== String(value)) {
    if (/^-?\d+\.\d+$/.test(context.source)) (this as WithText).valueText = context.source;
  }
  return value;
}
