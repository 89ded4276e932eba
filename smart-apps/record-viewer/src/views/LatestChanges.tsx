import type { DiagnosticReport, Encounter, Observation } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { count, dateText } from '../format/date';
import { normalRange, observationText, rangeText } from '../format/quantity';
import { flagOf } from '../record/flags';
import { changesIn, type Medicine } from '../record/medications';
import { reportedAt, resultsOf, shortName, takenAt, testName, type AbnormalResult } from '../record/results';
import { useFeed, usePage } from '../ui/context';
import { FlagMark } from '../ui/Flag';
import { Filled, source, Trouble } from '../ui/Section';
import { useMedicines } from '../ui/useDerived';

/** Medicines that the contact started, changed and stopped. */
export function MedicationChangesBlock({ encounter }: { encounter: Encounter }) {
  const { store, now, open } = usePage();
  const all = useMedicines();
  const { started, changed, stopped } = changesIn(encounter, all, now);
  const any = started.length + changed.length + stopped.length > 0;
  const sources = [source(store.medications, 'Medications')];
  return (
    <div class="block">
      <h4>Medication changes</h4>
      {sources.map((one) => <Trouble key={one.what} source={one} />)}
      <Filled sources={sources} filled={any} empty={all.length ? 'No medicines started, changed or stopped.' : 'No medicines that you can see.'} lines={3}>
        <ul class="changes">
          {started.map((one) => <Change key={one.request.id} word="Started" sign="+" medicine={one} />)}
          {changed.map(({ before, after }) => (
            <Change key={after.request.id} word="Changed" sign="~" medicine={after} before={before} />
          ))}
          {stopped.map((one) => <Change key={one.request.id} word="Stopped" sign="−" medicine={one} />)}
        </ul>
      </Filled>
      <a class="more" href="#medications" onClick={() => open('medications')}>
        All medications
      </a>
    </div>
  );
}

function Change({ word, sign, medicine, before }: { word: string; sign: string; medicine: Medicine; before?: Medicine }) {
  const was = before && before.name !== medicine.name ? [before.name, before.dose].filter(Boolean).join(', ') : before?.dose;
  return (
    <li class={`change change-${word.toLowerCase()}`}>
      <span class="change-word">
        <span class="change-sign" aria-hidden="true">
          {sign}
        </span>
        {word}
      </span>
      <span>
        <strong>{medicine.name}</strong>
        {word !== 'Stopped' && medicine.dose && <span class="sub">{medicine.dose}</span>}
        {was && <span class="sub">was: {was}</span>}
        {word !== 'Stopped' && !medicine.active && medicine.stopped && <span class="sub">finished {dateText(medicine.stopped)}</span>}
        {word === 'Stopped' && medicine.note && <span class="sub">{medicine.note}</span>}
      </span>
    </li>
  );
}

const MOST = 5;

/** What is abnormal and what is still to come from the contact. */
export function ResultsBlock({ encounter }: { encounter: Encounter }) {
  const { store, now, open } = usePage();
  const labs = useFeed(store.labs).items;
  const reports = useFeed(store.reports).items;
  const { abnormal, settled, pending } = resultsOf(encounter, labs, reports, now);
  const critical = abnormal.filter((one) => one.flag.critical);
  const others = abnormal.filter((one) => !one.flag.critical);
  const sources = [source(store.labs, 'Laboratory results'), source(store.reports, 'Reports')];
  return (
    <div class="block">
      <h4>Results to know</h4>
      {sources.map((one) => <Trouble key={one.what} source={one} />)}
      <Filled sources={sources} filled={abnormal.length + settled.length + pending.length > 0} empty={labs.length ? 'Nothing abnormal and nothing pending.' : 'No results that you can see.'} lines={3}>
        <ul class="results-to-know">
          {critical.map((one) => <Abnormal key={one.observation.id} result={one} />)}
          {pending.map((one) => <Pending key={`${one.resourceType}/${one.id}`} item={one} />)}
          {others.slice(0, MOST).map((one) => <Abnormal key={one.observation.id} result={one} />)}
        </ul>
        {settled.length > 0 && (
          <p class="settled">
            <span class="label">Abnormal for a while, normal at the end:</span> {settled.map(settledWords).join('; ')}
          </p>
        )}
      </Filled>
      <a class="more" href="#results" onClick={() => open('results')}>
        {others.length > MOST ? `${count(others.length - MOST, 'more abnormal result')}, all results` : 'All results'}
      </a>
    </div>
  );
}

function settledWords({ observation, flag }: AbnormalResult): string {
  return `${testName(observation)} ${observationText(observation)} (${flag.word.toLowerCase()})`;
}

function Abnormal({ result: { observation, flag, last } }: { result: AbnormalResult }) {
  const range = rangeText(normalRange(observation.referenceRange));
  const now = last && (flagOf(last)?.word ?? 'normal').toLowerCase();
  return (
    <li>
      <FlagMark flag={flag} />
      <span>
        {testName(observation)} <strong class="value">{observationText(observation)}</strong>
        <span class="sub">
          {range && `range ${range}, `}
          {dateText(takenAt(observation))}
        </span>
        {last && (
          <span class="sub">
            last {observationText(last)}, {now}, {dateText(takenAt(last))}
          </span>
        )}
      </span>
    </li>
  );
}

function Pending({ item }: { item: Observation | DiagnosticReport }) {
  const name = shortName(conceptText(item.code) ?? 'Result');
  const date = item.resourceType === 'Observation' ? takenAt(item) : reportedAt(item);
  return (
    <li>
      <span class="flag flag-pending">
        <svg viewBox="0 0 12 12" width="11" height="11" aria-hidden="true">
          <path d="M6 .5a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11Zm0 1.500a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm-.75 1.500h1.500v2.200l1.600 1.600-1 1-2.100-2.100Z" />
        </svg>
        {item.status === 'registered' ? 'Pending' : 'Preliminary'}
      </span>
      <span>
        <strong>{name}</strong>
        <span class="sub">taken {dateText(date)}</span>
      </span>
    </li>
  );
}
