// SMART Backend Services in JavaScript: Node.js 20 or later and nothing else.
// Wants FHIR_BASE, CLIENT_ID, KEY_FILE (P-384 private key, PEM), KEY_ID (its kid as registered) and PATIENT_MRN.
import { randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { FHIR_BASE, CLIENT_ID, KEY_FILE, KEY_ID, PATIENT_MRN } = process.env;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT that says who we are, for this server alone, once. */
function assertion(audience) {
  const header = { alg: 'ES384', typ: 'JWT', kid: KEY_ID };
  const claims = { iss: CLIENT_ID, sub: CLIENT_ID, aud: audience, exp: Math.floor(Date.now() / 1000) + 240, jti: randomUUID() };
  const text = `${encode(header)}.${encode(claims)}`;
  const key = { key: readFileSync(KEY_FILE), dsaEncoding: 'ieee-p1363' };
  return `${text}.${sign('sha384', Buffer.from(text), key).toString('base64url')}`;
}

/** A token for five minutes. Ask for another when it has expired: there is no refresh token here. */
async function accessToken(scope) {
  const { token_endpoint } = await (await fetch(`${FHIR_BASE}/.well-known/smart-configuration`)).json();
  const answer = await fetch(token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion(token_endpoint),
    }),
  });
  if (!answer.ok) throw new Error(`no token: ${await answer.text()}`);
  return answer.json();
}

const granted = await accessToken('system/Patient.rs system/Observation.rs');
console.log('granted:', granted.scope);

async function read(path, query) {
  const headers = { authorization: `Bearer ${granted.access_token}`, accept: 'application/fhir+json' };
  const answer = await fetch(`${FHIR_BASE}/${path}?${new URLSearchParams(query)}`, { headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const found = await read('Patient', { identifier: PATIENT_MRN });
for (const { resource: patient } of found.entry ?? []) {
  console.log('patient:', patient.id, patient.name[0].family, patient.birthDate);
  const results = await read('Observation', { patient: patient.id, category: 'laboratory', _count: '5' });
  console.log('laboratory results on the first page:', (results.entry ?? []).length);
}
