import { exactDecimals } from './decimals';

/** Why a request gave nothing. Each kind has its own words and its own way on (see ui/words.ts). */
export type FailureKind =
  | 'session'
  | 'forbidden'
  | 'missing'
  | 'busy'
  | 'unavailable'
  | 'malformed'
  | 'offline'
  | 'timeout'
  | 'refused';

export interface Failure {
  kind: FailureKind;
  /** Seconds, as the server asked for in `Retry-After`. */
  retryAfter?: number;
  /** The server's id of the request, for the help desk. */
  requestId?: string;
}

export class RequestFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.kind);
  }
}

/** How old an answer is: `Date` less `Age`, and whether the server said that it is a stale copy. */
export interface Freshness {
  asOf: Date;
  stale: boolean;
}

export interface Answer<T> extends Freshness {
  body: T;
}

export interface Tokens {
  /** The FHIR base URL, without a slash at the end. */
  base: string;
  /** The value of the Authorization header; renews the token when it is about to expire. */
  authorization(): Promise<string>;
  /** Tries to get another token after the server refused `refused`. False when the session is over. */
  renew(refused: string): Promise<boolean>;
  /** Called once when the session is over. */
  ended(): void;
}

const TIMEOUT_MS = 45_000;

/** The app's one way to the FHIR server: reads only, so there is no method but GET. */
export class FhirHttp {
  constructor(
    private readonly tokens: Tokens,
    private readonly fetcher: typeof fetch = (...args) => fetch(...args),
  ) {}

  get base(): string {
    return this.tokens.base;
  }

  /** Reads JSON from `path`, which is relative to the base or an absolute URL below it. */
  async json(path: string, signal?: AbortSignal): Promise<Answer<unknown>> {
    const response = await this.get(path, 'application/fhir+json', signal);
    const text = await bodyOf(response.text());
    try {
      return { body: JSON.parse(text, exactDecimals), ...freshness(response.headers) };
    } catch {
      throw new RequestFailed({ kind: 'malformed', ...requestId(response) });
    }
  }

  /** Reads bytes, such as the content of a Binary. */
  async bytes(path: string, accept: string, signal?: AbortSignal): Promise<Answer<Blob>> {
    const response = await this.get(path, accept, signal);
    return { body: await bodyOf(response.blob()), ...freshness(response.headers) };
  }

  private async get(path: string, accept: string, signal?: AbortSignal): Promise<Response> {
    const url = this.resolve(path);
    const authorization = await this.tokens.authorization();
    let response = await this.send(url, accept, authorization, signal);
    if (response.status === 401 && (await this.tokens.renew(authorization))) {
      response = await this.send(url, accept, await this.tokens.authorization(), signal);
    }
    if (response.ok) return response;
    const failure = failureOf(response);
    if (failure.kind === 'session') this.tokens.ended();
    throw new RequestFailed(failure);
  }

  private async send(url: string, accept: string, authorization: string, signal?: AbortSignal): Promise<Response> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      return await this.fetcher(url, {
        headers: { Accept: accept, Authorization: authorization },
        signal: either,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      });
    } catch {
      throw new RequestFailed({ kind: timeout.aborted ? 'timeout' : 'offline' });
    }
  }

  /** The token goes to the FHIR server alone: a link that leads elsewhere is refused. */
  resolve(path: string): string {
    const base = `${this.base}/`;
    const url = new URL(path, base).href;
    if (!url.startsWith(base)) throw new RequestFailed({ kind: 'malformed' });
    return url;
  }
}

async function bodyOf<T>(body: Promise<T>): Promise<T> {
  try {
    return await body;
  } catch {
    throw new RequestFailed({ kind: 'offline' });
  }
}

function requestId(response: Response): { requestId?: string } {
  const id = response.headers.get('x-request-id');
  return id ? { requestId: id } : {};
}

function failureOf(response: Response): Failure {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    kind: kindOf(response),
    ...(Number.isFinite(wait) ? { retryAfter: wait } : {}),
    ...requestId(response),
  };
}

function kindOf({ status, headers }: Response): FailureKind {
  if (status === 401) return 'session';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 410) return 'missing';
  if (status === 429) return 'busy';
  // Our server's 502 says that the hospital's answer made no sense; a proxy's, that nothing answers.
  if (status === 502 && /fhir\+json/.test(headers.get('content-type') ?? '')) return 'malformed';
  return status >= 500 ? 'unavailable' : 'refused';
}

/** RFC 9111: the answer was current at `Date` less `Age`; warnings 110 and 111 mark a stale copy. */
export function freshness(headers: Headers, now: Date = new Date()): Freshness {
  const date = Date.parse(headers.get('date') ?? '');
  const age = Number(headers.get('age') ?? 0);
  const from = Number.isNaN(date) ? now.getTime() : date;
  return {
    asOf: new Date(from - (Number.isFinite(age) ? age * 1000 : 0)),
    stale: /^\s*11[01]\b|,\s*11[01]\b/.test(headers.get('warning') ?? ''),
  };
}
