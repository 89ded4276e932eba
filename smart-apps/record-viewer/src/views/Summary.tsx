import { conceptText } from '../format/concept';
import { useMedicines, useProblems } from '../ui/useDerived';
import { usePage } from '../ui/context';
import { Filled, Section, source } from '../ui/Section';
import { onsetOf } from '../record/lists';
import { dateText } from '../format/date';
import { LatestCard } from './LatestCard';
import { TimelineList } from './TimelineList';

/** The first screen. */
export function Summary({ narrow }: { narrow?: boolean }) {
  return (
    <div class="summary">
      <div class="summary-main">
        <LatestCard />
        {!narrow && (
          <div class="summary-lists">
            <ProblemsShort />
            <MedicationsShort />
          </div>
        )}
      </div>
      {!narrow && (
        <div class="summary-side">
          <TimelineList compact />
        </div>
      )}
    </div>
  );
}

const MOST = 8;

function ProblemsShort() {
  const { store, open } = usePage();
  const { active } = useProblems();
  const sources = [source(store.conditions, 'Problems')];
  return (
    <Section title="Active problems" sources={sources}>
      <Filled sources={sources} filled={active.length > 0} empty="No active problems that you can see.">
        <ul class="short-list">
          {active.slice(0, MOST).map((one) => (
            <li key={one.id}>
              {conceptText(one.code) ?? 'Problem not named'} <span class="muted">{onsetOf(one) && `since ${dateText(onsetOf(one))}`}</span>
            </li>
          ))}
        </ul>
      </Filled>
      <a class="more" href="#problems" onClick={() => open('problems')}>
        {active.length > MOST ? `All ${active.length} problems, allergies` : 'Problems and allergies'}
      </a>
    </Section>
  );
}

function MedicationsShort() {
  const { store, open } = usePage();
  const active = useMedicines().filter((one, at, all) => one.active && at === all.findIndex((other) => other.active && other.name === one.name && other.dose === one.dose));
  const sources = [source(store.medications, 'Medications')];
  return (
    <Section title="Current medications" sources={sources}>
      <Filled sources={sources} filled={active.length > 0} empty="No current medications that you can see.">
        <ul class="short-list">
          {active.slice(0, MOST).map((one) => (
            <li key={one.request.id}>
              {one.name} {one.dose && <span class="sub">{one.dose}</span>}
            </li>
          ))}
        </ul>
      </Filled>
      <a class="more" href="#medications" onClick={() => open('medications')}>
        {active.length > MOST ? `All ${active.length} current medications` : 'All medications'}
      </a>
    </Section>
  );
}
