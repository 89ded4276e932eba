import type { Encounter } from 'fhir/r4';
import { inSentence } from '../format/concept';
import { daysBetween, wall } from '../format/date';
import { contactKind, happened, isNow, isPlanned, isStay, newestFirst, reasonOf, startOf, titleOf } from './encounters';

export interface LatestContact {
  encounter: Encounter;
  /** The patient is in the hospital now. */
  now: boolean;
  /** Visits after it, newest first. */
  since: Encounter[];
  /** Planned ones, soonest first. */
  planned: Encounter[];
}

/** A stay in the hospital stays the news for this long, even when a clinic visit came after it. */
const STAY_IS_NEWS_DAYS = 30;

/**
 * The contact that a referring clinician asks about: where the patient is now; else a stay that ended within a month;
 * else the latest contact of any kind.
 */
export function latestContact(encounters: readonly Encounter[], now: Date): LatestContact | undefined {
  const past = newestFirst(encounters.filter((one) => happened(one) && startOf(one) <= now.getTime()));
  const planned = encounters.filter((one) => isPlanned(one, now)).sort((a, b) => startOf(a) - startOf(b));
  const current = past.find((one) => isNow(one) && isStay(one)) ?? past.find(isNow);
  const recent = past.find((one) => isStay(one) && endedWithin(one, now, STAY_IS_NEWS_DAYS));
  const encounter = current ?? recent ?? past[0];
  if (!encounter) return undefined;
  const since = past.filter((one) => one !== encounter && startOf(one) > startOf(encounter));
  return { encounter, now: encounter === current, since, planned };
}

function endedWithin(encounter: Encounter, now: Date, days: number): boolean {
  const end = wall(encounter.period?.end ?? encounter.period?.start);
  return end !== undefined && daysBetween(end, now) <= days;
}

/** The heading of the card: "In the hospital now: acute asthma", "Emergency visit: a fall". Reasons come in any grammar. */
export function headline(contact: LatestContact): string {
  const reason = reasonOf(contact.encounter);
  const said = reason && inSentence(reason);
  const kind = contactKind(contact.encounter);
  if (contact.now && isStay(contact.encounter)) {
    const place = kind === 'emergency' ? 'In the emergency department now' : 'In the hospital now';
    return said ? `${place}: ${said}` : place;
  }
  const title = kind === 'admission' ? 'Admitted' : titleOf(contact.encounter);
  return said ? `${title}: ${said}` : kind === 'admission' ? 'Admitted to the hospital' : title;
}

/** True when something dated `date`, or recorded in the encounter, belongs to the contact. */
export function duringContact(encounter: Encounter, date: string | undefined, now: Date): boolean {
  const at = wall(date);
  const start = wall(encounter.period?.start);
  const end = wall(encounter.period?.end) ?? (isNow(encounter) ? now : start);
  if (!at || !start || !end) return false;
  // Whole days: orders and reports are often written a little before the arrival or after the discharge.
  return daysBetween(start, at) >= 0 && daysBetween(at, end) >= 0;
}
