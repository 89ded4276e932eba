import type { CodeableConcept, DiagnosticReport, DocumentReference, Encounter, MedicationRequest, Observation } from 'fhir/r4';

/** Small builders for tests: what is not said is ordinary. */
export const NOW = new Date(2026, 10, 24, 10, 0);

export const text = (words: string, code?: string): CodeableConcept => ({ text: words, ...(code ? { coding: [{ code }] } : {}) });

export function encounter(id: string, code: string, start: string, end?: string, more: Partial<Encounter> = {}): Encounter {
  return {
    resourceType: 'Encounter',
    id,
    status: end ? 'finished' : 'in-progress',
    class: { code },
    period: { start, ...(end ? { end } : {}) },
    ...more,
  };
}

export function order(id: string, name: string, dose: string, status: MedicationRequest['status'], authoredOn: string, more: Partial<MedicationRequest> = {}): MedicationRequest {
  return {
    resourceType: 'MedicationRequest',
    id,
    status,
    intent: 'order',
    subject: {},
    medicationCodeableConcept: text(name),
    authoredOn,
    dosageInstruction: [{ text: dose }],
    ...more,
  };
}

export function lab(id: string, code: string, value: number, date: string, more: Partial<Observation> = {}): Observation {
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: code, coding: [{ system: 'http://loinc.org', code }] },
    effectiveDateTime: date,
    valueQuantity: { value, unit: 'mmol/L', code: 'mmol/L' },
    referenceRange: [{ low: { value: 3.4 }, high: { value: 4.7 } }],
    ...more,
  };
}

export function report(id: string, name: string, date: string, results: string[], more: Partial<DiagnosticReport> = {}): DiagnosticReport {
  return {
    resourceType: 'DiagnosticReport',
    id,
    status: 'final',
    category: [{ coding: [{ code: 'LAB' }] }],
    code: text(name),
    effectiveDateTime: date,
    result: results.map((one) => ({ reference: `Observation/${one}` })),
    ...more,
  };
}

export function document(id: string, title: string, date: string, encounterId?: string, more: Partial<DocumentReference> = {}): DocumentReference {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: text(title),
    date,
    content: [{ attachment: { contentType: 'text/plain', url: `Binary/${id}` } }],
    ...(encounterId ? { context: { encounter: [{ reference: `Encounter/${encounterId}` }] } } : {}),
    ...more,
  };
}
