import type { Encounter } from 'fhir/r4';
import { useEffect, useState } from 'preact/hooks';
import { textOfHtml } from '../format/html';
import { dateText } from '../format/date';
import { planIn, type Plan } from '../record/followup';
import { staffOf, titleOf } from '../record/encounters';
import type { Content } from '../record/content';
import type { LatestContact } from '../record/latest';
import { bestAttachment, isDischargeSummary, mediaType, notesIn, planNotes, type Note } from '../record/notes';
import { useFeed, usePage } from '../ui/context';
import { pdfText } from '../ui/PdfText';
import { Person } from '../ui/Person';
import { Skeleton } from '../ui/Section';
import { useNotes } from '../ui/useDerived';
import { When } from '../ui/When';

/** Notes of visits since the contact are newer than its own plan, so they come first. */
export function planNotesOf(latest: LatestContact, all: readonly Note[], now: Date): Note[] {
  const since = latest.since.slice(0, 2).flatMap((one) => planNotes(notesIn(one, all, now)).slice(0, 2));
  return [...since, ...planNotes(notesIn(latest.encounter, all, now))];
}

/** Follow-up in the hospital's own words, and the visits that are planned. */
export function WhatNext({ latest }: { latest: LatestContact }) {
  const { store, now, openNote } = usePage();
  const all = useNotes();
  const notes = notesIn(latest.encounter, all, now);
  const loadingNotes = useFeed(store.documents).status === 'loading';
  const summary = notes.find(isDischargeSummary);
  const { found, note, loading } = usePlan(planNotesOf(latest, all, now));
  const busy = loading || (loadingNotes && !found);
  const nothing = !busy && !found && !latest.planned.length;
  return (
    <div class="block block-next">
      <h4>What next</h4>
      {busy && <Skeleton lines={4} />}
      {found && note && (
        <>
          {found.forYou && <p class="label">{found.forYou.heading}</p>}
          {found.forYou && <Lines lines={found.forYou.lines} />}
          {found.forYou && found.next && <p class="label">{found.next.heading}</p>}
          {found.next && <Lines lines={found.next.lines} />}
          {found.warning && (
            <details class="warning-signs">
              <summary>{found.warning.heading}</summary>
              <Lines lines={found.warning.lines} />
            </details>
          )}
          <p class="muted">
            From “{note.title}”, {dateText(note.date)}.{' '}
            <button type="button" class="quiet" onClick={() => openNote(note.key)}>
              Read it
            </button>
          </p>
        </>
      )}
      {latest.planned.slice(0, 2).map((one) => <Planned key={one.id} encounter={one} />)}
      {nothing && <p class="empty">{emptyWords(latest, summary)}</p>}
    </div>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  return (
    <ul class="next-lines">
      {lines.map((line) => <li key={line}>{line}</li>)}
    </ul>
  );
}

function emptyWords(latest: LatestContact, summary: Note | undefined): string {
  if (latest.now) return 'No discharge plan yet.';
  return summary ? 'The discharge summary has the plan; it could not be shown here in short.' : 'No follow-up plan that you can see.';
}

function Planned({ encounter }: { encounter: Encounter }) {
  const staff = staffOf(encounter)[0]?.participant.individual;
  return (
    <div class="planned">
      <p>
        <span class="label">Planned</span> <strong>{titleOf(encounter)}</strong>, <When date={encounter.period?.start} time />
      </p>
      {staff && <Person reference={staff} owner={encounter} />}
    </div>
  );
}

/** The plan in the first of the notes that has one. */
export function usePlan(notes: readonly Note[]): { found?: Plan; note?: Note; loading: boolean } {
  const { store } = usePage();
  const [result, setResult] = useState<{ key: string; found?: Plan; note?: Note }>();
  const key = notes.map((one) => one.key).join(' ');
  useEffect(() => {
    let current = true;
    void firstPlan(notes, (note) => store.content(note)).then((found) => current && setResult({ key, ...found }));
    return () => {
      current = false;
    };
  }, [key, store]);
  return result?.key === key ? { ...result, loading: false } : { loading: notes.length > 0 };
}

async function firstPlan(notes: readonly Note[], content: (note: Note) => Promise<Content | undefined>): Promise<{ found?: Plan; note?: Note }> {
  for (const note of notes) {
    const attachment = bestAttachment(note);
    if (!attachment || !/^(?:text\/.*|application\/pdf)$/.test(mediaType(attachment))) continue;
    // A note that does not load or read is passed over here; the reading pane says what is wrong with it.
    const text = await content(note).then(textOf).catch(() => undefined);
    const found = text && planIn(text);
    if (found) return { found, note };
  }
  return {};
}

async function textOf(content: Content | undefined): Promise<string | undefined> {
  if (content?.kind === 'html') return textOfHtml(content.html);
  if (content?.kind === 'text') return content.text;
  return content?.kind === 'pdf' ? pdfText(content.blob) : undefined;
}
