import type { HumanName, Patient } from 'fhir/r4';

/** The name in use, as people say it: "Dr. Ana Lopez" or "Ana Lopez, MD". */
export function humanName(names: readonly HumanName[] | undefined): string | undefined {
  const name = pick(names);
  if (!name) return undefined;
  const suffix = (name.suffix ?? []).filter(Boolean);
  // "Dr. Ana Lopez" and "Ana Lopez, MD" say the same; both at once is too much.
  const prefix = (name.prefix ?? []).filter((one) => !(suffix.length && /^dr\.?$/i.test(one)));
  const parts = [...prefix, ...(name.given ?? []), name.family].filter(Boolean).join(' ');
  return parts ? [parts, ...suffix].join(', ') : name.text;
}

/** The name as an index has it, surname first, so that two patients are told apart at a glance: "RIVERA, Mia". */
export function indexName(patient: Patient): string {
  const name = pick(patient.name);
  const given = (name?.given ?? []).join(' ');
  if (name?.family) return given ? `${name.family}, ${given}` : name.family;
  return name?.text ?? (given || 'Name not given');
}

/** What to call the patient in a sentence. */
export function callName(patient: Patient | undefined): string {
  const usual = patient?.name?.find((one) => one.use === 'nickname' || one.use === 'usual');
  const name = usual?.given?.[0] ?? pick(patient?.name)?.given?.[0];
  return name ?? 'The patient';
}

function pick(names: readonly HumanName[] | undefined): HumanName | undefined {
  const current = (names ?? []).filter((one) => one.use !== 'old' && !one.period?.end);
  return (
    current.find((one) => one.use === 'official') ??
    current.find((one) => one.use === 'usual') ??
    current[0] ??
    names?.[0]
  );
}
