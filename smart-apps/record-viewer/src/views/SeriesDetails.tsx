import { useState } from 'preact/hooks';
import { conceptText } from '../format/concept';
import { dateTimeText } from '../format/date';
import { normalRange, observationText, rangeText, unitText } from '../format/quantity';
import { flagOf } from '../record/flags';
import { isPending, takenAt, type Series } from '../record/results';
import { FlagMark } from '../ui/Flag';
import ResultChart from '../ui/ResultChart';

const STEP = 20;

/** One test over time: the chart, and the same values as a table. */
export default function SeriesDetails({ series }: { series: Series }) {
  const [most, setMost] = useState(STEP);
  const numeric = series.all.filter((one) => one.valueQuantity?.value !== undefined).length > 1;
  return (
    <div class="series">
      {numeric && <ResultChart series={series} />}
      <table class="table table-values">
        <caption>
          {conceptText(series.latest.code)}, all values{series.unit ? ` in ${series.unit}` : ''}
        </caption>
        <thead>
          <tr>
            <th scope="col">Taken</th>
            <th scope="col">Value</th>
            <th scope="col">Range</th>
          </tr>
        </thead>
        <tbody>
          {series.all.slice(0, most).map((one) => (
            <tr key={one.id}>
              <th scope="row">{dateTimeText(takenAt(one))}</th>
              <td>
                <span class="value">{observationText(one)}</span> <FlagMark flag={flagOf(one)} />
                {isPending(one) && <span class="sub">Preliminary</span>}
                {one.note?.map((note) => <span key={note.text} class="sub">{note.text}</span>)}
              </td>
              <td>
                {rangeText(normalRange(one.referenceRange)) || <span class="muted">Not given</span>}{' '}
                <span class="muted">{unitText(normalRange(one.referenceRange)?.high ?? normalRange(one.referenceRange)?.low)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {series.all.length > most && (
        <button type="button" class="button-second" onClick={() => setMost(most + STEP)}>
          Show earlier
        </button>
      )}
    </div>
  );
}
