import type { DiagnosticReport, Encounter, Observation } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { count, dateText } from '../format/date';
import { normalRange, observationText, rangeText } from '../format/quantity';
import { flagOf } from '../record/flags';
import { changesIn, type Medicine } from '../record/medications';
import { reportedAt, resultsOf, shortName, takenAt, testName } from '../record/results';
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
      <Filled sources={sources} filled={any} empty="No medicines started, changed or stopped." lines={3}>
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
        {word === 'Stopped' && medicine.note && <span class="sub">{medicine.note}</span>}
      </span>
    </li>
  );
}

const MOST = 6;

/** What is abnormal and what is still to come from the contact. */
export function ResultsBlock({ encounter }: { encounter: Encounter }) {
  const { store, now, open } = usePage();
  const labs = useFeed(store.labs).items;
  const reports = useFeed(store.reports).items;
  const { abnormal, pending } = resultsOf(encounter, labs, reports, now);
  const sources = [source(store.labs, 'Laboratory results'), source(store.reports, 'Reports')];
  return (
    <div class="block">
      <h4>Results to know</h4>
      {sources.map((one) => <Trouble key={one.what} source={one} />)}
      <Filled sources={sources} filled={abnormal.length + pending.length > 0} empty="Nothing abnormal and nothing pending." lines={3}>
        <ul class="results-to-know">
          {pending.map((one) => <Pending key={`${one.resourceType}/${one.id}`} item={one} />)}
          {abnormal.slice(0, MOST).map(({ observation, flag, last }) => (
            <li key={observation.id}>
              <FlagMark flag={flag} />
              <span>
                {testName(observation)} <strong class="value">{observationText(observation)}</strong>
                <Range observation={observation} />
                <span class="sub">
                  {dateText(takenAt(observation))}
                  {last && `; last ${observationText(last)} (${(flagOf(last)?.word ?? 'normal').toLowerCase()}), ${dateText(takenAt(last))}`}
                </span>
              </span>
            </li>
          ))}
        </ul>
      </Filled>
      <a class="more" href="#results" onClick={() => open('results')}>
        {abnormal.length > MOST ? `${count(abnormal.length - MOST, 'more abnormal result')}, all results` : 'All results'}
      </a>
    </div>
  );
}

function Range({ observation }: { observation: Observation }) {
  const range = rangeText(normalRange(observation.referenceRange));
  return range ? <span class="muted"> (range {range})</span> : null;
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
