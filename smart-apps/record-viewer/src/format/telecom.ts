import type { ContactPoint } from 'fhir/r4';

export interface Contacts {
  phones: string[];
  pagers: string[];
  faxes: string[];
  emails: string[];
}

/** Sorts contact points by kind, most preferred first; numbers no longer in use and private ones are left out. */
export function contacts(points: readonly ContactPoint[] | undefined): Contacts {
  const usable = (points ?? [])
    .filter((one) => one.value && one.use !== 'old' && one.use !== 'home')
    .sort((a, b) => (a.rank ?? 99) - (b.rank ?? 99));
  const of = (...systems: string[]) => [
    ...new Set(usable.filter((one) => systems.includes(one.system ?? 'phone')).map((one) => phoneText(one.value ?? ''))),
  ];
  return { phones: of('phone', 'sms'), pagers: of('pager'), faxes: of('fax'), emails: of('email') };
}

/** Ten and eleven digit North American numbers as (555) 010-0123; everything else as it is. */
export function phoneText(value: string): string {
  const found = value.trim().match(/^(?:tel:)?(?:\+?1[-.\s]?)?\(?(\d{3})\)?[-.\s]?(\d{3})[-.\s]?(\d{4})((?:\s*(?:x|ext\.?)\s*\d+)?)$/i);
  return found ? `(${found[1]}) ${found[2]}-${found[3]}${found[4] ?? ''}` : value.trim().replace(/^tel:/i, '');
}

/** A `tel:` link, or undefined when the value is not a number. */
export function phoneHref(value: string): string | undefined {
  const [number, extension] = value.split(/x|ext\.?/i);
  const digits = (number ?? '').replace(/[^\d+]/g, '');
  if (digits.replace('+', '').length < 3) return undefined;
  const more = extension?.replace(/\D/g, '');
  return `tel:${digits}${more ? `;ext=${more}` : ''}`;
}
