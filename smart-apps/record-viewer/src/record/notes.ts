import type { Attachment, DiagnosticReport, DocumentReference, Encounter, Reference } from 'fhir/r4';
import { conceptText, hasCode } from '../format/concept';
import { when } from '../format/date';
import { pointsTo } from '../fhir/reference';
import { duringContact } from './latest';
import { isLaboratory, shortName } from './results';

/** A note or a written report: whatever has text to read. */
export interface Note {
  key: string;
  title: string;
  date?: string;
  author?: Reference;
  attachments: Attachment[];
  /** A report's conclusion, which is readable without its attachment. */
  conclusion?: string;
  source: DocumentReference | DiagnosticReport;
  preliminary: boolean;
}

const DISCHARGE_SUMMARY = ['18842-5', '11490-0', '28655-9', '29761-0', '34105-7', '78410-0', '34106-5'];

/** Documents and reports as one list, newest first, without those that are superseded or in error. */
export function notesOf(documents: readonly DocumentReference[], reports: readonly DiagnosticReport[]): Note[] {
  const fromDocuments = documents.filter((one) => one.status === 'current' && one.docStatus !== 'entered-in-error').map(fromDocument);
  const known = new Set(fromDocuments.flatMap((one) => one.attachments.map((attachment) => attachment.url)));
  const fromReports = reports
    .filter((one) => !['entered-in-error', 'cancelled', 'registered'].includes(one.status))
    .filter((one) => !isLaboratory(one) || (one.presentedForm ?? []).some((form) => form.url))
    .map(fromReport)
    // The same attachment may hang on a report and on a document; it is one thing to read.
    .filter((one) => !one.attachments.length || !one.attachments.every((form) => form.url && known.has(form.url)))
    .filter((one) => one.attachments.length > 0 || one.conclusion);
  return [...fromDocuments, ...fromReports].sort((a, b) => when(b.date) - when(a.date));
}

function fromDocument(source: DocumentReference): Note {
  return {
    key: `DocumentReference/${source.id}`,
    title: conceptText(source.type) ?? source.description ?? conceptText(source.category?.[0]) ?? 'Note',
    date: source.context?.period?.start && !source.date ? source.context.period.start : source.date,
    author: source.author?.[0] ?? source.authenticator ?? source.custodian,
    attachments: source.content.map((one) => one.attachment).filter((one) => one?.url || one?.data),
    source,
    preliminary: source.docStatus === 'preliminary',
  };
}

function fromReport(source: DiagnosticReport): Note {
  return {
    key: `DiagnosticReport/${source.id}`,
    title: shortName(conceptText(source.code) ?? 'Report'),
    date: source.effectiveDateTime ?? source.effectivePeriod?.end ?? source.issued,
    author: source.resultsInterpreter?.[0] ?? source.performer?.[0],
    attachments: (source.presentedForm ?? []).filter((one) => one.url || one.data),
    conclusion: source.conclusion,
    source,
    preliminary: ['partial', 'preliminary'].includes(source.status),
  };
}

export function isDischargeSummary(note: Note): boolean {
  if (note.source.resourceType !== 'DocumentReference') return false;
  return hasCode(note.source.type, ...DISCHARGE_SUMMARY) || /discharge (summary|letter|note)/i.test(note.title);
}

const DISCHARGE_INSTRUCTIONS = ['74213-0', '8653-8', '69730-0', '18776-5'];

/** The notes of a contact that may say what comes next, the likeliest first. */
export function planNotes(notes: readonly Note[]): Note[] {
  const instructions = (one: Note) =>
    one.source.resourceType === 'DocumentReference' && (hasCode(one.source.type, ...DISCHARGE_INSTRUCTIONS) || /instruction|plan of (care|treatment)/i.test(one.title));
  const rank = (one: Note) => (isDischargeSummary(one) ? 0 : instructions(one) ? 1 : 2);
  return [...notes].sort((a, b) => rank(a) - rank(b)).slice(0, 4);
}

export function noteInEncounter(note: Note, encounter: Encounter): boolean {
  if (note.source.resourceType === 'DiagnosticReport') return pointsTo(note.source.encounter, 'Encounter', encounter.id);
  return (note.source.context?.encounter ?? []).some((one) => pointsTo(one, 'Encounter', encounter.id));
}

/** The notes of a contact, newest first; by date where the hospital does not say to which contact a note belongs. */
export function notesIn(encounter: Encounter, notes: readonly Note[], now: Date): Note[] {
  const said = notes.filter((one) => noteInEncounter(one, encounter));
  return said.length ? said : notes.filter((one) => !namesEncounter(one) && duringContact(encounter, one.date, now));
}

function namesEncounter(note: Note): boolean {
  return note.source.resourceType === 'DiagnosticReport'
    ? note.source.encounter !== undefined
    : (note.source.context?.encounter ?? []).length > 0;
}

/** The attachment to show: HTML before text before PDF, as each is easier to read than the next; undefined when there is none. */
export function bestAttachment(note: Note): Attachment | undefined {
  const order = ['text/html', 'text/plain', 'application/pdf'];
  const rank = (one: Attachment) => {
    const at = order.indexOf(mediaType(one));
    return at < 0 ? order.length : at;
  };
  return [...note.attachments].sort((a, b) => rank(a) - rank(b))[0];
}

export function mediaType(attachment: Attachment): string {
  return (attachment.contentType ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? 'text/plain';
}
