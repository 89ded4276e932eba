import { describe, expect, it, vi } from 'vitest';
import type { Encounter } from 'fhir/r4';
import { belongsTo, Feed } from './feed';
import { FhirHttp, freshness, type Tokens } from './http';

const BASE = 'https://portal.example/fhir/r4';
const tokens = (more: Partial<Tokens> = {}): Tokens => ({ base: BASE, authorization: async () => 'Bearer t', renew: async () => false, ended: () => undefined, ...more });
const bundle = (ids: string[], next?: string, patient = 'p') => ({
  resourceType: 'Bundle',
  link: next ? [{ relation: 'next', url: next }] : [],
  entry: ids.map((id) => ({ resource: { resourceType: 'Encounter', id, subject: { reference: `Patient/${patient}` } } })),
});

/** A server that gives one answer after the other and notes what it was asked. */
function server(answers: (object | string | number | Response)[], more: Partial<Tokens> = {}) {
  const asked: Request[] = [];
  const fetcher = vi.fn(async (input: RequestInfo | URL, init?: RequestInit) => {
    asked.push(new Request(input, { headers: init?.headers }));
    const answer = answers.shift() ?? 500;
    if (answer instanceof Response) return answer;
    if (typeof answer === 'number') return new Response('{}', { status: answer });
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const http = new FhirHttp(tokens(more), fetcher as typeof fetch);
  const waits: number[] = [];
  const feed = new Feed<Encounter>(http, { type: 'Encounter', query: 'Encounter?patient=p', patientId: 'p' }, async (ms) => void waits.push(ms));
  return { feed, asked, waits, http };
}

const ids = (feed: Feed<Encounter>) => feed.state.items.map((one) => one.id);

describe('a feed', () => {
  it('follows next links, shows each page as it comes, and sends the token', async () => {
    const { feed, asked } = server([bundle(['a'], `${BASE}/next/1`), bundle(['b', 'a'])]);
    const seen: (string | undefined)[][] = [];
    feed.subscribe(() => seen.push(ids(feed)));
    await feed.load();
    expect(ids(feed)).toEqual(['a', 'b']);
    expect(seen).toContainEqual(['a']);
    expect(asked.map((one) => [one.url, one.headers.get('authorization')])).toEqual([[`${BASE}/Encounter?patient=p`, 'Bearer t'], [`${BASE}/next/1`, 'Bearer t']]);
    expect(feed.state.status).toBe('ready');
  });

  it('takes the token to no other server, and does not go round in circles', async () => {
    for (const next of ['https://evil.example/fhir/r4/x', `${BASE}/../../admin`, `${BASE}/Encounter?patient=p`]) {
      const { feed, asked } = server([bundle(['a'], next), bundle(['b'])]);
      await feed.load();
      expect(feed.state.failure?.kind).toBe('malformed');
      expect(ids(feed)).toEqual(['a']);
      expect(asked).toHaveLength(1);
    }
  });

  it.each([
    [503, 'unavailable'],
    [502, 'unavailable'],
    [403, 'forbidden'],
    [404, 'missing'],
    [400, 'refused'],
    ['{"resourceType":"Bun', 'malformed'],
    ['{"resourceType":"Patient"}', 'malformed'],
    ['{"resourceType":"Bundle","entry":{}}', 'malformed'],
    ['null', 'malformed'],
  ])('%s is %s', async (answer, kind) => {
    const { feed } = server([answer]);
    await feed.load();
    expect(feed.state.status).toBe('failed');
    expect(feed.state.failure?.kind).toBe(kind);
  });

  it('knows the server’s word that the hospital’s answer made no sense', async () => {
    const { feed } = server([new Response('{}', { status: 502, headers: { 'content-type': 'application/fhir+json' } })]);
    await feed.load();
    expect(feed.state.failure?.kind).toBe('malformed');
  });

  it('keeps what came before when a later page or a reload fails', async () => {
    const { feed } = server([bundle(['a'], `${BASE}/next`), 503, 503, bundle(['c'])]);
    await feed.load();
    expect([feed.state.status, ids(feed)]).toEqual(['failed', ['a']]);
    await feed.load();
    expect([feed.state.status, ids(feed)]).toEqual(['failed', ['a']]);
    await feed.load();
    expect([feed.state.status, ids(feed)]).toEqual(['ready', ['c']]);
  });

  it('waits as long as a busy server asks, and says so when that is too long', async () => {
    const busy = (seconds: string) => new Response('{}', { status: 429, headers: { 'retry-after': seconds, 'x-request-id': 'r1' } });
    const { feed, waits } = server([busy('3'), bundle(['a'])]);
    await feed.load();
    expect([waits, ids(feed)]).toEqual([[3000], ['a']]);
    const other = server([busy('600')]);
    await other.feed.load();
    expect(other.feed.state.failure).toEqual({ kind: 'busy', retryAfter: 600, requestId: 'r1' });
  });

  it('counts entries that are no resource, and drops another patient’s', async () => {
    const mixed = { resourceType: 'Bundle', entry: [null, {}, ...bundle(['a']).entry, ...bundle(['x'], undefined, 'q').entry, { resource: { resourceType: 'OperationOutcome' } }] };
    const { feed } = server([mixed]);
    await feed.load();
    expect([feed.state.unreadable, ids(feed)]).toEqual([2, ['a']]);
  });

  it('renews a refused token once; when that fails the session is over', async () => {
    const renewed = server([401, bundle(['a'])], { renew: async () => true });
    await renewed.feed.load();
    expect(ids(renewed.feed)).toEqual(['a']);
    const ended = vi.fn();
    const over = server([401], { ended });
    await over.feed.load();
    expect(over.feed.state.failure?.kind).toBe('session');
    expect(ended).toHaveBeenCalledOnce();
  });
});

describe('whose a resource is', () => {
  it.each([
    ['Patient/p', true],
    ['https://x/fhir/Patient/p/_history/2', true],
    ['Patient/q', false],
    ['https://x/fhir/Patient/q', false],
    [undefined, true],
    ['#contained', true],
  ])('%s', (reference, ours) => expect(belongsTo({ resourceType: 'Encounter', subject: { reference } } as Encounter, 'p')).toBe(ours));
});

describe('freshness', () => {
  it('is the date of the answer less its age', () => {
    const headers = new Headers({ date: 'Tue, 24 Nov 2026 10:00:00 GMT', age: '120' });
    expect(freshness(headers)).toEqual({ asOf: new Date('2026-11-24T09:58:00Z'), stale: false });
  });

  it('knows a stale copy, and makes do without headers', () => {
    expect(freshness(new Headers({ warning: '110 - "Response is Stale"' })).stale).toBe(true);
    expect(freshness(new Headers({ warning: '199 - "x"' })).stale).toBe(false);
    const now = new Date();
    expect(freshness(new Headers(), now).asOf).toEqual(now);
  });
});
