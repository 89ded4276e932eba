import type { FhirResource, Reference } from 'fhir/r4';
import { phoneHref } from '../format/telecom';
import { useContact } from './context';

/** A telephone number that can be called with a tap. */
export function Phone({ number, kind }: { number: string; kind?: string }) {
  const href = phoneHref(number);
  const said = kind ? `${kind} ${number}` : number;
  return href ? (
    <a class="phone" href={href}>
      {said}
    </a>
  ) : (
    <span class="phone">{said}</span>
  );
}

/** Name, role and numbers of one person or team, as one line or two. */
export function Person({ reference, owner, role, place }: { reference: Reference; owner?: FhirResource; role?: string; place?: boolean }) {
  const { contact, loading } = useContact(reference, owner);
  const about = [contact?.role, place ? contact?.place : undefined].filter(Boolean).join(', ');
  return (
    <div class="person">
      {role && <div class="label">{role}</div>}
      <div>
        <span class="person-name">{contact?.name || (loading ? '…' : 'Name not given')}</span>
        {about && <span class="muted"> {about}</span>}
      </div>
      <div class="person-phones">
        {contact?.phones.map((number) => <Phone key={number} number={number} />)}
        {contact?.pagers.map((number) => <Phone key={number} number={number} kind="Pager" />)}
        {loading && <span class="skeleton skeleton-phone" aria-hidden="true" />}
        {!loading && !contact?.phones.length && !contact?.pagers.length && (
          <span class="muted">{contact?.unknown ? 'Telephone number not loaded' : 'No telephone number given'}</span>
        )}
      </div>
    </div>
  );
}

/** S-63: how patient details may travel. */
export function SecureChannel() {
  return (
    <p class="secure-channel">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d="M4 7V5a4 4 0 0 1 8 0v2h1v8H3V7Zm2 0h4V5a2 2 0 0 0-4 0Z" />
      </svg>
      Patient details go through a secure channel only: the telephone, your EHR’s messaging, or encrypted mail. Never by ordinary e-mail or text message.
    </p>
  );
}
