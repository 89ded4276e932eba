import type { Encounter } from 'fhir/r4';
import { count, dateText, daysBetween, periodText, wall } from '../format/date';
import { contactKind, dispositionOf, isStay, nights, reasonOf, serviceOf, staffOf, titleOf, unitOf } from '../record/encounters';
import { headline, type LatestContact } from '../record/latest';
import { diagnosesOf } from '../record/lists';
import { isDischargeSummary, notesIn } from '../record/notes';
import { useFeed, useName, usePage } from '../ui/context';
import { Person, SecureChannel } from '../ui/Person';
import { Filled, Section, Skeleton, source } from '../ui/Section';
import { useLatest, useNotes } from '../ui/useDerived';
import { When } from '../ui/When';
import { MedicationChangesBlock, ResultsBlock } from './LatestChanges';
import { WhatNext } from './WhatNext';

/** The answer first: what happened at the hospital, and what to do now. */
export function LatestCard() {
  const { store } = usePage();
  const latest = useLatest();
  const sources = [source(store.encounters, 'Hospital contacts')];
  return (
    <Section title="Latest contact" sources={sources} class="latest">
      <Filled sources={sources} filled={latest !== undefined} empty="No contact with the hospital that you can see." skeleton={<CardSkeleton />}>
        {latest && <Card latest={latest} />}
      </Filled>
    </Section>
  );
}

/** As tall as most cards, so that little moves when the card comes. */
function CardSkeleton() {
  return (
    <div aria-hidden="true">
      <div class="skeleton skeleton-headline" />
      <Skeleton lines={2} />
      <p class="latest-buttons">
        <span class="skeleton skeleton-button" />
      </p>
      <div class="latest-grid">
        {[0, 1].map((column) => (
          <div key={column}>
            {[0, 1].map((row) => (
              <div key={row} class="block">
                <Skeleton lines={6} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Card({ latest }: { latest: LatestContact }) {
  const { encounter } = latest;
  return (
    <>
      <h3 class="latest-headline">{headline(latest)}</h3>
      <Diagnoses encounter={encounter} />
      <Facts latest={latest} />
      <SummaryButtons encounter={encounter} />
      <div class="latest-grid">
        <div>
          <WhatNext latest={latest} />
          <MedicationChangesBlock encounter={encounter} />
        </div>
        <div>
          <ResultsBlock encounter={encounter} />
          <WhoToCall encounter={encounter} />
        </div>
      </div>
      <Since latest={latest} />
    </>
  );
}

function Facts({ latest: { encounter, now: current } }: { latest: LatestContact }) {
  const { now } = usePage();
  const unit = useName(unitOf(encounter));
  const organization = useName(encounter.serviceProvider);
  const stayed = nights(encounter, current ? now : undefined);
  const { start, end } = encounter.period ?? {};
  const service = contactKind(encounter) === 'visit' ? undefined : serviceOf(encounter);
  const parts = distinct([unit, service, organization]);
  return (
    <p class="latest-facts">
      <span class="nowrap">
        <strong>{current && isStay(encounter) ? `Since ${dateText(start)}` : periodText(start, end)}</strong>
        {isStay(encounter) && stayed !== undefined && stayed > 0 && ` (${count(stayed, 'night')})`}
      </span>
      {parts.length > 0 && <span>{parts.join(', ')}</span>}
      {!current && <Outcome encounter={encounter} />}
      {current && isStay(encounter) && <span class="pill">Not discharged yet</span>}
    </p>
  );
}

/** Leaves out what another part already says: "General pediatrics" beside "5 West, General Pediatrics". */
function distinct(parts: (string | undefined)[]): string[] {
  const said = parts.filter((one): one is string => Boolean(one));
  const low = said.map((one) => one.toLowerCase());
  return said.filter((_, at) => !low.some((other, index) => index !== at && other.includes(low[at] ?? '') && (other !== low[at] || index < at)));
}

function Outcome({ encounter }: { encounter: Encounter }) {
  const { now } = usePage();
  const end = encounter.period?.end ?? encounter.period?.start;
  const disposition = dispositionOf(encounter);
  const at = wall(end);
  const far = at ? `${distanceWords(daysBetween(at, now))}` : '';
  if (!isStay(encounter)) return far ? <span>{far}</span> : null;
  return (
    <span>
      Discharged {far}
      {disposition && (
        <>
          : <strong>{disposition}</strong>
        </>
      )}
    </span>
  );
}

function distanceWords(days: number): string {
  if (days <= 0) return 'today';
  return days === 1 ? 'yesterday' : `${days < 60 ? count(days, 'day') : count(Math.floor(days / 30.44), 'month')} ago`;
}

function SummaryButtons({ encounter }: { encounter: Encounter }) {
  const { store, now, openNote, open } = usePage();
  const notes = notesIn(encounter, useNotes(), now);
  const loading = useFeed(store.documents).status === 'loading';
  const summary = notes.find(isDischargeSummary);
  const main = summary ?? notes[0];
  if (!main) {
    return <p class="latest-buttons muted">{loading ? <span class="skeleton skeleton-button" role="img" aria-label="Loading notes" /> : 'No notes from this contact that you can see.'}</p>;
  }
  return (
    <p class="latest-buttons">
      <button type="button" class="button" onClick={() => openNote(main.key)}>
        {summary ? 'Read the discharge summary' : `Read the latest note: ${main.title}`}
      </button>
      {notes.length > 1 && (
        <button type="button" class="button-second" onClick={() => open('notes')}>
          All {notes.length} notes
        </button>
      )}
    </p>
  );
}

function WhoToCall({ encounter }: { encounter: Encounter }) {
  const staff = staffOf(encounter);
  const wanted = staff.filter((one) => ['Attending', 'Specialist', 'For questions'].includes(one.role));
  const shown = (wanted.length ? wanted : staff).slice(0, 3);
  return (
    <div class="block">
      <h4>Who to call</h4>
      {shown.map(({ role, participant }) =>
        participant.individual ? (
          <Person key={participant.individual.reference ?? participant.individual.display} reference={participant.individual} owner={encounter} role={role} />
        ) : null,
      )}
      {!staff.length && <p class="empty">The hospital gives no staff for this contact.</p>}
      {!staff.length && encounter.serviceProvider && <Person reference={encounter.serviceProvider} owner={encounter} />}
      {staff.length > shown.length && <p class="muted">{count(staff.length - shown.length, 'more person', 'more people')} in the timeline.</p>}
      <SecureChannel />
    </div>
  );
}

function Diagnoses({ encounter }: { encounter: Encounter }) {
  const { store } = usePage();
  const conditions = useFeed(store.conditions).items;
  const reason = reasonOf(encounter)?.toLowerCase();
  // What the headline says already is not said again.
  const all = diagnosesOf(encounter, conditions);
  const diagnoses = all.filter((one) => one.toLowerCase() !== reason);
  if (!diagnoses.length) return null;
  return (
    <p class="latest-diagnoses">
      <span class="visually-hidden">Diagnoses: </span>
      {diagnoses.length < all.length && 'Also: '}
      {diagnoses.join('; ')}
    </p>
  );
}

function Since({ latest }: { latest: LatestContact }) {
  if (!latest.since.length) return null;
  return (
    <p class="latest-since">
      <span class="label">Since then</span>{' '}
      {latest.since.slice(0, 3).map((one, at) => (
        <span key={one.id}>
          {at > 0 && '; '}
          {titleOf(one)}, <When date={one.period?.start} />
        </span>
      ))}
    </p>
  );
}
