import { useMemo } from 'preact/hooks';
import { count, dateText } from '../format/date';
import { ageText } from '../format/age';
import { instant } from '../format/date';
import { vaccinesOf } from '../record/lists';
import { useFeed, usePage } from '../ui/context';
import { Filled, Section, source } from '../ui/Section';

export function Immunizations() {
  const { store } = usePage();
  const { items } = useFeed(store.immunizations);
  const birthDate = useFeed(store.patient).items[0]?.birthDate;
  const rows = useMemo(() => vaccinesOf(items), [items]);
  const sources = [source(store.immunizations, 'Immunizations')];
  return (
    <Section title="Immunizations" sources={sources}>
      <p class="hint">What the hospital has on record. Doses given elsewhere may be missing; the state’s registry has them.</p>
      <Filled sources={sources} filled={rows.length > 0} empty="No immunizations that you can see." lines={6}>
        <table class="table table-stack">
          <caption class="visually-hidden">Immunizations by vaccine, the last given first</caption>
          <thead>
            <tr>
              <th scope="col">Vaccine</th>
              <th scope="col">Doses</th>
              <th scope="col">Given on, at the age of</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td data-label="Doses">{count(row.doses.length, 'dose')}</td>
                <td data-label="Given">
                  <ul class="dose-list">
                    {row.doses.map((dose) => {
                      const date = dose.occurrenceDateTime;
                      const at = instant(date);
                      return (
                        <li key={dose.id}>
                          {date ? dateText(date) : (dose.occurrenceString ?? 'Date not known')}
                          {at && birthDate && <span class="muted"> at {ageText(birthDate, at)}</span>}
                        </li>
                      );
                    })}
                  </ul>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Filled>
    </Section>
  );
}
