import FHIR from 'fhirclient';
import type { Tokens } from '../fhir/http';

/** Why there is no session to show a record with. */
export type LaunchProblem = 'not-launched' | 'refused' | 'no-patient' | 'failed';

export class NoSession extends Error {
  constructor(readonly problem: LaunchProblem) {
    super(problem);
  }
}

export interface Session {
  tokens: Tokens;
  patientId: string;
  /** The encounter in the launch context, when the portal opened the record from one. */
  encounterId?: string;
  /** Leads back to this patient after signing in again; see CONTEXT. */
  resume(): string | undefined;
}

export const CLIENT_ID = 'record-viewer';
export const SCOPE = [
  'launch',
  'launch/patient',
  'openid',
  'fhirUser',
  'online_access',
  'patient/*.rs',
  'user/Practitioner.rs',
  'user/PractitionerRole.rs',
  'user/Organization.rs',
  'user/Location.rs',
].join(' ');

/** Where to come back to after signing in again: the name of a tab and the server's sealed handle, nothing about a patient. */
const RETURN_KEY = 'record-viewer.return';
/**
 * Our server's name for a sealed launch context: it comes with the token, and sent back with an authorization request it
 * leads to the same patient again without asking. Other servers know nothing of it, and then ask for the patient.
 */
export const CONTEXT = '__cg_context';

interface Return {
  tab: string;
  context?: string;
}

/** fhirclient's state of an earlier launch, which would otherwise outlive it in this browser tab. */
export function forgetSession(): void {
  const key = sessionStorage.getItem('SMART_KEY');
  sessionStorage.removeItem('SMART_KEY');
  if (key) sessionStorage.removeItem(key.replace(/^"|"$/g, ''));
}

export function rememberPlace(place: Return): void {
  sessionStorage.setItem(RETURN_KEY, JSON.stringify(place));
}

/** The place to come back to, if there is one; it is used once. */
export function recallPlace(): Return | undefined {
  const place = readPlace();
  sessionStorage.removeItem(RETURN_KEY);
  return place;
}

export function readPlace(): Return | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(RETURN_KEY) ?? 'null') as Return | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Completes the launch, or takes up the session of this browser tab again after a reload. */
export async function openSession(onEnd: () => void): Promise<Session> {
  const parameters = new URLSearchParams(location.search);
  if (parameters.has('error')) {
    throw new NoSession(parameters.get('error') === 'access_denied' ? 'refused' : 'failed');
  }
  if (!parameters.has('code') && !sessionStorage.getItem('SMART_KEY')) throw new NoSession('not-launched');
  // RFC 9207: an answer that another server issued is not for us.
  const issuer = parameters.get('iss');
  if (issuer && new URL(issuer, location.href).origin !== location.origin) throw new NoSession('failed');
  FHIR.oauth2.settings.refreshTokenWithClientId = true;
  const client = await FHIR.oauth2.ready().catch(() => {
    throw new NoSession('failed');
  });
  dropQuery();
  const patientId = client.patient.id;
  if (!patientId) throw new NoSession('no-patient');
  const resume = () => {
    const handle: unknown = client.getState(`tokenResponse.${CONTEXT}`);
    return typeof handle === 'string' ? handle : undefined;
  };
  return { tokens: tokensOf(client, onEnd), patientId, encounterId: client.encounter.id ?? undefined, resume };
}

/** fhirclient leaves `iss` in the address; nothing of the launch should stay there. */
function dropQuery(): void {
  if (location.search) history.replaceState(history.state, '', location.pathname + location.hash);
}

type SmartClient = Awaited<ReturnType<typeof FHIR.oauth2.ready>>;

function tokensOf(client: SmartClient, onEnd: () => void): Tokens {
  let over = false;
  const header = () => client.getAuthorizationHeader() ?? '';
  return {
    base: client.state.serverUrl.replace(/\/+$/, ''),
    async authorization() {
      // A failed renewal shows in the next answer, which says more than this would.
      await client.refreshIfNeeded().catch(() => undefined);
      return header();
    },
    async renew(refused) {
      if (over) return false;
      if (header() !== refused) return true;
      try {
        await client.refresh();
        return true;
      } catch {
        return false;
      }
    },
    ended() {
      if (over) return;
      over = true;
      onEnd();
    },
  };
}
