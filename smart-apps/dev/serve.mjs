// A stand-in for the portal, for developing the apps and for their browser tests: serves the built apps under the strict
// content security policy, launches them through a sign-in that says yes, and answers FHIR from fixtures.mjs or, with
// --ehr URL, from another server. Never part of the product.
//   node dev/serve.mjs [--port 9100] [--ehr http://127.0.0.1:9099/fhir]
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FhirFixture } from './fhir-fixture.mjs';
import { fixtures } from './fixtures.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
/** As the portal sends it (src/web/headers.rs). */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "frame-src 'self' blob:; object-src blob:; worker-src 'self' blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };

/** `resources` take the place of the fixtures; `ehr` takes the place of both. */
export function startPortal({ port = 0, ehr, resources = fixtures() } = {}) {
  const fhir = new FhirFixture(resources);
  const codes = new Map();
  const tokens = new Map();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    if (url.pathname.startsWith('/apps/')) return app(url, response);
    if (url.pathname === '/fhir/r4/.well-known/smart-configuration') {
      const { origin } = url;
      return json(response, 200, { issuer: origin, authorization_endpoint: `${origin}/oauth/authorize`, token_endpoint: `${origin}/oauth/token`, code_challenge_methods_supported: ['S256'], capabilities: ['launch-ehr', 'launch-standalone', 'client-public', 'permission-v2'] });
    }
    if (url.pathname === '/oauth/authorize') return authorize(url, response, codes);
    if (url.pathname === '/oauth/token') return token(request, response, codes, tokens, control);
    if (url.pathname.startsWith('/fhir/r4/')) {
      if (control.expired || !tokens.has(request.headers.authorization)) return json(response, 401, {});
      const path = url.pathname.slice('/fhir/r4/'.length) + url.search;
      return ehr ? proxy(ehr, path, request, response, url.origin) : fhir.answer(path, request, response, `${url.origin}/fhir/r4`);
    }
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Portal</title><h1>The portal</h1>');
  });
  /** What tests turn on: failures by type, an ended session, the encounter in the launch context. */
  const control = { fail: fhir.fail, expired: false, encounter: undefined };
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done({ origin: `http://127.0.0.1:${server.address().port}`, control, close: () => server.close(), fhir })));
}

function app(url, response) {
  const path = normalize(join(DIST, url.pathname.slice('/apps/'.length)));
  try {
    if (!path.startsWith(DIST) || !statSync(path).isFile()) throw new Error('absent');
  } catch {
    return response.writeHead(404).end();
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
  });
  return createReadStream(path).pipe(response);
}

/** Says yes. The `launch` value names the patient; without one a list takes the place of the patient picker. */
function authorize(url, response, codes) {
  const parameters = url.searchParams;
  const patient = parameters.get('launch') ?? parameters.get('__cg_context') ?? parameters.get('patient');
  if (!patient) {
    url.searchParams.set('patient', 'mia');
    return response.writeHead(302, { location: url.href }).end();
  }
  const code = randomBytes(16).toString('hex');
  codes.set(code, { patient, challenge: parameters.get('code_challenge') });
  const back = new URL(parameters.get('redirect_uri'));
  back.searchParams.set('code', code);
  back.searchParams.set('state', parameters.get('state'));
  back.searchParams.set('iss', url.origin);
  return response.writeHead(302, { location: back.href }).end();
}

async function token(request, response, codes, tokens, control) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = new URLSearchParams(body);
  const grant = codes.get(form.get('code') ?? '');
  codes.delete(form.get('code') ?? '');
  const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
  if (!grant || grant.challenge !== proof) return json(response, 400, { error: 'invalid_grant' });
  control.expired = false;
  const access = randomBytes(16).toString('hex');
  tokens.set(`Bearer ${access}`, grant.patient);
  return json(response, 200, { access_token: access, token_type: 'Bearer', expires_in: 3600, scope: 'launch launch/patient patient/*.rs', patient: grant.patient, __cg_context: grant.patient, ...(control.encounter ? { encounter: control.encounter } : {}), need_patient_banner: true });
}

async function proxy(ehr, path, request, response, origin) {
  const answer = await fetch(`${ehr.replace(/\/$/, '')}/${path}`, { headers: { accept: request.headers.accept ?? '*/*' } }).catch(() => undefined);
  if (!answer) return json(response, 503, {});
  const type = answer.headers.get('content-type') ?? '';
  response.writeHead(answer.status, { 'content-type': type });
  if (!/json/.test(type)) return response.end(Buffer.from(await answer.arrayBuffer()));
  return response.end((await answer.text()).replaceAll(ehr.replace(/\/$/, ''), `${origin}/fhir/r4`));
}

export function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req-7f3a' }).end(JSON.stringify(body));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '9100' }, ehr: { type: 'string' } } });
  const { origin } = await startPortal({ port: Number(values.port), ehr: values.ehr });
  for (const patient of ['mia', 'baby', 'bare', 'long']) console.log(`${origin}/apps/record-viewer/launch.html?iss=${encodeURIComponent(`${origin}/fhir/r4`)}&launch=${patient}`);
}
