// A SMART app in JavaScript, Node.js 20 or later and nothing else: standalone launch, EHR launch, PKCE, refresh.
// Wants FHIR_BASE, CLIENT_ID (a public client) and REDIRECT_URI, an http:// address on this machine.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const { FHIR_BASE, CLIENT_ID, REDIRECT_URI } = process.env;
const SCOPE = 'openid fhirUser offline_access patient/Patient.rs patient/Observation.rs';
const redirect = new URL(REDIRECT_URI);

const json = async (answer) => {
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const configuration = await json(await fetch(`${FHIR_BASE}/.well-known/smart-configuration`));
const tokens = async (form) =>
  json(await fetch(configuration.token_endpoint, { method: 'POST', body: new URLSearchParams({ client_id: CLIENT_ID, ...form }) }));

// One entry for each launch under way: the answer must belong to one of them.
const waiting = new Map();

/** Where to send the browser. `launch` is what an EHR launch brought; without it the user picks a patient. */
function question(launch) {
  const state = randomBytes(16).toString('base64url');
  const verifier = randomBytes(48).toString('base64url');
  waiting.set(state, verifier);
  const parameters = {
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: REDIRECT_URI,
    scope: launch ? `launch ${SCOPE}` : `launch/patient ${SCOPE}`,
    state,
    aud: FHIR_BASE,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(launch ? { launch } : {}),
  };
  return `${configuration.authorization_endpoint}?${new URLSearchParams(parameters)}`;
}

/** Code to tokens, tokens to a patient, and a refresh. */
async function finish(query) {
  const verifier = waiting.get(query.get('state'));
  waiting.delete(query.get('state'));
  if (!verifier || query.get('iss') !== configuration.issuer) throw new Error('that is not the answer to a request of ours');
  if (query.has('error')) throw new Error(`${query.get('error')}: ${query.get('error_description')}`);
  const granted = await tokens({
    grant_type: 'authorization_code',
    code: query.get('code'),
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
  });
  console.log('granted:', granted.scope);
  const headers = { authorization: `Bearer ${granted.access_token}`, accept: 'application/fhir+json' };
  const patient = await json(await fetch(`${FHIR_BASE}/Patient/${granted.patient}`, { headers }));
  console.log('patient:', patient.id, patient.name[0].family, patient.birthDate);
  // A refresh token works once: keep the new one that comes with each answer.
  const refreshed = await tokens({ grant_type: 'refresh_token', refresh_token: granted.refresh_token });
  console.log('refreshed:', refreshed.scope);
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, redirect);
  if (pathname === '/launch') {
    // EHR launch: the portal says which server (iss) and which launch. Only a server that is known is answered.
    const known = searchParams.get('iss') === FHIR_BASE;
    response.writeHead(known ? 303 : 400, known ? { location: question(searchParams.get('launch')) } : {}).end();
    return;
  }
  if (pathname !== redirect.pathname) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { connection: 'close' }).end('You can close this window.');
  try {
    await finish(searchParams);
  } catch (error) {
    console.error(String(error.message));
    process.exitCode = 1;
  }
  server.close();
});
server.listen(Number(redirect.port), redirect.hostname, () => {
  console.log('Open this address in a browser and sign in:');
  console.log(question());
});
