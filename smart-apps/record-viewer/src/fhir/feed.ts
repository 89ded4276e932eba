import type { FhirResource } from 'fhir/r4';
import { RequestFailed, type Failure, type FhirHttp } from './http';
import { pages } from './paging';

export interface FeedState<T> {
  status: 'loading' | 'ready' | 'failed';
  /** Loading takes longer than five seconds. */
  slow: boolean;
  items: readonly T[];
  included: readonly FhirResource[];
  asOf?: Date;
  stale: boolean;
  failure?: Failure;
  /** Entries that came but could not be read. */
  unreadable: number;
}

export interface FeedOptions<T extends FhirResource> {
  type: T['resourceType'];
  /** The search, relative to the base; or a read when `single`. */
  query: string;
  single?: boolean;
  /** Entries that name another patient are dropped: a wrong record is worse than none. */
  patientId: string;
}

const SLOW_MS = 5_000;
const MOST_WAITS = 3;
const LONGEST_WAIT_S = 20;

/** One section's data: it loads page by page, tells its listeners, and can try again by itself. */
export class Feed<T extends FhirResource> {
  state: FeedState<T> = { status: 'loading', slow: false, items: [], included: [], stale: false, unreadable: 0 };
  private readonly listeners = new Set<() => void>();
  private run?: AbortController;

  constructor(
    private readonly http: FhirHttp,
    private readonly options: FeedOptions<T>,
    private readonly sleep: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Loads from the start. What is on the screen stays there until its replacement has come. */
  async load(): Promise<void> {
    this.run?.abort();
    const run = new AbortController();
    this.run = run;
    this.set({ status: 'loading', slow: false, failure: undefined });
    const slow = setTimeout(() => run === this.run && this.set({ slow: true }), SLOW_MS);
    try {
      await this.attempt(run, 0);
    } finally {
      clearTimeout(slow);
    }
  }

  private async attempt(run: AbortController, waits: number): Promise<void> {
    try {
      await (this.options.single ? this.read(run) : this.search(run));
    } catch (error) {
      if (run !== this.run) return;
      const failure: Failure = error instanceof RequestFailed ? error.failure : { kind: 'malformed' };
      const wait = Math.max(failure.retryAfter ?? 2, 1);
      if (failure.kind === 'busy' && wait <= LONGEST_WAIT_S && waits < MOST_WAITS) {
        await this.sleep(wait * 1000);
        if (run === this.run) await this.attempt(run, waits + 1);
        return;
      }
      this.set({ status: 'failed', slow: false, failure });
    }
  }

  private async read(run: AbortController): Promise<void> {
    const { body, asOf, stale } = await this.http.json(this.options.query, run.signal);
    const resource = body as T | null;
    if (resource?.resourceType !== this.options.type) throw new RequestFailed({ kind: 'malformed' });
    if (run === this.run) this.set({ status: 'ready', slow: false, items: [resource], asOf, stale });
  }

  private async search(run: AbortController): Promise<void> {
    const matches = new Map<string, T>();
    const included = new Map<string, FhirResource>();
    let unreadable = 0;
    let oldest: Date | undefined;
    let stale = false;
    for await (const page of pages(this.http, this.options.query, run.signal)) {
      if (run !== this.run) return;
      for (const found of page.matches) {
        if (found.resourceType !== this.options.type) included.set(keyOf(found), found);
        else if (belongsTo(found, this.options.patientId)) matches.set(keyOf(found), found as T);
      }
      for (const found of page.included) included.set(keyOf(found), found);
      unreadable += page.unreadable;
      stale ||= page.stale;
      if (!oldest || page.asOf < oldest) oldest = page.asOf;
      const shown = { items: [...matches.values()], included: [...included.values()], unreadable, asOf: oldest, stale };
      if (page.more) this.set(shown);
      else this.set({ ...shown, status: 'ready', slow: false });
    }
  }

  private set(change: Partial<FeedState<T>>): void {
    this.state = { ...this.state, ...change };
    for (const listener of [...this.listeners]) listener();
  }
}

function keyOf(resource: FhirResource): string {
  return `${resource.resourceType}/${resource.id ?? crypto.randomUUID()}`;
}

/** False only when the resource says that it is about another patient. */
export function belongsTo(resource: FhirResource, patientId: string): boolean {
  const { subject, patient } = resource as { subject?: { reference?: string }; patient?: { reference?: string } };
  const named = (subject ?? patient)?.reference?.match(/(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/.*)?$/);
  return !named || named[1] === patientId;
}
