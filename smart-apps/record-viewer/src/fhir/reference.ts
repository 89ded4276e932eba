import type { FhirResource, Reference } from 'fhir/r4';

/** `Practitioner/12` out of a relative or absolute reference, versioned or not; undefined for contained, logical and odd ones. */
export function localKey(reference: string | undefined): string | undefined {
  const found = reference?.match(/(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/);
  return found?.[1];
}


/** True when `reference` names the resource of that type and id. */
export function pointsTo(reference: Reference | undefined, type: string, id: string | undefined): boolean {
  return id !== undefined && localKey(reference?.reference) === `${type}/${id}`;
}

/** The contained resource that `#id` names. */
export function contained<T extends FhirResource>(owner: FhirResource, reference: Reference | undefined): T | undefined {
  const target = reference?.reference;
  if (!target?.startsWith('#')) return undefined;
  const { contained: inside } = owner as { contained?: FhirResource[] };
  return inside?.find((one) => one.id === target.slice(1)) as T | undefined;
}
