import type { AllergyIntolerance, CareTeam, Condition, Immunization } from 'fhir/r4';
import { anyCode, conceptKey, conceptText, hasCode } from '../format/concept';
import { when } from '../format/date';
import { pointsTo } from '../fhir/reference';

const NO_KNOWN = ['716186003', '409137002', '429625007', '428607008'];

export interface Allergies {
  active: AllergyIntolerance[];
  past: AllergyIntolerance[];
  /** The hospital recorded that there are none, which is not the same as an empty list. */
  noneKnown: boolean;
}

export function allergiesOf(all: readonly AllergyIntolerance[]): Allergies {
  const valid = all.filter((one) => !hasCode(one.verificationStatus, 'entered-in-error', 'refuted'));
  const none = valid.filter((one) => hasCode(one.code, ...NO_KNOWN) || /^no known/i.test(conceptText(one.code) ?? ''));
  const real = valid.filter((one) => !none.includes(one));
  const active = real.filter((one) => !hasCode(one.clinicalStatus, 'inactive', 'resolved'));
  const severe = (one: AllergyIntolerance) => Number(isSevere(one));
  active.sort((a, b) => severe(b) - severe(a) || allergyName(a).localeCompare(allergyName(b), 'en'));
  return { active, past: real.filter((one) => !active.includes(one)), noneKnown: none.length > 0 && active.length === 0 };
}

export function allergyName(allergy: AllergyIntolerance): string {
  const substance = allergy.reaction?.map((one) => conceptText(one.substance)).find(Boolean);
  const name = conceptText(allergy.code) ?? substance ?? 'Substance not named';
  return name.replace(/^(?:allergy to|allergic to)\s+/i, '').replace(/\s+allergy$/i, '').replace(/^./, (c) => c.toUpperCase());
}

export function isSevere(allergy: AllergyIntolerance): boolean {
  return allergy.criticality === 'high' || (allergy.reaction ?? []).some((one) => one.severity === 'severe');
}

export function reactionText(allergy: AllergyIntolerance): string {
  const said = (allergy.reaction ?? []).flatMap((one) => one.manifestation.map(conceptText));
  return [...new Set(said.filter(Boolean))].join(', ');
}

export interface Problems {
  active: Condition[];
  past: Condition[];
}

/** The problem list: what was only a visit's diagnosis is left to that visit, unless it is all there is. */
export function problemsOf(all: readonly Condition[]): Problems {
  const valid = all.filter((one) => !hasCode(one.verificationStatus, 'entered-in-error', 'refuted'));
  const listed = valid.filter((one) => !onlyDiagnosis(one));
  const shown = newestOfEach(listed.length ? listed : valid);
  const isActive = (one: Condition) => !hasCode(one.clinicalStatus, 'inactive', 'resolved', 'remission') && !one.abatementDateTime;
  const byDate = (a: Condition, b: Condition) => when(onsetOf(b)) - when(onsetOf(a));
  return { active: shown.filter(isActive).sort(byDate), past: shown.filter((one) => !isActive(one)).sort(byDate) };
}

function onlyDiagnosis(condition: Condition): boolean {
  return anyCode(condition.category, 'encounter-diagnosis') && !anyCode(condition.category, 'problem-list-item', 'health-concern');
}

function newestOfEach(all: readonly Condition[]): Condition[] {
  const newest = new Map<string, Condition>();
  for (const one of all) {
    const key = conceptKey(one.code) ?? one.id ?? '';
    const known = newest.get(key);
    if (!known || when(one.recordedDate) > when(known.recordedDate)) newest.set(key, one);
  }
  return [...newest.values()];
}

export function onsetOf(condition: Condition): string | undefined {
  return condition.onsetDateTime ?? condition.onsetPeriod?.start ?? condition.recordedDate;
}

/** The diagnoses of one encounter, in its own order of rank, each once. */
export function diagnosesOf(encounter: import('fhir/r4').Encounter, conditions: readonly Condition[]): string[] {
  const ranked = [...(encounter.diagnosis ?? [])].sort((a, b) => (a.rank ?? 99) - (b.rank ?? 99));
  const named = ranked.map((one) => {
    const target = conditions.find((condition) => pointsTo(one.condition, 'Condition', condition.id));
    return conceptText(target?.code) ?? one.condition.display;
  });
  const recorded = conditions
    .filter((one) => pointsTo(one.encounter, 'Encounter', encounter.id) && !hasCode(one.verificationStatus, 'entered-in-error', 'refuted'))
    .filter((one) => anyCode(one.category, 'encounter-diagnosis') || !ranked.length)
    .map((one) => conceptText(one.code));
  return [...new Set([...named, ...recorded])].filter((one): one is string => Boolean(one));
}

export interface VaccineRow {
  name: string;
  doses: Immunization[];
}

/** Doses by vaccine, the newest last, vaccines in the order of their latest dose. */
export function vaccinesOf(all: readonly Immunization[]): VaccineRow[] {
  const rows = new Map<string, VaccineRow>();
  for (const one of all.filter((dose) => dose.status === 'completed')) {
    const name = conceptText(one.vaccineCode) ?? 'Vaccine not named';
    const row = rows.get(name.toLowerCase()) ?? { name, doses: [] };
    row.doses.push(one);
    rows.set(name.toLowerCase(), row);
  }
  for (const row of rows.values()) row.doses.sort((a, b) => when(a.occurrenceDateTime) - when(b.occurrenceDateTime));
  const newest = (row: VaccineRow) => when(row.doses.at(-1)?.occurrenceDateTime);
  return [...rows.values()].sort((a, b) => newest(b) - newest(a) || a.name.localeCompare(b.name, 'en'));
}

export function activeTeams(all: readonly CareTeam[]): CareTeam[] {
  return all.filter((one) => !['entered-in-error', 'inactive', 'proposed'].includes(one.status ?? 'active'));
}
