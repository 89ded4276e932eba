import type { CodeableConcept, Encounter, EncounterParticipant } from 'fhir/r4';
import { anyCode, conceptText } from '../format/concept';
import { daysBetween, wall, when } from '../format/date';

/** What a clinician calls the contact. */
export type ContactKind = 'admission' | 'emergency' | 'observation' | 'visit' | 'remote';

const KINDS: Record<string, ContactKind> = {
  IMP: 'admission',
  ACUTE: 'admission',
  NONAC: 'admission',
  EMER: 'emergency',
  OBSENC: 'observation',
  SS: 'visit',
  AMB: 'visit',
  HH: 'visit',
  FLD: 'visit',
  PRENC: 'admission',
  VR: 'remote',
};

export const KIND_WORDS: Record<ContactKind, string> = {
  admission: 'Admission',
  emergency: 'Emergency visit',
  observation: 'Observation stay',
  visit: 'Visit',
  remote: 'Telephone or video visit',
};

export function contactKind(encounter: Encounter): ContactKind {
  return KINDS[encounter.class?.code ?? ''] ?? 'visit';
}

/** Stays in the hospital, as against visits. */
export function isStay(encounter: Encounter): boolean {
  return ['admission', 'emergency', 'observation'].includes(contactKind(encounter));
}

export function happened(encounter: Encounter): boolean {
  return !['cancelled', 'entered-in-error', 'planned'].includes(encounter.status);
}

export function isNow(encounter: Encounter): boolean {
  return ['in-progress', 'arrived', 'triaged', 'onleave'].includes(encounter.status) && !encounter.period?.end;
}

export function isPlanned(encounter: Encounter, now: Date): boolean {
  const start = wall(encounter.period?.start);
  return encounter.status === 'planned' && start !== undefined && daysBetween(now, start) >= 0;
}

export function startOf(encounter: Encounter): number {
  return when(encounter.period?.start);
}

export function newestFirst(encounters: readonly Encounter[]): Encounter[] {
  return [...encounters].sort((a, b) => startOf(b) - startOf(a));
}

/** Why the patient came, in the hospital's words. */
export function reasonOf(encounter: Encounter): string | undefined {
  const coded = (encounter.reasonCode ?? []).map(conceptText).find(Boolean);
  return coded ?? encounter.reasonReference?.find((one) => one.display)?.display;
}

/** The specialty or the kind of visit: "Pulmonology", "Well child visit". */
export function serviceOf(encounter: Encounter): string | undefined {
  return conceptText(encounter.serviceType) ?? (encounter.type ?? []).map(conceptText).find(Boolean);
}

export function titleOf(encounter: Encounter): string {
  const kind = contactKind(encounter);
  const service = serviceOf(encounter);
  if (kind !== 'visit') return service && kind === 'remote' ? `${service}, ${KIND_WORDS.remote.toLowerCase()}` : KIND_WORDS[kind];
  if (!service) return KIND_WORDS.visit;
  return /visit|check|consult|encounter|clinic|follow/i.test(service) ? service : `${service} visit`;
}

export function dispositionOf(encounter: Encounter): string | undefined {
  return conceptText(encounter.hospitalization?.dischargeDisposition);
}

/** The unit where the patient is or was last; references without a name are left to the directory. */
export function unitOf(encounter: Encounter) {
  const places = (encounter.location ?? []).filter((one) => one.status !== 'planned');
  const active = places.find((one) => one.status === 'active');
  const last = [...places].sort((a, b) => when(b.period?.start) - when(a.period?.start))[0];
  return (active ?? last ?? places[0])?.location;
}

/** Days in the hospital, counting nights; undefined while it goes on or when unknown. */
export function nights(encounter: Encounter, now?: Date): number | undefined {
  const start = wall(encounter.period?.start);
  const end = wall(encounter.period?.end) ?? now;
  return start && end ? daysBetween(start, end) : undefined;
}

const ROLES: Record<string, string> = {
  ATND: 'Attending',
  PPRF: 'Attending',
  SPRF: 'Assisting',
  CON: 'Specialist',
  REF: 'Referred by',
  ADM: 'Admitted by',
  DIS: 'Discharged by',
  PART: 'Staff',
  CALLBCK: 'For questions',
};

/** Order in which one would call them. */
const RANK = ['Attending', 'For questions', 'Specialist', 'Discharged by', 'Assisting', 'Admitted by', 'Staff', 'Referred by'];

export interface StaffMember {
  role: string;
  participant: EncounterParticipant;
}

/** An encounter's staff, the attending first; one line each even when a person has several roles. */
export function staffOf(encounter: Encounter): StaffMember[] {
  const byPerson = new Map<string, StaffMember>();
  const people = (encounter.participant ?? []).filter((one) => one.individual && !isFamily(one));
  for (const participant of people) {
    const key = participant.individual?.reference ?? participant.individual?.display ?? String(byPerson.size);
    const member = { role: roleOf(participant.type), participant };
    const known = byPerson.get(key);
    if (!known || rank(member) < rank(known)) byPerson.set(key, member);
  }
  return [...byPerson.values()].sort((a, b) => rank(a) - rank(b));
}

function rank(member: StaffMember): number {
  const at = RANK.indexOf(member.role);
  return at < 0 ? RANK.length : at;
}

function roleOf(types: readonly CodeableConcept[] | undefined): string {
  const codes = (types ?? []).flatMap((type) => type.coding ?? []).map((coding) => coding.code ?? '');
  const known = codes.map((code) => ROLES[code]).filter((role): role is string => role !== undefined);
  const best = [...known].sort((a, b) => RANK.indexOf(a) - RANK.indexOf(b))[0];
  return best ?? (types ?? []).map(conceptText).find(Boolean) ?? 'Staff';
}

function isFamily(participant: EncounterParticipant): boolean {
  return /(^|\/)(RelatedPerson|Patient)\//.test(participant.individual?.reference ?? '');
}

export function isAttending(participant: EncounterParticipant): boolean {
  return anyCode(participant.type, 'ATND', 'PPRF');
}
