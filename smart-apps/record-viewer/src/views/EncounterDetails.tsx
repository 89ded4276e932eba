import type { Encounter } from 'fhir/r4';
import { dispositionOf, serviceOf, staffOf, unitOf } from '../record/encounters';
import { diagnosesOf } from '../record/lists';
import type { EncounterMark } from '../record/timeline';
import { useFeed, useName, usePage } from '../ui/context';
import { Person, SecureChannel } from '../ui/Person';
import { NoteItem, ProcedureItem, ResultItem } from './TimelineItem';

/** One encounter in full: where, with what outcome, who to ask (S-63), and what belongs to it. */
export function EncounterDetails({ mark }: { mark: EncounterMark }) {
  const { encounter } = mark;
  const staff = staffOf(encounter);
  return (
    <div class="details">
      <Facts encounter={encounter} />
      <h4>Staff</h4>
      {staff.length > 0 ? (
        <div class="people">
          {staff.map(({ role, participant }) =>
            participant.individual ? (
              <Person place key={participant.individual.reference ?? participant.individual.display} reference={participant.individual} owner={encounter} role={role} />
            ) : null,
          )}
        </div>
      ) : (
        <p class="empty">The hospital gives no staff for this contact.</p>
      )}
      {encounter.serviceProvider && <Person reference={encounter.serviceProvider} owner={encounter} role="Department" />}
      <SecureChannel />
      {mark.notes.length > 0 && <h4>Notes</h4>}
      {mark.notes.length > 0 && <ol class="inside">{mark.notes.map((one) => <NoteItem key={one.key} mark={one} />)}</ol>}
      {mark.results.length > 0 && <h4>Results</h4>}
      {mark.results.length > 0 && <ol class="inside">{mark.results.map((one) => <ResultItem key={one.key} mark={one} />)}</ol>}
      {mark.procedures.length > 0 && <h4>Procedures</h4>}
      {mark.procedures.length > 0 && <ol class="inside">{mark.procedures.map((one) => <ProcedureItem key={one.key} mark={one} />)}</ol>}
    </div>
  );
}

function Facts({ encounter }: { encounter: Encounter }) {
  const { store } = usePage();
  const conditions = useFeed(store.conditions).items;
  const unit = useName(unitOf(encounter));
  const diagnoses = diagnosesOf(encounter, conditions);
  const rows: [string, string | undefined][] = [
    ['Where', unit],
    ['Service', serviceOf(encounter)],
    ['Diagnoses', diagnoses.join('; ')],
    ['Discharged to', dispositionOf(encounter)],
  ];
  return (
    <dl class="facts">
      {rows.map(([label, value]) =>
        value ? (
          <div key={label}>
            <dt class="label">{label}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}
