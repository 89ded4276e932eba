import type { AllergyIntolerance, Condition, Procedure } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { when } from '../format/date';
import { allergyName, isSevere, onsetOf, reactionText } from '../record/lists';
import { useFeed, usePage } from '../ui/context';
import { Filled, Section, source } from '../ui/Section';
import { useAllergies, useProblems } from '../ui/useDerived';
import { When } from '../ui/When';

export function Problems() {
  return (
    <>
      <AllergySection />
      <ProblemSection />
      <ProcedureSection />
    </>
  );
}

function AllergySection() {
  const { store } = usePage();
  const { active, past, noneKnown } = useAllergies();
  const sources = [source(store.allergies, 'Allergies')];
  return (
    <Section title="Allergies" sources={sources}>
      <Filled
        sources={sources}
        filled={active.length + past.length > 0}
        empty={noneKnown ? 'No known allergies: the hospital asked and recorded that there are none.' : 'No allergies that you can see here. That does not mean that there are none.'}
        lines={2}
      >
        <table class="table table-stack">
          <caption class="visually-hidden">Allergies</caption>
          <thead>
            <tr>
              <th scope="col">To</th>
              <th scope="col">Reaction</th>
              <th scope="col">Severity</th>
              <th scope="col">Recorded</th>
            </tr>
          </thead>
          <tbody>
            {active.map((one) => <AllergyRow key={one.id} allergy={one} />)}
            {past.map((one) => <AllergyRow key={one.id} allergy={one} past />)}
          </tbody>
        </table>
      </Filled>
    </Section>
  );
}

function AllergyRow({ allergy, past }: { allergy: AllergyIntolerance; past?: boolean }) {
  const unconfirmed = allergy.verificationStatus?.coding?.some((one) => one.code === 'unconfirmed');
  return (
    <tr class={past ? 'past' : ''}>
      <th scope="row">
        {allergyName(allergy)}
        {past && <span class="sub">No longer active</span>}
        {unconfirmed && <span class="sub">Not confirmed</span>}
      </th>
      <td data-label="Reaction">{reactionText(allergy) || <span class="muted">Not given</span>}</td>
      <td data-label="Severity">{isSevere(allergy) ? <strong>Severe</strong> : (severity(allergy) ?? <span class="muted">Not given</span>)}</td>
      <td data-label="Recorded">
        <When date={allergy.recordedDate ?? allergy.onsetDateTime} />
      </td>
    </tr>
  );
}

function severity(allergy: AllergyIntolerance): string | undefined {
  const said = allergy.reaction?.map((one) => one.severity).find(Boolean);
  return said && said.charAt(0).toUpperCase() + said.slice(1);
}

function ProblemSection() {
  const { store } = usePage();
  const { active, past } = useProblems();
  const sources = [source(store.conditions, 'Problems')];
  return (
    <Section title="Problems" sources={sources}>
      <Filled sources={sources} filled={active.length + past.length > 0} empty="No problems that you can see." lines={4}>
        {active.length > 0 ? <ConditionTable caption="Active" rows={active} /> : <p class="empty">No active problems.</p>}
        {past.length > 0 && <ConditionTable caption="Past" rows={past} past />}
      </Filled>
    </Section>
  );
}

function ConditionTable({ caption, rows, past }: { caption: string; rows: Condition[]; past?: boolean }) {
  return (
    <table class="table table-stack">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Problem</th>
          <th scope="col">Since</th>
          {past && <th scope="col">Until</th>}
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => (
          <tr key={one.id}>
            <th scope="row">{conceptText(one.code) ?? 'Problem not named'}</th>
            <td data-label="Since">
              <When date={onsetOf(one)} />
            </td>
            {past && <td data-label="Until">{one.abatementDateTime ? <When date={one.abatementDateTime} /> : <span class="muted">Not given</span>}</td>}
            <td data-label="State">{[conceptText(one.severity), conceptText(one.clinicalStatus)].filter(Boolean).join(', ') || 'Not given'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ProcedureSection() {
  const { store } = usePage();
  const state = useFeed(store.procedures);
  const dateOf = (one: Procedure) => one.performedDateTime ?? one.performedPeriod?.start;
  const rows = state.items
    .filter((one) => !['entered-in-error', 'not-done'].includes(one.status))
    .sort((a, b) => when(dateOf(b)) - when(dateOf(a)));
  const sources = [source(store.procedures, 'Procedures')];
  return (
    <Section title="Procedures" sources={sources}>
      <Filled sources={sources} filled={rows.length > 0} empty="No procedures that you can see." lines={2}>
        <ul class="short-list">
          {rows.map((one) => (
            <li key={one.id}>
              {conceptText(one.code) ?? 'Procedure not named'}, <When date={dateOf(one)} />
            </li>
          ))}
        </ul>
      </Filled>
    </Section>
  );
}
