import type { ComponentChildren } from 'preact';
import type { FhirResource } from 'fhir/r4';
import type { Feed } from '../fhir/feed';
import { count, dateText, daysBetween, distance, timeText } from '../format/date';
import { useFeed, usePage } from './context';
import { failureWords } from './words';

export interface Source {
  feed: Feed<FhirResource>;
  /** Its plural name at the start of a sentence: "Medications". */
  what: string;
}

/** Lets a feed of any type stand in a list of sources. */
export function source<T extends FhirResource>(feed: Feed<T>, what: string): Source {
  return { feed: feed as unknown as Feed<FhirResource>, what };
}

/** Heading, freshness and troubles of a section; its content stands whatever happens to the others. */
export function Section(props: { title: string; sources: Source[]; level?: 2 | 3; id?: string; class?: string; children: ComponentChildren }) {
  const Heading = props.level === 3 ? 'h3' : 'h2';
  const heading = `${props.id ?? props.title.toLowerCase().replace(/\W+/g, '-')}-heading`;
  return (
    <section class={`section ${props.class ?? ''}`} aria-labelledby={heading}>
      <div class="section-head">
        <Heading id={heading} tabIndex={-1}>
          {props.title}
        </Heading>
        <Freshness sources={props.sources} />
      </div>
      {props.sources.map((one) => <Trouble key={one.what} source={one} />)}
      {props.children}
    </section>
  );
}

/** "As of 14:32": the oldest of the sources, which is what can be relied upon. */
export function Freshness({ sources }: { sources: Source[] }) {
  const { now } = usePage();
  const states = sources.map((one) => useFeed(one.feed));
  const dates = states.flatMap((state) => state.asOf ?? []);
  const loading = states.some((state) => state.status === 'loading');
  const stale = states.some((state) => state.stale);
  if (!dates.length) return loading ? <p class="freshness">Loading…</p> : null;
  const oldest = dates.reduce((a, b) => (a < b ? a : b));
  const day = daysBetween(oldest, now) === 0 ? '' : `${dateText(oldest)}, `;
  return (
    <p class={stale ? 'freshness freshness-stale' : 'freshness'}>
      <span>
        As of {day}
        {timeText(oldest)}
        {stale && daysBetween(oldest, now) > 0 && ` (${distance(oldest, now)})`}
        {loading && ', loading…'}
      </span>{' '}
      {!loading && (
        <button type="button" class="quiet" onClick={() => sources.forEach((one) => void one.feed.load())}>
          Update<span class="visually-hidden"> {sources[0]?.what.toLowerCase()}</span>
        </button>
      )}
    </p>
  );
}

/** What went wrong with one source, in its place. */
export function Trouble({ source: { feed, what } }: { source: Source }) {
  const { store, whole } = usePage();
  const state = useFeed(feed);
  if (whole) return null;
  if (state.status === 'failed' && state.failure) {
    const { text, again } = failureWords(state.failure, what);
    return (
      <div class="trouble" role="alert">
        <p>
          {text} {state.items.length > 0 && 'What you see here is what came before, and may not be all.'}
        </p>
        {again && (
          <button type="button" class="button-second" onClick={() => store.retry()}>
            Try again<span class="visually-hidden"> to load {what.toLowerCase()}</span>
          </button>
        )}
        {state.failure.requestId && <p class="request-id">Request {state.failure.requestId}</p>}
      </div>
    );
  }
  return (
    <>
      {state.slow && state.status === 'loading' && (
        <p class="note-line" role="status">
          {what}: still waiting for the hospital’s system. You can read the rest meanwhile.
        </p>
      )}
      {state.stale && <p class="note-line">{what}: the hospital’s system isn’t answering just now, so this is the last copy that came from it.</p>}
      {state.unreadable > 0 && (
        <p class="note-line">
          {what}: {count(state.unreadable, 'entry', 'entries')} could not be read and {state.unreadable === 1 ? 'is' : 'are'} not shown.
        </p>
      )}
    </>
  );
}

/** Lines that hold the place of what is on its way. */
export function Skeleton({ lines }: { lines: number }) {
  return (
    <div class="skeletons" aria-hidden="true">
      {Array.from({ length: lines }, (_, at) => (
        <div key={at} class="skeleton" />
      ))}
    </div>
  );
}

/**
 * Children when there is something; a skeleton while it is on its way; words when there is nothing. Nothing at all when a
 * part did not load: its trouble is said beside, and to say "none" would be false.
 */
export function Filled(props: { sources: Source[]; empty: string; filled: boolean; lines?: number; skeleton?: ComponentChildren; children: ComponentChildren }) {
  const states = props.sources.map((one) => useFeed(one.feed));
  if (props.filled) return <>{props.children}</>;
  if (states.some((state) => state.status === 'loading')) return <>{props.skeleton ?? <Skeleton lines={props.lines ?? 4} />}</>;
  if (states.some((state) => state.status === 'failed')) return null;
  return <p class="empty">{props.empty}</p>;
}
