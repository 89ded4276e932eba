import { lazy, Suspense } from 'preact/compat';
import { useEffect, useRef, useState } from 'preact/hooks';
import { dateTimeText, distance } from '../format/date';
import type { Note } from '../record/notes';
import { useMedia, useName, usePage } from '../ui/context';
import { Filled, Section, Skeleton, source } from '../ui/Section';
import { useNotes } from '../ui/useDerived';

const NoteReader = lazy(() => import('./NoteReader'));

/** The list, and the pane in which a note is read; on a narrow window the pane takes the list's place. */
export function Notes() {
  const { store, noteKey, openNote } = usePage();
  const all = useNotes();
  const wide = useMedia('(min-width: 880px)');
  const [type, setType] = useState('');
  const titles = [...new Set(all.map((one) => one.title))].sort((a, b) => a.localeCompare(b, 'en'));
  const listed = type ? all.filter((one) => one.title === type) : all;
  const chosen = all.find((one) => one.key === noteKey);
  const reading = chosen ?? (wide ? listed[0] : undefined);
  const sources = [source(store.documents, 'Notes'), source(store.reports, 'Reports')];
  return (
    <Section title="Notes" sources={sources} class="notes">
      <Filled sources={sources} filled={all.length > 0} empty="No notes that you can see." lines={8}>
        <div class="notes-grid">
          {(wide || !reading) && (
            <div class="notes-list">
              {titles.length > 1 && <TypeChoice titles={titles} type={type} choose={setType} />}
              <ol>
                {listed.map((one) => <NoteLine key={one.key} note={one} current={one === reading} choose={() => openNote(one.key)} />)}
              </ol>
            </div>
          )}
          {reading && (
            <Suspense fallback={<Skeleton lines={10} />}>
              <Pane note={reading} focus={chosen !== undefined} back={wide ? undefined : () => openNote(undefined)} />
            </Suspense>
          )}
        </div>
      </Filled>
    </Section>
  );
}

function TypeChoice({ titles, type, choose }: { titles: string[]; type: string; choose(type: string): void }) {
  return (
    <label class="type-choice">
      <span class="label">Show</span>{' '}
      <select value={type} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">All notes and reports</option>
        {titles.map((title) => (
          <option key={title} value={title}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function NoteLine({ note, current, choose }: { note: Note; current: boolean; choose(): void }) {
  const { now } = usePage();
  const author = useName(note.author);
  return (
    <li>
      <button type="button" class="note-line-button" aria-current={current} onClick={choose}>
        <span class="note-title">{note.title}</span>
        <span class="muted">
          {dateTimeText(note.date)} ({distance(note.date, now)})
        </span>
        <span class="muted">{[author, note.preliminary ? 'preliminary' : undefined].filter(Boolean).join(', ')}</span>
      </button>
    </li>
  );
}

function Pane({ note, focus, back }: { note: Note; focus: boolean; back?: () => void }) {
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (focus) pane.current?.focus({ preventScroll: back === undefined });
  }, [note.key]);
  return (
    <div class="note-pane" ref={pane} tabIndex={-1} role="region" aria-label={note.title}>
      {back && (
        <button type="button" class="button-second" onClick={back}>
          Back to all notes
        </button>
      )}
      <NoteReader note={note} />
    </div>
  );
}
