import { useMemo, useState } from 'preact/hooks';
import { dateText, wall } from '../format/date';
import { timelineOf, type Mark, type MarkKind } from '../record/timeline';
import { useFeed, usePage } from '../ui/context';
import { Filled, Section, source, type Source } from '../ui/Section';
import { useNotes } from '../ui/useDerived';
import { TimelineItem } from './TimelineItem';

const KINDS: { kind: MarkKind; word: string }[] = [
  { kind: 'admissions', word: 'Admissions' },
  { kind: 'emergency', word: 'Emergency' },
  { kind: 'visits', word: 'Visits' },
  { kind: 'results', word: 'Results' },
  { kind: 'notes', word: 'Notes' },
  { kind: 'procedures', word: 'Procedures' },
];

const SHORT = 12;
const STEP = 40;

/** What happened when, newest first. Encounters hold what belongs to them; a chosen kind is listed by itself. */
export function TimelineList({ compact }: { compact?: boolean }) {
  const { store, open } = usePage();
  const timeline = useTimeline();
  const [kind, setKind] = useState<MarkKind | undefined>();
  const [most, setMost] = useState(compact ? SHORT : STEP);
  const marks = kind ? timeline.flat.filter((one) => one.kind === kind) : timeline.nested;
  const sources = [
    source(store.encounters, 'Visits and admissions'),
    source(store.reports, 'Reports'),
    source(store.labs, 'Laboratory results'),
    source(store.documents, 'Notes'),
    source(store.procedures, 'Procedures'),
  ];
  return (
    <Section title="Timeline" id={compact ? 'timeline-short' : 'timeline'} sources={sources} class={compact ? 'timeline' : 'timeline timeline-full'}>
      <Filter kind={kind} counts={countKinds(timeline.flat)} settled={useSettled(sources)} choose={setKind} />
      <Filled sources={kind ? sources : sources.slice(0, 1)} filled={marks.length > 0} empty={kind ? 'Nothing of this kind that you can see.' : 'Nothing that you can see.'} lines={8}>
        <Marks marks={marks.slice(0, most)} />
      </Filled>
      {compact && marks.length > most && (
        <a class="more" href="#timeline" onClick={() => open('timeline')}>
          The whole timeline
        </a>
      )}
      {!compact && marks.length > most && (
        <button type="button" class="button-second" onClick={() => setMost(most + STEP)}>
          Show earlier
        </button>
      )}
    </Section>
  );
}

function useTimeline() {
  const { store, now } = usePage();
  const encounters = useFeed(store.encounters).items;
  const observations = useFeed(store.labs).items;
  const reports = useFeed(store.reports).items;
  const procedures = useFeed(store.procedures).items;
  const notes = useNotes();
  return useMemo(
    () => timelineOf({ encounters, observations, reports, procedures, notes, now }),
    [encounters, observations, reports, procedures, notes, now],
  );
}

function countKinds(marks: readonly Mark[]): Record<MarkKind, number> {
  const counts: Record<MarkKind, number> = { admissions: 0, emergency: 0, visits: 0, results: 0, notes: 0, procedures: 0 };
  for (const mark of marks) counts[mark.kind] += 1;
  return counts;
}

function useSettled(sources: Source[]): boolean {
  return sources.map((one) => useFeed(one.feed).status !== 'loading').every(Boolean);
}

/** Kinds of which there is none go away, but only when everything has come: buttons must not jump under a finger. */
function Filter(props: { kind: MarkKind | undefined; counts: Record<MarkKind, number>; settled: boolean; choose(kind: MarkKind | undefined): void }) {
  return (
    <div class="filter" role="group" aria-label="Show in the timeline">
      <button type="button" aria-pressed={props.kind === undefined} onClick={() => props.choose(undefined)}>
        All
      </button>
      {KINDS.filter(({ kind }) => props.counts[kind] > 0 || !props.settled || kind === props.kind).map(({ kind, word }) => (
        <button key={kind} type="button" aria-pressed={props.kind === kind} onClick={() => props.choose(props.kind === kind ? undefined : kind)}>
          {word} <span class="count">{props.counts[kind] || ' '}</span>
        </button>
      ))}
    </div>
  );
}

function Marks({ marks }: { marks: readonly Mark[] }) {
  const { now, encounterId } = usePage();
  const groups: { label: string; marks: Mark[] }[] = [];
  for (const mark of marks) {
    const date = wall(mark.date);
    const label = !date ? 'Date not known' : date > now ? 'Planned' : monthYear(date);
    if (groups.at(-1)?.label !== label) groups.push({ label, marks: [] });
    groups.at(-1)?.marks.push(mark);
  }
  return (
    <div class="marks">
      {groups.map((group) => (
        <div key={group.label} class="month">
          <h3>{group.label}</h3>
          <ol>
            {group.marks.map((mark) => (
              <TimelineItem key={mark.key} mark={mark} opened={encounterId !== undefined && mark.key === `Encounter/${encounterId}`} />
            ))}
          </ol>
        </div>
      ))}
    </div>
  );
}

function monthYear(date: Date): string {
  return dateText(`${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`);
}
