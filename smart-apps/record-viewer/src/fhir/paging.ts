import type { Bundle, FhirResource } from 'fhir/r4';
import { RequestFailed, type FhirHttp, type Freshness } from './http';

export interface Page extends Freshness {
  matches: FhirResource[];
  included: FhirResource[];
  /** Entries that were no resource at all. */
  unreadable: number;
  /** True when another page follows. */
  more: boolean;
}

/** More pages than any record has: a server whose links go round must not keep a browser busy for ever. */
const MOST_PAGES = 400;

/** Yields a search's pages one after the other, following `next` links. */
export async function* pages(http: FhirHttp, query: string, signal?: AbortSignal): AsyncGenerator<Page> {
  const seen = new Set<string>();
  let url: string | undefined = query;
  while (url !== undefined) {
    const absolute: string = http.resolve(url);
    if (seen.has(absolute) || seen.size >= MOST_PAGES) throw new RequestFailed({ kind: 'malformed' });
    seen.add(absolute);
    const { body, asOf, stale } = await http.json(absolute, signal);
    const bundle = asBundle(body);
    url = bundle.link?.find((link) => link.relation === 'next')?.url;
    yield { ...sort(bundle), asOf, stale, more: url !== undefined };
  }
}

function asBundle(body: unknown): Bundle {
  const bundle = body as Bundle | null;
  const sound =
    bundle?.resourceType === 'Bundle' &&
    (bundle.entry === undefined || Array.isArray(bundle.entry)) &&
    (bundle.link === undefined || Array.isArray(bundle.link));
  if (!sound) throw new RequestFailed({ kind: 'malformed' });
  return bundle as Bundle;
}

function sort(bundle: Bundle): Pick<Page, 'matches' | 'included' | 'unreadable'> {
  const page: Pick<Page, 'matches' | 'included' | 'unreadable'> = { matches: [], included: [], unreadable: 0 };
  for (const entry of bundle.entry ?? []) {
    const resource = entry?.resource as FhirResource | undefined;
    if (typeof resource?.resourceType !== 'string') page.unreadable += 1;
    else if (resource.resourceType === 'OperationOutcome') continue;
    else if (entry.search?.mode === 'include') page.included.push(resource);
    else page.matches.push(resource);
  }
  return page;
}
