import type { CodeableConcept, Coding } from 'fhir/r4';

/** What a person would call the concept: its text, else a coding's display, else a code. */
export function conceptText(concept: CodeableConcept | undefined): string | undefined {
  const coding = concept?.coding ?? [];
  return (
    concept?.text?.trim() ||
    coding.find((one) => one.userSelected && one.display)?.display ||
    coding.find((one) => one.display)?.display ||
    coding.find((one) => one.code)?.code
  );
}

export function hasCode(concept: CodeableConcept | undefined, ...codes: string[]): boolean {
  return (concept?.coding ?? []).some((one) => one.code !== undefined && codes.includes(one.code));
}

export function anyCode(concepts: readonly CodeableConcept[] | undefined, ...codes: string[]): boolean {
  return (concepts ?? []).some((one) => hasCode(one, ...codes));
}

/** The first code of a concept, with the system first, for comparing like with like; the lower-cased text otherwise. */
export function conceptKey(concept: CodeableConcept | undefined): string | undefined {
  const coding: Coding | undefined = concept?.coding?.find((one) => one.code);
  return coding ? `${coding.system ?? ''}|${coding.code}` : concept?.text?.trim().toLowerCase();
}

/** "Acute bronchiolitis" to "acute bronchiolitis", leaving "RSV infection" and "Kawasaki disease" as they are. */
export function inSentence(text: string): string {
  const first = text.split(/[\s,;:-]/)[0] ?? '';
  const ordinary = /^[A-Z][a-z]+$/.test(first) && !/(?:awasaki|rohn|own|urner|allot|oonan|arfan)s?$/.test(first);
  return ordinary ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
