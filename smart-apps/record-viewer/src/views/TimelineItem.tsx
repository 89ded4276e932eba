import { useId, useState } from 'preact/hooks';
import { count, dateText, distance, instant, periodText } from '../format/date';
import { conceptText } from '../format/concept';
import { isNow, isStay, nights, reasonOf, titleOf } from '../record/encounters';
import type { EncounterMark, Mark, NoteMark, ProcedureMark, ResultMark } from '../record/timeline';
import { useName, usePage } from '../ui/context';
import { FlagMark } from '../ui/Flag';
import { EncounterDetails } from './EncounterDetails';
import { StayStrip } from './StayStrip';

/** One line of the timeline. */
export function TimelineItem({ mark, opened }: { mark: Mark; opened?: boolean }) {
  switch (mark.kind) {
    case 'results':
      return <ResultItem mark={mark} />;
    case 'notes':
      return <NoteItem mark={mark} />;
    case 'procedures':
      return <ProcedureItem mark={mark} />;
    default:
      return <EncounterItem mark={mark} opened={opened} />;
  }
}

function EncounterItem({ mark, opened }: { mark: EncounterMark; opened?: boolean }) {
  const { now } = usePage();
  const [open, setOpen] = useState(opened ?? false);
  const id = useId();
  const { encounter } = mark;
  const current = isNow(encounter) && isStay(encounter);
  const stayed = nights(encounter, current ? now : undefined);
  const reason = reasonOf(encounter);
  return (
    <li class={`mark mark-${mark.kind}${isStay(encounter) ? ' mark-stay' : ''}`}>
      <button type="button" class="mark-head" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span class="mark-date">{isStay(encounter) ? periodText(encounter.period?.start, encounter.period?.end) : dateText(mark.date)}</span>
        <span class="mark-title">{titleOf(encounter)}</span>
        {current && <span class="pill">Now</span>}
        <span class="mark-sub">
          {[reason, stayed ? count(stayed, 'night') : undefined, distance(encounter.period?.end ?? mark.date, now)].filter(Boolean).join(' · ')}
        </span>
        <StayStrip mark={mark} />
        <span class="mark-sub">{insideText(mark)}</span>
        <svg class="chevron" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d="M2 4l4 4 4-4" />
        </svg>
      </button>
      <div id={id} hidden={!open} class="mark-body">
        {open && <EncounterDetails mark={mark} />}
      </div>
    </li>
  );
}

/** "14 results, 2 abnormal · 3 notes". */
export function insideText(mark: EncounterMark): string {
  const results = mark.results.reduce((sum, one) => sum + Math.max(one.observations.length, 1), 0);
  const flagged = mark.results.reduce((sum, one) => sum + one.flags.length, 0);
  const pending = mark.results.filter((one) => one.pending).length;
  return [
    results ? `${count(results, 'result')}${flagged ? `, ${flagged} abnormal` : ''}${pending ? `, ${pending} pending` : ''}` : '',
    mark.notes.length ? count(mark.notes.length, 'note') : '',
    mark.procedures.length ? count(mark.procedures.length, 'procedure') : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

export function ResultItem({ mark }: { mark: ResultMark }) {
  const { now, open } = usePage();
  const worst = mark.flags.find((one) => one.critical) ?? mark.flags[0];
  return (
    <li class="mark mark-results">
      <a class="mark-head" href="#results" onClick={() => open('results')}>
        <span class="mark-date">{dateText(mark.date)}</span>
        <span class="mark-title">{mark.title}</span>
        <span class="mark-sub">
          {mark.pending ? 'Pending' : worst ? <FlagMark flag={worst} /> : mark.observations.length ? 'Nothing flagged' : 'Result'}
          {mark.flags.length > 1 && ` and ${mark.flags.length - 1} more`} · {distance(mark.date, now)}
        </span>
      </a>
    </li>
  );
}

export function NoteItem({ mark }: { mark: NoteMark }) {
  const { now, openNote } = usePage();
  const author = useName(mark.note.author);
  return (
    <li class="mark mark-notes">
      <a
        class="mark-head"
        href="#notes"
        onClick={(event) => {
          event.preventDefault();
          openNote(mark.note.key);
        }}
      >
        <span class="mark-date">{dateText(mark.date)}</span>
        <span class="mark-title">{mark.note.title}</span>
        <span class="mark-sub">{[author, distance(mark.date, now)].filter(Boolean).join(' · ')}</span>
      </a>
    </li>
  );
}

export function ProcedureItem({ mark }: { mark: ProcedureMark }) {
  const { now } = usePage();
  const outcome = conceptText(mark.procedure.outcome);
  return (
    <li class="mark mark-procedures">
      <div class="mark-head">
        <span class="mark-date">{dateText(mark.date)}</span>
        <span class="mark-title">{mark.title}</span>
        <span class="mark-sub">{['Procedure', outcome, instant(mark.date) && distance(mark.date, now)].filter(Boolean).join(' · ')}</span>
      </div>
    </li>
  );
}
