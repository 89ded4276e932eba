import type { CodeableConcept, Encounter, FhirResource, Medication, MedicationRequest } from 'fhir/r4';
import { anyCode, conceptKey, conceptText } from '../format/concept';
import { when } from '../format/date';
import { quantityText } from '../format/quantity';
import { contained, localKey, pointsTo } from '../fhir/reference';
import { duringContact } from './latest';

export interface Medicine {
  request: MedicationRequest;
  name: string;
  /** What makes two orders orders of the same medicine. */
  key: string;
  dose: string;
  active: boolean;
  /** Given in the hospital only. */
  inpatient: boolean;
  started?: string;
  stopped?: string;
  reason?: string;
  /** Why it was stopped, or its state when that is out of the ordinary. */
  note?: string;
}

const CURRENT = ['active', 'on-hold'];

/** Orders as medicines, active first, newest first. Drafts, proposals and errors are left out. */
export function medicines(requests: readonly MedicationRequest[], included: readonly FhirResource[] = []): Medicine[] {
  const library = new Map(included.map((one) => [`${one.resourceType}/${one.id}`, one]));
  return requests
    .filter((one) => !['draft', 'entered-in-error'].includes(one.status) && one.doNotPerform !== true)
    .filter((one) => !['proposal', 'option'].includes(one.intent))
    .map((one) => medicine(one, library))
    .map((one, _, all) => (one.active || one.note ? one : { ...one, note: replacedBy(one, all) }))
    .sort((a, b) => Number(b.active) - Number(a.active) || when(b.stopped ?? b.started) - when(a.stopped ?? a.started));
}

function medicine(request: MedicationRequest, library: Map<string, FhirResource>): Medicine {
  const concept = conceptOf(request, library);
  const name = conceptText(concept) ?? request.medicationReference?.display ?? 'Medicine not named';
  const active = CURRENT.includes(request.status);
  const stopped = active ? undefined : stopOf(request);
  return {
    request,
    name,
    key: ingredient(name) || (conceptKey(concept) ?? name.toLowerCase()),
    dose: doseText(request),
    active,
    inpatient: anyCode(request.category, 'inpatient'),
    started: request.authoredOn ?? request.dispenseRequest?.validityPeriod?.start ?? boundsOf(request)?.start,
    ...(stopped ? { stopped } : {}),
    reason: (request.reasonCode ?? []).map(conceptText).find(Boolean) ?? request.reasonReference?.[0]?.display,
    note: request.status === 'on-hold' ? 'On hold' : conceptText(request.statusReason),
  };
}

function replacedBy(old: Medicine, all: readonly Medicine[]): string | undefined {
  const newer = all.some((one) => one.active && one.key === old.key && one.inpatient === old.inpatient && when(one.started) > when(old.started));
  return newer ? 'Replaced by a newer order' : undefined;
}

function conceptOf(request: MedicationRequest, library: Map<string, FhirResource>): CodeableConcept | undefined {
  if (request.medicationCodeableConcept) return request.medicationCodeableConcept;
  const inside = contained<Medication>(request, request.medicationReference);
  const found = inside ?? (library.get(localKey(request.medicationReference?.reference) ?? '') as Medication | undefined);
  return found?.code;
}

/** The first word or words before strength and form: two strengths of one medicine are the same medicine. */
function ingredient(name: string): string {
  const brandless = name.replace(/\[[^\]]*\]/g, '').replace(/^\d[\d.,]*\s*(?:hr|mcg|mg|ml|actuat)\w*\s+/i, '');
  const words = brandless.split(/\s+\d|\s+\(|,/)[0] ?? '';
  return words.trim().toLowerCase();
}

function boundsOf(request: MedicationRequest) {
  return request.dosageInstruction?.find((one) => one.timing?.repeat?.boundsPeriod)?.timing?.repeat?.boundsPeriod;
}

