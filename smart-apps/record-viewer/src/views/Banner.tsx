import type { Patient } from 'fhir/r4';
import { ageText } from '../format/age';
import { dateText, instant } from '../format/date';
import { hasCode } from '../format/concept';
import { indexName } from '../format/name';
import { allergyName, isSevere, reactionText } from '../record/lists';
import { Phone } from '../ui/Person';
import { useContact, useFeed, usePage } from '../ui/context';
import { useAllergies } from '../ui/useDerived';

/** Who this is. It stays in view, because reading the wrong record is the worst that can happen here. */
export function Banner() {
  const { store } = usePage();
  const state = useFeed(store.patient);
  const patient = state.items[0];
  return (
    <div class="banner-in">
      <div class="banner-main">
        <h1 class="banner-name">{patient ? indexName(patient) : state.status === 'failed' ? 'Patient not loaded' : <Wait />}</h1>
        {patient && <Identity patient={patient} />}
      </div>
      <Tools />
      <div class="banner-more">
        {patient && <OneOfSeveral patient={patient} />}
        <AllergyLine />
        <PrimaryCare patient={patient} failed={state.status === 'failed'} />
      </div>
    </div>
  );
}

/** What one does with the page as a whole. */
export function Tools() {
  return (
    <div class="tools">
      <button type="button" class="quiet" onClick={() => print()}>
        Print a summary
      </button>
      <a class="quiet" href="../../">
        Portal
      </a>
    </div>
  );
}

function Wait() {
  return <span class="skeleton skeleton-name" role="img" aria-label="Loading" />;
}

function Identity({ patient }: { patient: Patient }) {
  const { now } = usePage();
  const died = patient.deceasedDateTime;
  const mrn = mrnOf(patient);
  return (
    <dl class="identity">
      <Fact label="Age" value={died ? ageText(patient.birthDate, instant(died) ?? now) : ageText(patient.birthDate, now)} plain />
      <Fact label="Born" value={patient.birthDate ? dateText(patient.birthDate) : 'date not given'} />
      <Fact label="Sex" value={patient.gender ?? 'not given'} plain />
      <Fact label="MRN" value={mrn ?? 'not given'} />
      {(patient.deceasedBoolean || died) && <Fact label="Died" value={died ? dateText(died) : 'date not given'} />}
    </dl>
  );
}

function Fact({ label, value, plain }: { label: string; value: string; plain?: boolean }) {
  return (
    <div>
      <dt class={plain ? 'visually-hidden' : 'label'}>{label}</dt>
      <dd>{value || 'not known'}</dd>
    </div>
  );
}

/** The medical record number: the identifier typed MR, else the one that says so, else the first official one. */
export function mrnOf(patient: Patient): string | undefined {
  const all = (patient.identifier ?? []).filter((one) => one.value && one.use !== 'old');
  const typed = all.find((one) => hasCode(one.type, 'MR'));
  const said = all.find((one) => /mrn|medical.?record/i.test(`${one.type?.text ?? ''} ${one.system ?? ''}`));
  return (typed ?? said ?? all.find((one) => !hasCode(one.type, 'SS', 'DL', 'PPN')))?.value;
}

/** Twins share surname and birth date; the record itself may say that there is another. */
function OneOfSeveral({ patient }: { patient: Patient }) {
  const number = patient.multipleBirthInteger;
  if (number === undefined && !patient.multipleBirthBoolean) return null;
  return <p class="twin">Multiple birth{number ? ` (${number})` : ''}: check first name</p>;
}

function AllergyLine() {
  const { store, open } = usePage();
  const state = useFeed(store.allergies);
  const { active, noneKnown } = useAllergies();
  const show = (event: Event) => {
    event.preventDefault();
    open('problems');
  };
  return (
    <p class={active.length ? 'allergies allergies-some' : 'allergies'}>
      <span class="label">Allergies </span>
      {state.status === 'failed' && !active.length && <strong>not loaded: don’t assume that there are none</strong>}
      {state.status === 'loading' && !active.length && <span class="skeleton skeleton-line" role="img" aria-label="Loading" />}
      {active.slice(0, 3).map((one, at) => (
        <span key={one.id} class="allergy">
          {at > 0 && ', '}
          <strong>{allergyName(one)}</strong>
          {reactionText(one) && <span class="reaction">{` (${reactionText(one).toLowerCase()}${isSevere(one) ? ', severe' : ''})`}</span>}
        </span>
      ))}
      {active.length > 3 && (
        <a href="#problems" onClick={show}>
          {' '}
          and {active.length - 3} more
        </a>
      )}
      {state.status === 'ready' && !active.length && (noneKnown ? 'no known allergies' : 'none shown here')}
    </p>
  );
}

function PrimaryCare({ patient, failed }: { patient: Patient | undefined; failed: boolean }) {
  const reference = patient?.generalPractitioner?.[0];
  const { contact } = useContact(reference, patient);
  const others = (patient?.generalPractitioner?.length ?? 0) - 1;
  return (
    <p class="pcp">
      <span class="label">PCP </span>
      {!patient && failed ? 'not loaded' : !patient ? <span class="skeleton skeleton-line" role="img" aria-label="Loading" /> : !reference ? 'none recorded' : contact?.name || '…'}
      {contact?.phones[0] && (
        <>
          {' '}
          <Phone number={contact.phones[0]} />
        </>
      )}
      {others > 0 && ` and ${others} more`}
    </p>
  );
}
