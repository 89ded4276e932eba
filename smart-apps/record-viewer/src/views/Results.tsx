import { lazy, Suspense } from 'preact/compat';
import { useId, useMemo, useState } from 'preact/hooks';
import { normalRange, observationText, rangeText } from '../format/quantity';
import { flagOf } from '../record/flags';
import { isPending, panelsOf, seriesOf, takenAt, type Panel, type Series } from '../record/results';
import { count, dateText } from '../format/date';
import { useFeed, usePage } from '../ui/context';
import { FlagMark } from '../ui/Flag';
import { Filled, Section, Skeleton, source } from '../ui/Section';
import { Spark } from '../ui/Spark';
import { When } from '../ui/When';
import { PendingList } from './PendingList';

const SeriesDetails = lazy(() => import('./SeriesDetails'));

export function Results() {
  const { store } = usePage();
  const labs = useFeed(store.labs).items;
  const vitals = useFeed(store.vitals).items;
  const reports = useFeed(store.reports).items;
  const [onlyFlagged, setOnlyFlagged] = useState(false);
  const panels = useMemo(() => panelsOf(labs, reports), [labs, reports]);
  const growth = useMemo(() => seriesOf(vitals).sort((a, b) => a.name.localeCompare(b.name, 'en')), [vitals]);
  const shown = onlyFlagged ? flaggedOnly(panels) : panels;
  const labSources = [source(store.labs, 'Laboratory results'), source(store.reports, 'Reports')];
  const vitalSources = [source(store.vitals, 'Vital signs')];
  return (
    <>
      <Section title="Results" sources={labSources}>
        <PendingList />
        {panels.length > 0 && (
          <label class="check">
            <input type="checkbox" checked={onlyFlagged} onChange={(event) => setOnlyFlagged(event.currentTarget.checked)} />
            Only tests whose last value is abnormal
          </label>
        )}
        <Filled
          sources={labSources}
          filled={shown.length > 0}
          empty={onlyFlagged ? 'No test has an abnormal last value.' : 'No laboratory results that you can see.'}
          lines={8}
        >
          {shown.map((panel) => <PanelTable key={panel.key} name={panel.name} rows={panel.series} />)}
        </Filled>
      </Section>
      <Section title="Growth and vital signs" sources={vitalSources}>
        <Filled sources={vitalSources} filled={growth.length > 0} empty="No vital signs that you can see." lines={4}>
          <PanelTable name="Growth and vital signs" rows={growth} hideCaption />
        </Filled>
      </Section>
    </>
  );
}

function flaggedOnly(panels: Panel[]): Panel[] {
  return panels.map((panel) => ({ ...panel, series: panel.series.filter((one) => one.flag) })).filter((panel) => panel.series.length > 0);
}

function PanelTable({ name, rows, hideCaption }: { name: string; rows: Series[]; hideCaption?: boolean }) {
  return (
    <table class="table table-results">
      <caption class={hideCaption ? 'visually-hidden' : ''}>{name}</caption>
      <thead>
        <tr>
          <th scope="col">Test</th>
          <th scope="col">Last value</th>
          <th scope="col">Range</th>
          <th scope="col">Trend</th>
          <th scope="col">Taken</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => <SeriesRows key={one.key} series={one} />)}
      </tbody>
    </table>
  );
}

function SeriesRows({ series }: { series: Series }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { latest } = series;
  return (
    <>
      <tr class={open ? 'row-open' : ''}>
        <th scope="row">
          <button type="button" class="row-button" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
            {series.name}
            <svg class="chevron" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path d="M2 4l4 4 4-4" />
            </svg>
          </button>
        </th>
        <td class="cell-value">
          <span class="value">{observationText(latest)}</span> <FlagMark flag={flagOf(latest)} />
          {isPending(latest) && <span class="sub">Preliminary</span>}
          <span class="cell-more sub">
            {rangeText(normalRange(latest.referenceRange)) && `range ${rangeText(normalRange(latest.referenceRange))}, `}
            {dateText(takenAt(latest))}
          </span>
        </td>
        <td class="cell-range">{rangeText(normalRange(latest.referenceRange)) || <span class="muted">Not given</span>}</td>
        <td class="cell-trend">
          <Spark series={series} />
          <span class="muted trend-count">{count(series.all.length, 'value')}</span>
        </td>
        <td class="cell-date">
          <When date={takenAt(latest)} stacked />
        </td>
      </tr>
      <tr id={id} hidden={!open}>
        <td colSpan={5} class="row-details">
          {open && (
            <Suspense fallback={<Skeleton lines={6} />}>
              <SeriesDetails series={series} />
            </Suspense>
          )}
        </td>
      </tr>
    </>
  );
}
