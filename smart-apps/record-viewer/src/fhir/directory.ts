import type { ContactPoint, FhirResource, Organization, Practitioner, PractitionerRole, Reference } from 'fhir/r4';
import { conceptText } from '../format/concept';
import { humanName } from '../format/name';
import { contacts, type Contacts } from '../format/telecom';
import type { FhirHttp } from './http';
import { pages } from './paging';
import { contained, localKey } from './reference';

/** Somebody or something that can be called. */
export interface Contact extends Contacts {
  name: string;
  /** Specialty or role, such as "Paediatric pulmonology". */
  role?: string;
  /** Where they work. */
  place?: string;
  /** The look-up failed: that there is no number here says nothing. */
  unknown?: boolean;
}

const nobody: Contacts = { phones: [], pagers: [], faxes: [], emails: [] };

/** Looks up staff, organizations and places, each once. A look-up that fails leaves what the reference itself says. */
export class Directory {
  private readonly reads = new Map<string, Promise<FhirResource | undefined>>();
  private readonly roles = new Map<string, Promise<PractitionerRole[]>>();

  constructor(private readonly http: FhirHttp) {}

  /** Name and telephone numbers for a reference to a Practitioner, PractitionerRole, Organization, CareTeam or Location. */
  async contact(reference: Reference, owner?: FhirResource): Promise<Contact> {
    const shown: Contact = { name: reference.display ?? 'Name not given', ...nobody };
    const target = (owner && contained(owner, reference)) ?? (await this.read(reference.reference));
    if (!target && isDirectory(localKey(reference.reference))) return { ...shown, unknown: true };
    switch (target?.resourceType) {
      case 'Practitioner':
        return this.person(target, shown);
      case 'PractitionerRole':
        return this.inRole(target, shown);
      case 'Organization':
        return { ...shown, name: target.name ?? shown.name, ...contacts(telecomOf(target)) };
      case 'Location':
        return { ...shown, name: target.name ?? shown.name, ...contacts(target.telecom) };
      default:
        return shown;
    }
  }

  /** The name of a person, place or organization: from the reference, otherwise looked up. */
  async name(reference: Reference | undefined, owner?: FhirResource): Promise<string | undefined> {
    if (reference?.display) return reference.display;
    const target = (owner && contained(owner, reference)) ?? (await this.read(reference?.reference));
    switch (target?.resourceType) {
      case 'Practitioner':
        return humanName(target.name);
      case 'PractitionerRole':
        return this.name(target.practitioner);
      case 'Organization':
      case 'Location':
        return target.name;
      default:
        return undefined;
    }
  }

  private async person(practitioner: Practitioner, shown: Contact): Promise<Contact> {
    const roles = practitioner.id ? await this.rolesOf(practitioner.id) : [];
    const role = roles.find((one) => one.active !== false);
    const own = contacts(practitioner.telecom);
    const work = contacts(role?.telecom);
    const place = await this.name(role?.organization);
    return {
      name: humanName(practitioner.name) ?? shown.name,
      ...describe(role),
      ...(place ? { place } : {}),
      phones: union(work.phones, own.phones),
      pagers: union(work.pagers, own.pagers),
      faxes: union(work.faxes, own.faxes),
      emails: union(work.emails, own.emails),
    };
  }

  private async inRole(role: PractitionerRole, shown: Contact): Promise<Contact> {
    const practitioner = (await this.read(role.practitioner?.reference)) as Practitioner | undefined;
    const work = contacts(role.telecom);
    const own = contacts(practitioner?.telecom);
    const place = await this.name(role.organization);
    return {
      name: humanName(practitioner?.name) ?? role.practitioner?.display ?? shown.name,
      ...describe(role),
      ...(place ? { place } : {}),
      phones: union(work.phones, own.phones),
      pagers: union(work.pagers, own.pagers),
      faxes: union(work.faxes, own.faxes),
      emails: union(work.emails, own.emails),
    };
  }

  private read(reference: string | undefined): Promise<FhirResource | undefined> {
    const key = localKey(reference);
    if (!key || !isDirectory(key)) return Promise.resolve(undefined);
    let read = this.reads.get(key);
    if (!read) {
      read = this.http.json(key).then(
        ({ body }) => body as FhirResource,
        () => {
          this.reads.delete(key);
          return undefined;
        },
      );
      this.reads.set(key, read);
    }
    return read;
  }

  private rolesOf(id: string): Promise<PractitionerRole[]> {
    let roles = this.roles.get(id);
    if (!roles) {
      roles = this.searchRoles(id).catch(() => {
        this.roles.delete(id);
        return [];
      });
      this.roles.set(id, roles);
    }
    return roles;
  }

  private async searchRoles(id: string): Promise<PractitionerRole[]> {
    const query = `PractitionerRole?practitioner=${encodeURIComponent(`Practitioner/${id}`)}`;
    for await (const page of pages(this.http, query)) {
      return page.matches.filter((one): one is PractitionerRole => one.resourceType === 'PractitionerRole');
    }
    return [];
  }
}

function isDirectory(key: string | undefined): boolean {
  return /^(Practitioner|PractitionerRole|Organization|Location)\//.test(key ?? '');
}

function describe(role: PractitionerRole | undefined): { role?: string } {
  const text = conceptText(role?.specialty?.[0]) ?? conceptText(role?.code?.[0]);
  return text ? { role: text } : {};
}

function telecomOf(organization: Organization): ContactPoint[] {
  return [...(organization.telecom ?? []), ...(organization.contact ?? []).flatMap((one) => one.telecom ?? [])];
}

function union(first: string[], second: string[]): string[] {
  return [...new Set([...first, ...second])];
}
