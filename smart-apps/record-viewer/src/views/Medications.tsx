import { useState } from 'preact/hooks';
import { count } from '../format/date';
import type { Medicine } from '../record/medications';
import { useName, usePage } from '../ui/context';
import { Filled, Section, source } from '../ui/Section';
import { useMedicines } from '../ui/useDerived';
import { When } from '../ui/When';

const STEP = 25;

export function Medications() {
  const { store } = usePage();
  const all = useMedicines();
  const active = all.filter((one) => one.active && !one.inpatient);
  const inHospital = all.filter((one) => one.active && one.inpatient);
  const past = all.filter((one) => !one.active);
  const [most, setMost] = useState(STEP);
  const sources = [source(store.medications, 'Medications')];
  return (
    <Section title="Medications" sources={sources}>
      <Filled sources={sources} filled={all.length > 0} empty="No medicines that you can see." lines={6}>
        {active.length > 0 ? (
          <MedicineTable caption={`Current, ${count(active.length, 'medicine')}`} rows={active} />
        ) : (
          <p class="empty">No current medicines outside of the hospital that you can see.</p>
        )}
        {inHospital.length > 0 && <MedicineTable caption="Given in the hospital now" rows={inHospital} />}
        {past.length > 0 && <MedicineTable caption={`Stopped or finished, ${count(past.length, 'order')}`} rows={past.slice(0, most)} past />}
        {past.length > most && (
          <button type="button" class="button-second" onClick={() => setMost(most + STEP)}>
            Show earlier
          </button>
        )}
      </Filled>
    </Section>
  );
}

function MedicineTable({ caption, rows, past }: { caption: string; rows: Medicine[]; past?: boolean }) {
  return (
    <table class="table table-stack">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Medicine</th>
          <th scope="col">Started</th>
          {past && <th scope="col">Stopped</th>}
          <th scope="col">Prescriber</th>
          <th scope="col">For</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => <MedicineRow key={one.request.id} medicine={one} past={past} />)}
      </tbody>
    </table>
  );
}

function MedicineRow({ medicine, past }: { medicine: Medicine; past?: boolean }) {
  const prescriber = useName(medicine.request.requester);
  return (
    <tr>
      <th scope="row">
        {medicine.name}
        {medicine.dose && <span class="sub">{medicine.dose}</span>}
        {medicine.note && <span class="sub">{medicine.note}</span>}
        {past && medicine.inpatient && <span class="sub">In the hospital only</span>}
      </th>
      <td data-label="Started">
        <When date={medicine.started} stacked />
      </td>
      {past && <td data-label="Stopped">{medicine.stopped ? <When date={medicine.stopped} stacked /> : <span class="muted">Date not given</span>}</td>}
      <td data-label="Prescriber">{prescriber ?? <span class="muted">Not given</span>}</td>
      <td data-label="For">{medicine.reason ?? <span class="muted">Not given</span>}</td>
    </tr>
  );
}
