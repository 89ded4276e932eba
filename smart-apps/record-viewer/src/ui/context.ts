import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { FhirResource, Reference } from 'fhir/r4';
import type { Contact } from '../fhir/directory';
import type { Feed, FeedState } from '../fhir/feed';
import type { RecordStore } from '../record/store';

export const TABS = ['summary', 'timeline', 'medications', 'results', 'notes', 'problems', 'immunizations', 'team'] as const;
export type Tab = (typeof TABS)[number];

export const TAB_WORDS: Record<Tab, string> = {
  summary: 'Summary',
  timeline: 'Timeline',
  medications: 'Medications',
  results: 'Results',
  notes: 'Notes',
  problems: 'Problems',
  immunizations: 'Immunizations',
  team: 'Care team',
};

/** What every part of the page may use. */
export interface Page {
  store: RecordStore;
  now: Date;
  /** The encounter that the portal opened the record from. */
  encounterId?: string;
  /** Nothing has come at all, and that is said once for the whole record instead of in each part. */
  whole: boolean;
  /** The note in the reading pane. */
  noteKey?: string;
  openNote(key: string | undefined): void;
  open(tab: Tab): void;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('outside of a page');
  return page;
}

/** A feed's state now, and again each time that it changes. */
export function useFeed<T extends FhirResource>(feed: Feed<T>): FeedState<T> {
  const [state, setState] = useState(feed.state);
  useEffect(() => {
    setState(feed.state);
    return feed.subscribe(() => setState(feed.state));
  }, [feed]);
  return state;
}

export type WholeState = 'failed' | 'slow' | undefined;

/** What is true of the whole record: everything failed, or nothing has come after five seconds. */
export function useWhole(store: RecordStore): WholeState {
  const states = store.feeds().map((feed) => useFeed(feed));
  if (states.some((state) => state.items.length > 0 || state.status === 'ready')) return undefined;
  if (states.every((state) => state.status === 'failed')) return 'failed';
  return states.some((state) => state.slow) ? 'slow' : undefined;
}

/** Somebody's contact details: what the reference says at once, the rest when the directory has answered. */
export function useContact(reference: Reference | undefined, owner?: FhirResource): { contact?: Contact; loading: boolean } {
  const { store } = usePage();
  const [found, setFound] = useState<Contact | undefined>();
  const key = reference?.reference ?? reference?.display;
  useEffect(() => {
    let current = true;
    setFound(undefined);
    if (reference) void store.directory.contact(reference, owner).then((contact) => current && setFound(contact));
    return () => {
      current = false;
    };
  }, [key, store]);
  const said: Contact | undefined = reference && { name: reference.display ?? '', phones: [], pagers: [], faxes: [], emails: [] };
  return { contact: found ?? said, loading: reference !== undefined && found === undefined };
}

/** The name that a reference stands for, looked up when it does not say. */
export function useName(reference: Reference | undefined): string | undefined {
  const { store } = usePage();
  const [name, setName] = useState(reference?.display);
  useEffect(() => {
    let current = true;
    setName(reference?.display);
    if (reference && !reference.display) void store.directory.name(reference).then((found) => current && setName(found));
    return () => {
      current = false;
    };
  }, [reference?.reference, reference?.display, store]);
  return name;
}

/** True while the media query holds. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const listen = () => setHolds(list.matches);
    listen();
    list.addEventListener('change', listen);
    return () => list.removeEventListener('change', listen);
  }, [query]);
  return holds;
}
