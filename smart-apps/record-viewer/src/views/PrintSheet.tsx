import type { Encounter, FhirResource, Patient, Reference } from 'fhir/r4';
import type { Feed } from '../fhir/feed';
import { ageText } from '../format/age';
import { conceptText } from '../format/concept';
import { count, dateText, dateTimeText, instant, periodText, timeText } from '../format/date';
import { humanName } from '../format/name';
import { observationText, normalRange, rangeText } from '../format/quantity';
import { dispositionOf, staffOf, titleOf } from '../record/encounters';
import { flagOf } from '../record/flags';
import { headline, type LatestContact } from '../record/latest';
import { allergyName, diagnosesOf, reactionText } from '../record/lists';
import { changesIn, type Medicine } from '../record/medications';
import { resultsOf, seriesOf, shortName, takenAt, testName } from '../record/results';
import { useContact, useFeed, usePage } from '../ui/context';
import { useAllergies, useLatest, useMedicines, useNotes, useProblems } from '../ui/useDerived';
import { mrnOf } from './Banner';
import { planNotesOf, usePlan } from './WhatNext';

const MOST = { problems: 10, medicines: 14, results: 12 };

/** One page for the folder: shown on paper only. */
export function PrintSheet() {
  const { store, now } = usePage();
  const patient = useFeed(store.patient).items[0];
  const latest = useLatest();
  const asOf = store.feeds().flatMap((feed) => feed.state.asOf ?? []);
  const oldest = asOf.length ? asOf.reduce((a, b) => (a < b ? a : b)) : now;
  const missing = store.feeds().some((feed) => feed.state.status !== 'ready');
  return (
    <div class="print-sheet">
      <PrintHead patient={patient} />
      {missing && <p class="print-warning">Not all of the record had loaded when this was printed.</p>}
      {latest && <PrintLatest latest={latest} />}
      <div class="print-columns">
        <PrintMedicines />
        <PrintProblems />
        <PrintResults />
        {latest && latest.planned.length > 0 && (
          <section>
            <h2>Planned</h2>
            <ul>
              {latest.planned.slice(0, 4).map((one) => (
                <li key={one.id}>
                  {titleOf(one)}, {dateTimeText(one.period?.start)}
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
      <p class="print-foot">
        From the hospital’s record as of {dateText(oldest)}, {timeText(oldest)}. Printed {dateText(now)}. The record itself may have changed since. Confidential:
        patient details go through a secure channel only.
      </p>
    </div>
  );
}

function PrintHead({ patient }: { patient: Patient | undefined }) {
  const { store, now } = usePage();
  const { active, noneKnown } = useAllergies();
  const { contact } = useContact(patient?.generalPractitioner?.[0], patient);
  const allergies = active.map((one) => [allergyName(one), reactionText(one) && `(${reactionText(one).toLowerCase()})`].filter(Boolean).join(' '));
  return (
    <header class="print-head">
      <h1>{humanName(patient?.name) ?? 'Name not loaded'}</h1>
      <p>
        Born {dateText(patient?.birthDate)} ({ageText(patient?.birthDate, now)}), {patient?.gender ?? 'sex not given'}, MRN {(patient && mrnOf(patient)) ?? 'not given'}
        {contact?.name && `, PCP ${contact.name} `}
        <span class="nowrap">{contact?.phones[0]}</span>
      </p>
      <p>
        <strong>Allergies:</strong>{' '}
        {allergies.join('; ') || (noneKnown ? 'no known allergies' : store.allergies.state.status === 'ready' ? 'none shown here' : 'not loaded')}
      </p>
    </header>
  );
}

function PrintLatest({ latest }: { latest: LatestContact }) {
  const { encounter } = latest;
  const { store, now } = usePage();
  const conditions = useFeed(store.conditions).items;
  const changes = changesIn(encounter, useMedicines(), now);
  const { found } = usePlan(planNotesOf(latest, useNotes(), now));
  const diagnoses = diagnosesOf(encounter, conditions);
  const disposition = dispositionOf(encounter);
  const line = (one: Medicine) => [one.name, one.dose].filter(Boolean).join(', ');
  return (
    <section class="print-latest">
      <h2>
        {headline(latest)}, {periodText(encounter.period?.start, encounter.period?.end)}
      </h2>
      {disposition && <p>Discharged: {disposition}.</p>}
      {diagnoses.length > 0 && <p>Diagnoses: {diagnoses.join('; ')}.</p>}
      {[found?.forYou, found?.next, found?.warning].map(
        (part) =>
          part && (
            <p key={part.heading}>
              <strong>{part.heading}:</strong> {part.lines.map((line) => line.replace(/[.;]?$/, ';')).join(' ').replace(/;$/, '.')}
            </p>
          ),
      )}
      {changes.started.length > 0 && <p>Started: {changes.started.map(line).join('; ')}.</p>}
      {changes.changed.length > 0 && <p>Changed: {changes.changed.map((one) => `${line(one.after)} (was ${one.before.dose || one.before.name})`).join('; ')}.</p>}
      {changes.stopped.length > 0 && <p>Stopped: {changes.stopped.map((one) => one.name).join('; ')}.</p>}
      <p>
        {staffOf(encounter)
          .slice(0, 3)
          .map(({ role, participant }) => <PrintPerson key={participant.individual?.reference} role={role} encounter={encounter} reference={participant.individual} />)}
      </p>
    </section>
  );
}

function PrintPerson({ role, reference, encounter }: { role: string; reference: Reference | undefined; encounter: Encounter }) {
  const { contact } = useContact(reference, encounter);
  if (!contact?.name) return null;
  return (
    <span class="print-person">
      {role}: {contact.name}
      {contact.phones[0] && `, ${contact.phones[0]}`}.{' '}
    </span>
  );
}

function PrintMedicines() {
  const active = useMedicines().filter((one) => one.active);
  return (
    <section>
      <h2>Current medications</h2>
      {active.length === 0 && <PrintNone feed={usePage().store.medications} />}
      <ul>
        {active.slice(0, MOST.medicines).map((one) => (
          <li key={one.request.id}>
            <strong>{one.name}</strong>
            {one.dose && `, ${one.dose}`}
          </li>
        ))}
      </ul>
      <More all={active.length} most={MOST.medicines} />
    </section>
  );
}

function PrintProblems() {
  const { active } = useProblems();
  return (
    <section>
      <h2>Active problems</h2>
      {active.length === 0 && <PrintNone feed={usePage().store.conditions} />}
      <ul>{active.slice(0, MOST.problems).map((one) => <li key={one.id}>{conceptText(one.code)}</li>)}</ul>
      <More all={active.length} most={MOST.problems} />
    </section>
  );
}

/** Abnormal and pending of the latest contact; without one, the abnormal among the last values. */
function PrintResults() {
  const { store, now } = usePage();
  const labs = useFeed(store.labs).items;
  const reports = useFeed(store.reports).items;
  const latest = useLatest();
  const { abnormal, settled, pending } = latest ? resultsOf(latest.encounter, labs, reports, now) : { abnormal: [], settled: [], pending: [] };
  const rows = latest ? [...abnormal, ...settled].map((one) => one.observation) : seriesOf(labs).filter((one) => one.flag).map((one) => one.latest);
  return (
    <section>
      <h2>Results to know</h2>
      {rows.length + pending.length === 0 && (labs.length ? <p>Nothing abnormal, nothing pending.</p> : <PrintNone feed={store.labs} />)}
      <ul>
        {pending.map((one) => <li key={`${one.resourceType}/${one.id}`}>Pending: {shortName(conceptText(one.code) ?? 'result')}</li>)}
        {rows.slice(0, MOST.results).map((one) => {
          const range = rangeText(normalRange(one.referenceRange));
          return (
            <li key={one.id}>
              {testName(one)} {observationText(one)} {flagOf(one)?.word.toLowerCase()}
              {range && ` (range ${range})`}
              {instant(takenAt(one)) && `, ${dateText(takenAt(one))}`}
            </li>
          );
        })}
      </ul>
      <More all={rows.length} most={MOST.results} />
    </section>
  );
}

/** On paper, too, what did not load is not "none". */
function PrintNone<T extends FhirResource>({ feed }: { feed: Feed<T> }) {
  return <p>{useFeed(feed).status === 'ready' ? 'None that you can see.' : 'Not loaded.'}</p>;
}

function More({ all, most }: { all: number; most: number }) {
  return all > most ? <p>{count(all - most, 'more entry', 'more entries')} in the record viewer.</p> : null;
}
