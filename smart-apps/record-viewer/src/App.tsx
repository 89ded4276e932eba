import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { RecordStore } from './record/store';
import { PageContext, TABS, TAB_WORDS, useFeed, useMedia, useWhole, type Page, type Tab } from './ui/context';
import { ErrorBoundary } from './ui/ErrorBoundary';
import { SessionDialog } from './ui/SessionDialog';
import { Banner, Tools } from './views/Banner';
import { CareTeamView } from './views/CareTeamView';
import { Immunizations } from './views/Immunizations';
import { Medications } from './views/Medications';
import { Notes } from './views/Notes';
import { PrintSheet } from './views/PrintSheet';
import { Problems } from './views/Problems';
import { Results } from './views/Results';
import { NoRecord } from './views/StartPage';
import { Summary } from './views/Summary';
import { TimelineList } from './views/TimelineList';
import { WholeTrouble } from './views/WholeTrouble';

const VIEWS: Record<Tab, () => ComponentChildren> = {
  summary: () => <Summary />,
  timeline: () => <TimelineList />,
  medications: () => <Medications />,
  results: () => <Results />,
  notes: () => <Notes />,
  problems: () => <Problems />,
  immunizations: () => <Immunizations />,
  team: () => <CareTeamView />,
};

export interface AppProps {
  store: RecordStore;
  encounterId?: string;
  ended: boolean;
  resume?: string;
}

export function App({ store, encounterId, ended, resume }: AppProps) {
  const [tab, setTab] = useState<Tab>(tabOfHash() ?? 'summary');
  const [noteKey, setNoteKey] = useState<string | undefined>();
  const narrow = useMedia('(max-width: 639px)');
  const now = useNow();
  const patient = useFeed(store.patient);
  const whole = useWhole(store);

  useEffect(() => {
    const listen = () => setTab(tabOfHash() ?? 'summary');
    addEventListener('hashchange', listen);
    return () => removeEventListener('hashchange', listen);
  }, []);
  useTitleAndFocus(tab);
  const banner = useBannerHeight();

  const page: Page = useMemo(() => {
    const open = (next: Tab) => {
      if (location.hash !== `#${next}`) location.hash = next;
    };
    const openNote = (key: string | undefined) => {
      setNoteKey(key);
      open('notes');
    };
    return { store, now, encounterId, whole: whole !== undefined, noteKey, openNote, open };
  }, [store, now, encounterId, whole, noteKey]);

  if (patient.status === 'failed' && patient.failure?.kind === 'missing') return <NoRecord />;
  return (
    <PageContext.Provider value={page}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the record
      </a>
      <header class="banner" inert={ended} ref={banner}>
        <ErrorBoundary>
          <Banner />
        </ErrorBoundary>
        {!narrow && <Tabs tab={tab} />}
      </header>
      <main id="main" tabIndex={-1} class={ended ? 'ended' : ''} inert={ended}>
        <WholeTrouble state={whole} />
        {whole !== 'failed' && (narrow ? <Folds tab={tab} /> : <ErrorBoundary key={tab}>{VIEWS[tab]()}</ErrorBoundary>)}
      </main>
      <Footer narrow={narrow} />
      <PrintSheet />
      {ended && <SessionDialog tab={tab} base={store.http.base} resume={resume} />}
    </PageContext.Provider>
  );
}

/** Pages stay open over lunch and over night: the ages and distances keep up. */
function useNow(): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 10 * 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function tabOfHash(): Tab | undefined {
  return TABS.find((one) => `#${one}` === location.hash);
}

/** Tells the style sheet how much the banner covers, so that nothing that is scrolled to hides below it. */
function useBannerHeight() {
  const banner = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = banner.current;
    if (!element) return undefined;
    const tell = () => document.documentElement.style.setProperty('--banner-height', `${element.offsetHeight + 8}px`);
    const observer = new ResizeObserver(tell);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return banner;
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** After a change of tab the heading has the focus, as on a new page; the title tells the tabs apart and no patient. */
function useTitleAndFocus(tab: Tab): void {
  const first = useRef(true);
  useEffect(() => {
    document.title = `${TAB_WORDS[tab]} – Hospital record`;
    if (first.current) {
      first.current = false;
      return;
    }
    const heading = document.querySelector<HTMLElement>(`#fold-${tab}, main h2`);
    heading?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }, [tab]);
}

function Tabs({ tab }: { tab: Tab }) {
  return (
    <nav class="top-links" aria-label="Parts of the record">
      <ul class="tabs">
        {TABS.map((one) => (
          <li key={one}>
            <a href={`#${one}`} aria-current={one === tab ? 'page' : undefined}>
              {TAB_WORDS[one]}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** On a phone: the answer first, then the same parts one below the other, folded. */
function Folds({ tab }: { tab: Tab }) {
  const [open, setOpen] = useState<ReadonlySet<Tab>>(new Set([tab]));
  useEffect(() => {
    setOpen((before) => new Set([...before, tab]));
    if (tab !== 'summary') requestAnimationFrame(() => document.getElementById(`fold-${tab}`)?.scrollIntoView());
  }, [tab]);
  const toggle = (one: Tab) => {
    const next = new Set(open);
    if (!next.delete(one)) next.add(one);
    setOpen(next);
  };
  return (
    <>
      <ErrorBoundary>
        <Summary narrow />
      </ErrorBoundary>
      {TABS.filter((one) => one !== 'summary').map((one) => (
        <div key={one} class="fold">
          <h2 class="fold-heading">
            <button type="button" id={`fold-${one}`} aria-expanded={open.has(one)} aria-controls={`fold-body-${one}`} onClick={() => toggle(one)}>
              {TAB_WORDS[one]}
              <svg class="chevron" viewBox="0 0 12 12" width="14" height="14" aria-hidden="true">
                <path d="M2 4l4 4 4-4" />
              </svg>
            </button>
          </h2>
          <div id={`fold-body-${one}`} hidden={!open.has(one)} class={one === 'problems' ? 'fold-body' : 'fold-body fold-body-titled'}>
            {open.has(one) && <ErrorBoundary>{VIEWS[one]()}</ErrorBoundary>}
          </div>
        </div>
      ))}
    </>
  );
}

function Footer({ narrow }: { narrow: boolean }) {
  return (
    <footer class="foot">
      {narrow && <Tools />}
      <p>
        Read only: nothing here changes the hospital’s record. You see what the family and the hospital let you see; they can hold parts back. Each look is logged,
        and the family can see who looked.
      </p>
    </footer>
  );
}