/** R4 has no date of stopping. The end of the ordered course says it best, then the last change of the order. */
function stopOf(request: MedicationRequest): string | undefined {
  const end = boundsOf(request)?.end ?? request.dispenseRequest?.validityPeriod?.end;
  const changed = request.status === 'completed' ? undefined : request.meta?.lastUpdated;
  return end ?? changed;
}

/** The sig as written, else put together from dose, route and timing. */
export function doseText(request: MedicationRequest): string {
  const lines = (request.dosageInstruction ?? []).map((one) => {
    if (one.patientInstruction || one.text) return (one.text ?? one.patientInstruction) as string;
    const dose = one.doseAndRate?.map((rate) => quantityText(rate.doseQuantity)).find(Boolean);
    const repeat = one.timing?.repeat;
    const often = conceptText(one.timing?.code) ?? oftenText(repeat?.frequency, repeat?.period, repeat?.periodUnit);
    const need = one.asNeededBoolean || one.asNeededCodeableConcept ? 'when needed' : undefined;
    return [dose, conceptText(one.route)?.toLowerCase(), often, need].filter(Boolean).join(', ');
  });
  return lines.filter(Boolean).join('; ');
}

const UNITS: Record<string, string> = { h: 'hour', d: 'day', wk: 'week', mo: 'month', min: 'minute' };

function oftenText(frequency?: number, period?: number, unit?: string): string | undefined {
  const noun = UNITS[unit ?? ''];
  if (!noun || !period) return undefined;
  const times = frequency === 2 ? 'twice' : frequency && frequency > 1 ? `${frequency} times` : undefined;
  if (period === 1) return times ? `${times} a ${noun}` : unit === 'd' ? 'once a day' : `every ${noun}`;
  return times ? `${times} in ${period} ${noun}s` : `every ${period} ${noun}s`;
}

export interface MedicationChanges {
  started: Medicine[];
  changed: { before: Medicine; after: Medicine }[];
  stopped: Medicine[];
}

/** What one contact did to the patient's medicines. What was only given in the hospital is not among it. */
export function changesIn(encounter: Encounter, all: readonly Medicine[], now: Date): MedicationChanges {
  const home = all.filter((one) => !one.inpatient);
  const orderedHere = (one: Medicine) =>
    pointsTo(one.request.encounter, 'Encounter', encounter.id) || (!one.request.encounter && duringContact(encounter, one.started, now));
  const here = newestOfEach(home.filter(orderedHere));
  const earlier = home.filter((one) => !orderedHere(one) && when(one.started) < when(encounter.period?.end ?? now.toISOString()));
  const changes: MedicationChanges = { started: [], changed: [], stopped: [] };
  for (const after of here) {
    const before = newestOfEach(earlier.filter((one) => one.key === after.key && wasRunning(one, encounter)))[0];
    if (!before) changes.started.push(after);
    else if (differs(before, after)) changes.changed.push({ before, after });
  }
  const continued = new Set(here.map((one) => one.key));
  changes.stopped = newestOfEach(home.filter((one) => stoppedIn(one, encounter, now))).filter((one) => !continued.has(one.key));
  return changes;
}

function wasRunning(one: Medicine, encounter: Encounter): boolean {
  return one.active || (one.stopped !== undefined && when(one.stopped) >= when(encounter.period?.start) - 86_400_000);
}

function differs(before: Medicine, after: Medicine): boolean {
  return before.name !== after.name || before.dose !== after.dose;
}

function stoppedIn(one: Medicine, encounter: Encounter, now: Date): boolean {
  const ended = ['stopped', 'cancelled'].includes(one.request.status);
  return ended && when(one.started) < when(encounter.period?.start) && duringContact(encounter, one.stopped, now);
}

function newestOfEach(all: readonly Medicine[]): Medicine[] {
  const newest = new Map<string, Medicine>();
  for (const one of all) {
    const known = newest.get(one.key);
    if (!known || when(one.started) > when(known.started)) newest.set(one.key, one);
  }
  return [...newest.values()];
}
