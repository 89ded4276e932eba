import type { DiagnosticReport, Encounter, Observation, Procedure } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { instant, when } from '../format/date';
import { localKey, pointsTo } from '../fhir/reference';
import { contactKind, happened, newestFirst } from './encounters';
import { flagOf, type Flag } from './flags';
import { duringContact } from './latest';
import type { Note } from './notes';
import { noteInEncounter } from './notes';
import { counts, isLaboratory, isPending, reportedAt, shortName, takenAt, testName } from './results';

export type MarkKind = 'admissions' | 'emergency' | 'visits' | 'results' | 'notes' | 'procedures';

/** A set of results reported together. */
export interface ResultMark {
  kind: 'results';
  key: string;
  date?: string;
  title: string;
  observations: Observation[];
  flags: Flag[];
  pending: boolean;
  encounterKey?: string;
}

export interface NoteMark {
  kind: 'notes';
  key: string;
  date?: string;
  note: Note;
}

export interface ProcedureMark {
  kind: 'procedures';
  key: string;
  date?: string;
  title: string;
  procedure: Procedure;
}

export interface EncounterMark {
  kind: 'admissions' | 'emergency' | 'visits';
  key: string;
  date?: string;
  encounter: Encounter;
  results: ResultMark[];
  notes: NoteMark[];
  procedures: ProcedureMark[];
}

export type Mark = EncounterMark | ResultMark | NoteMark | ProcedureMark;

export interface TimelineInput {
  encounters: readonly Encounter[];
  observations: readonly Observation[];
  reports: readonly DiagnosticReport[];
  notes: readonly Note[];
  procedures: readonly Procedure[];
  now: Date;
}

export interface Timeline {
  /** Encounters with what belongs to them inside, and loose marks; newest first. */
  nested: Mark[];
  /** Everything by itself, newest first: for looking at one kind. */
  flat: Mark[];
}

export function timelineOf(input: TimelineInput): Timeline {
  const results = resultMarks(input);
  const notes = input.notes.map((note): NoteMark => ({ kind: 'notes', key: note.key, date: note.date, note }));
  const procedures = input.procedures.filter((one) => !['entered-in-error', 'not-done'].includes(one.status)).map(procedureMark);
  const encounters = newestFirst(input.encounters.filter((one) => happened(one) || one.status === 'planned')).map(encounterMark);
  const loose: Mark[] = [];
  for (const mark of [...results, ...notes, ...procedures]) {
    const home = encounters.find((one) => says(mark, one.encounter)) ?? encounters.find((one) => fits(mark, one.encounter, input.now));
    if (!home) loose.push(mark);
    else if (mark.kind === 'results') home.results.push(mark);
    else if (mark.kind === 'notes') home.notes.push(mark);
    else home.procedures.push(mark);
  }
  for (const one of encounters) {
    byDate(one.results);
    byDate(one.notes);
    byDate(one.procedures);
  }
  return { nested: byDate([...encounters, ...loose]), flat: byDate([...encounters, ...results, ...notes, ...procedures]) };
}

function byDate<T extends Mark>(marks: T[]): T[] {
  return marks.sort((a, b) => when(b.date) - when(a.date));
}

function encounterMark(encounter: Encounter): EncounterMark {
  const kinds = { admission: 'admissions', observation: 'admissions', emergency: 'emergency', visit: 'visits', remote: 'visits' } as const;
  return {
    kind: kinds[contactKind(encounter)],
    key: `Encounter/${encounter.id}`,
    date: encounter.period?.start,
    encounter,
    results: [],
    notes: [],
    procedures: [],
  };
}

function procedureMark(procedure: Procedure): ProcedureMark {
  const date = procedure.performedDateTime ?? procedure.performedPeriod?.start;
  return { kind: 'procedures', key: `Procedure/${procedure.id}`, date, title: conceptText(procedure.code) ?? 'Procedure', procedure };
}

function says(mark: Mark, encounter: Encounter): boolean {
  if (mark.kind === 'results') return mark.encounterKey === `Encounter/${encounter.id}`;
  if (mark.kind === 'notes') return noteInEncounter(mark.note, encounter);
  return mark.kind === 'procedures' && pointsTo(mark.procedure.encounter, 'Encounter', encounter.id);
}

function fits(mark: Mark, encounter: Encounter, now: Date): boolean {
  if (encounter.status === 'planned') return false;
  if (mark.kind === 'results' && mark.encounterKey) return false;
  if (mark.kind === 'procedures' && mark.procedure.encounter) return false;
  return duringContact(encounter, mark.date, now);
}

/** One mark for each laboratory report, and one a day for results that no report lists. */
function resultMarks({ observations, reports }: TimelineInput): ResultMark[] {
  const byId = new Map(observations.map((one) => [`Observation/${one.id}`, one]));
  const listed = new Set<string>();
  const marks: ResultMark[] = [];
  for (const report of reports.filter((one) => counts(one) && isLaboratory(one))) {
    const keys = (report.result ?? []).map((one) => localKey(one.reference) ?? '');
    for (const key of keys) listed.add(key);
    const mine = keys.flatMap((key) => byId.get(key) ?? []);
    marks.push(resultMark(`DiagnosticReport/${report.id}`, reportedAt(report), shortName(conceptText(report.code) ?? 'Results'), mine, report));
  }
  const days = new Map<string, Observation[]>();
  for (const one of observations) {
    if (listed.has(`Observation/${one.id}`) || !counts(one)) continue;
    const day = `${instant(takenAt(one))?.toDateString() ?? ''} ${one.encounter?.reference ?? ''}`;
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  for (const [day, group] of days) {
    const names = [...new Set(group.map(testName))];
    const title = names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ');
    marks.push(resultMark(`day ${day}`, takenAt(group[0] as Observation), title, group, group[0]));
  }
  return marks;
}

function resultMark(
  key: string,
  date: string | undefined,
  title: string,
  observations: Observation[],
  owner: Observation | DiagnosticReport | undefined,
): ResultMark {
  const flags = observations.flatMap((one) => flagOf(one) ?? []);
  const encounterKey = localKey(owner?.encounter?.reference ?? observations[0]?.encounter?.reference);
  return { kind: 'results', key, date, title, observations, flags, pending: owner ? isPending(owner) : false, encounterKey };
}
