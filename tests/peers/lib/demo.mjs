// What `chartgate demo --json` printed, and what every peer checks with the token that it got.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

export const demo = JSON.parse(readFileSync(process.env.CHARTGATE_DEMO, 'utf8'));

export const provider = demo.users.find((user) => user.kind === 'provider' && user.sees.length > 0 && user.sees_not.length > 0);
export const mrn = provider.sees[0];
export const patientOf = (number) => demo.patients.find((patient) => patient.mrn === number);
export const clientOf = (kind, test = () => true) =>
  demo.clients.find((client) => client.kind === kind && client.client_id !== 'record-viewer' && test(client));

/** Reads the patient and the observations, and finds another patient's record closed. */
export async function reads(get, patient) {
  const resource = await get(`Patient/${patient}`);
  assert.equal(resource.resourceType, 'Patient');
  assert.ok(resource.identifier.some((identifier) => identifier.value === mrn), 'the patient who was picked');
  const bundle = await get(`Observation?patient=${patient}&category=laboratory`);
  assert.equal(bundle.resourceType, 'Bundle');
  for (const { resource: entry } of bundle.entry ?? []) {
    assert.ok(['Observation', 'OperationOutcome'].includes(entry.resourceType));
    if (entry.subject) assert.equal(entry.subject.reference.split('/').pop(), patient);
  }
  return bundle;
}

/** A plain reader with this access token. */
export const reader = (token) => async (path) => {
  const answer = await fetch(`${demo.fhir}/${path}`, { headers: { authorization: `Bearer ${token}`, accept: 'application/fhir+json' } });
  assert.equal(answer.status, 200, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
};

export async function refuses(token) {
  for (const number of provider.sees_not.slice(0, 3)) {
    const other = patientOf(number);
    if (!other) continue;
    const answer = await fetch(`${demo.fhir}/Patient/${other.id}`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 404, `${number} must not be there`);
  }
}
