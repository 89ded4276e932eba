// The sequences that certification runs (ONC (g)(10) and SMART App Launch, after the published step lists), each in a real
// browser, with scopes chosen on the real consent page. Rows are those of SMART App Launch 2.2.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, before, test } from 'node:test';

import { closePage, openPage, settled, signIn, startBrowser } from '../browser/lib/browser.mjs';
import { clientOf, demo, mrn, patientOf, provider } from './lib/demo.mjs';
import { App, Callbacks, Visitor, fhir, kinds, only, verified } from './lib/sequence.mjs';

const callbacks = new Callbacks();
const apps = {};
let browser;
let page;
let visitor;

before(async () => {
  browser = await startBrowser();
  page = await openPage(browser);
  visitor = new Visitor(page, callbacks, provider, mrn);
  apps.secret = await App.of(clientOf('confidential', ({ secret }) => secret));
  apps.key = await App.of(clientOf('confidential', ({ jwk }) => jwk));
  apps.open = await App.of(clientOf('public'));
  apps.system = await App.of(clientOf('backend'));
  await callbacks.open(apps.open.redirect);
});

after(async () => {
  await closePage(page);
  await browser.close();
  await callbacks.close();
});

const words = (text) => text.split(' ');
const patient = patientOf(mrn).id;

// The types that the certification's default scopes name and that this server holds.
const TYPES = ['AllergyIntolerance', 'CareTeam', 'Condition', 'DiagnosticReport', 'DocumentReference', 'Encounter', 'Immunization',
  'MedicationRequest', 'Observation', 'Patient', 'Procedure'];
const DIRECTORY = ['Location', 'Organization', 'Practitioner', 'PractitionerRole'];
const scopesOf = (context, types, suffix) => types.map((type) => `${context}/${type}.${suffix}`).join(' ');
const STANDALONE = `launch/patient openid fhirUser offline_access ${scopesOf('patient', [...TYPES, ...DIRECTORY, 'Medication', 'Provenance'], 'read')}`;
const STANDALONE_V2 = STANDALONE.replaceAll('.read', '.rs');

/** A launch that succeeds: the request, the token response and its headers, checked as every launch is. */
async function launch(app, scope, { consent, start, more, who = visitor, expected = scope } = {}) {
  const request = app.request(scope, more);
  const back = await who.authorize(start ? start(request) : request.url, consent);
  assert.equal(back.error, undefined, back.error_description);
  assert.equal(back.state, request.state, 'row 59');
  assert.equal(back.iss, app.endpoints.issuer, 'RFC 9207');
  const answer = await app.exchange(request, back.code);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  isTokenResponse(answer);
  if (expected) assert.deepEqual(words(answer.body.scope).sort(), words(expected).sort());
  return { request, back, answer, tokens: answer.body };
}

/** Rows 73 to 87: what every token response has, and that nobody keeps it. */
function isTokenResponse({ headers, body }) {
  assert.match(headers.get('content-type'), /^application\/json/);
  assert.match(headers.get('cache-control'), /no-store/);
  assert.match(headers.get('pragma'), /no-cache/);
  assert.equal(typeof body.access_token, 'string');
  assert.equal(body.token_type, 'Bearer');
  assert.ok(Number.isInteger(body.expires_in) && body.expires_in <= 3600);
  assert.equal(typeof body.scope, 'string');
  for (const name of ['patient', 'encounter', 'id_token', 'refresh_token', 'intent']) {
    if (name in body) assert.equal(typeof body[name], 'string', name);
  }
}

/** The id_token of a launch, and that its fhirUser can be read with the same token, also from the app's own pages. */
async function isIdentity(app, tokens) {
  const claims = await verified(app, tokens.id_token);
  const now = Date.now() / 1000;
  assert.equal(claims.iss, app.endpoints.issuer);
  assert.ok([claims.aud].flat().includes(app.client.client_id));
  assert.ok(claims.exp > now && claims.iat <= now + 60 && claims.sub.length <= 255);
  const [type, id] = claims.fhirUser.split('/').slice(-2);
  assert.ok(['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson', 'Person'].includes(type));
  const { origin } = new URL(app.redirect);
  const read = await fhir(tokens.access_token, `${type}/${id}`, { origin });
  assert.equal(read.status, 200, JSON.stringify(read.body));
  assert.equal(read.body.resourceType, type);
  assert.equal(read.headers.get('access-control-allow-origin'), origin);
  return claims;
}

/** Refresh without and with scope, and with a refresh token that is none. */
async function refreshes(app, tokens) {
  let latest = tokens;
  for (const more of [{}, { scope: tokens.scope }]) {
    const answer = await app.refresh(latest.refresh_token, more);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    isTokenResponse(answer);
    assert.ok(words(answer.body.scope).every((scope) => words(tokens.scope).includes(scope)));
    assert.equal((await fhir(answer.body.access_token, `Patient/${patient}`)).status, 200);
    latest = { ...latest, ...answer.body };
  }
  for (const more of [{}, { scope: tokens.scope }]) {
    const refused = await app.refresh(crypto.randomUUID(), more);
    assert.ok([400, 401].includes(refused.status));
    assert.equal(refused.body.error, 'invalid_grant');
  }
  return latest;
}

/** Every type, or only some of them, can be read. */
async function reaches(token, allowed) {
  for (const type of TYPES) {
    const search = type === 'Patient' ? `Patient/${patient}` : `${type}?patient=${patient}`;
    const { status, body } = await fhir(token, search);
    assert.equal(status, allowed.includes(type) ? 200 : 403, `${type}: ${JSON.stringify(body).slice(0, 200)}`);
  }
}

test('rows_16_374_378_381_to_394 discovery for anybody, from any origin, whatever is accepted', async () => {
  for (const headers of [{ accept: 'text/html' }, { accept: 'application/fhir+xml', origin: 'https://anybody.example' }, { origin: 'null' }]) {
    const answer = await fetch(`${demo.fhir}/.well-known/smart-configuration`, { headers });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type'), /^application\/json/);
    if (headers.origin) assert.ok(['*', headers.origin].includes(answer.headers.get('access-control-allow-origin')));
    const smart = await answer.json();
    for (const name of ['issuer', 'jwks_uri', 'authorization_endpoint', 'token_endpoint', 'introspection_endpoint', 'revocation_endpoint']) {
      assert.match(smart[name], /^http/, name);
    }
    assert.ok(smart.grant_types_supported.includes('authorization_code') && smart.grant_types_supported.includes('client_credentials'));
    assert.deepEqual(smart.code_challenge_methods_supported.filter((method) => method !== 'S256'), [], 'plain is nowhere');
    const needed = ['launch-ehr', 'launch-standalone', 'authorize-post', 'client-public', 'client-confidential-symmetric',
      'client-confidential-asymmetric', 'sso-openid-connect', 'context-banner', 'context-style', 'context-ehr-patient',
      'context-ehr-encounter', 'context-standalone-patient', 'permission-offline', 'permission-patient', 'permission-user',
      'permission-v1', 'permission-v2'];
    assert.deepEqual(needed.filter((name) => !smart.capabilities.includes(name)), []);
  }
});

test('rows_7_8 the CapabilityStatement leads to the same endpoints, openid-configuration and keys are complete', async () => {
  const { status, headers, body } = await fhir(undefined, 'metadata', { origin: 'https://anybody.example' });
  assert.equal(status, 200);
  assert.ok(['*', 'https://anybody.example'].includes(headers.get('access-control-allow-origin')));
  const [{ security }] = body.rest;
  assert.ok(security.service.some(({ coding }) => coding.some(({ code }) => code === 'SMART-on-FHIR')));
  const uris = security.extension.find(({ url }) => url.endsWith('/oauth-uris')).extension;
  const uri = (name) => uris.find(({ url }) => url === name).valueUri;
  assert.equal(uri('authorize'), apps.open.endpoints.authorization_endpoint);
  assert.equal(uri('token'), apps.open.endpoints.token_endpoint);

  const openid = await (await fetch(`${apps.open.endpoints.issuer}/.well-known/openid-configuration`)).json();
  for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported', 'subject_types_supported']) {
    assert.ok(openid[name], name);
  }
  assert.equal(openid.issuer, apps.open.endpoints.issuer);
  assert.ok(openid.id_token_signing_alg_values_supported.includes('RS256'));
  const { keys } = await (await fetch(openid.jwks_uri)).json();
  assert.ok(keys.length > 0 && keys.every(({ kid, d }) => kid && d === undefined));
});

test('rows_84_101_118_203 Standalone Patient App, full access: everything asked for, identity, refresh', async () => {
  const { tokens, answer } = await launch(apps.secret, STANDALONE);
  assert.equal(tokens.patient, patient);
  assert.equal(tokens.need_patient_banner, true);
  assert.equal((await fetch(tokens.smart_style_url)).headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('access-control-allow-origin'), null, 'no origin, no permission');
  await reaches(tokens.access_token, TYPES);
  assert.equal((await fhir(undefined, `Patient/${patient}`)).status, 401);
  assert.match((await fhir('cga_made_up', `Patient/${patient}`)).headers.get('www-authenticate'), /Bearer/);
  await isIdentity(apps.secret, tokens);
  await refreshes(apps.secret, tokens);
});

test('rows_53_79 Standalone Patient App, limited: only what the user left is granted, and only that can be read', async () => {
  const left = ['Patient', 'Condition', 'Observation'];
  const keep = (scope) => !scope.includes('/') || left.includes(/\/(\w+)\./.exec(scope)[1]);
  const { tokens } = await launch(apps.secret, STANDALONE, { consent: only(keep), expected: null });
  const expected = ['launch/patient', 'openid', 'fhirUser', 'offline_access', ...left.map((type) => `patient/${type}.read`)];
  assert.deepEqual(words(tokens.scope).sort(), expected.sort());
  await reaches(tokens.access_token, left);
  const refreshed = await apps.secret.refresh(tokens.refresh_token);
  assert.deepEqual(words(refreshed.body.scope).sort(), expected.sort(), 'a refresh gives nothing back');
  await reaches(refreshed.body.access_token, left);
});

test('rows_127_128 the same launch with v2 scopes is answered in v2', async () => {
  const { tokens } = await launch(apps.secret, STANDALONE_V2);
  assert.ok(!tokens.scope.includes('.read'));
  await reaches(tokens.access_token, TYPES);
});

test('rows_100_101 offline access can be refused, and then there is no refresh token', async () => {
  const { tokens } = await launch(apps.secret, STANDALONE, { consent: only((scope) => scope !== 'offline_access'), expected: null });
  assert.equal(tokens.refresh_token, undefined);
  assert.ok(!words(tokens.scope).includes('offline_access'));
});

test('rows_17_355 SMART Public Client Launch: no secret, CORS for its own origin alone', async () => {
  const { origin } = new URL(apps.open.redirect);
  const request = apps.open.request(STANDALONE);
  const { code } = await visitor.authorize(request.url);
  const answer = await apps.open.exchange(request, code, {}, { origin });
  assert.equal(answer.status, 200);
  isTokenResponse(answer);
  assert.equal(answer.headers.get('access-control-allow-origin'), origin);
  const foreign = await apps.open.exchange(request, code, {}, { origin: 'https://evil.example' });
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  const read = await fhir(answer.body.access_token, `Patient/${patient}`, { origin: 'https://evil.example' });
  assert.equal(read.headers.get('access-control-allow-origin'), null);
});

test('row_17 a page of the app can call the token endpoint and the FHIR API itself', async () => {
  const request = apps.open.request(STANDALONE);
  const { code } = await visitor.authorize(request.url);
  const fields = { client_id: apps.open.client.client_id, grant_type: 'authorization_code', code, redirect_uri: apps.open.redirect, code_verifier: request.verifier };
  const seen = await page.evaluate(async ([token, base, form, id]) => {
    const { access_token: bearer } = await (await fetch(token, { method: 'POST', body: new URLSearchParams(form) })).json();
    const answer = await fetch(`${base}/Patient/${id}`, { headers: { authorization: `Bearer ${bearer}`, accept: 'application/fhir+json' } });
    return { status: answer.status, ...(await answer.json()) };
  }, [apps.open.endpoints.token_endpoint, demo.fhir, fields, patient]);
  assert.equal(seen.status, 200);
  assert.equal(seen.resourceType, 'Patient');
});

test('rows_96_97 Invalid AUD: no code for another server', async () => {
  for (const aud of ['https://evil.example/fhir', undefined]) {
    const request = apps.secret.request(STANDALONE, { aud });
    const back = await visitor.authorize(request.url);
    assert.equal(back.code, undefined);
    assert.equal(back.error, 'invalid_request');
    assert.equal(back.state, request.state);
  }
});

/** Opens the patient in the portal as a clinician does; the `launch` with which the portal then calls the viewer. */
async function launchOf(own) {
  await own.goto(demo.portal);
  await own.getByLabel('MRN, or first and last name').fill(mrn);
  await own.getByRole('button', { name: 'Find' }).click();
  await own.waitForURL((url) => url.searchParams.has('launch'));
  const called = new URL(own.url()).searchParams;
  assert.equal(called.get('iss'), demo.fhir, 'row 51');
  return called.get('launch');
}

test('rows_51_170_352_361 EHR Practitioner App: launched from the portal with its patient, once, for its own app alone', async () => {
  const viewer = await App.of(demo.clients.find(({ client_id: id }) => id === 'record-viewer'));
  const own = await openPage(browser);
  // The viewer's own scripts stay away: this test is the app.
  await own.route(/\/apps\/record-viewer\/.*\.js/, (route) => route.abort());
  await signIn(own, demo.portal, provider);
  const scope = 'launch openid fhirUser online_access patient/*.rs user/Practitioner.rs';
  const request = viewer.request(scope, { launch: await launchOf(own) });
  await own.goto(request.url.href);
  const back = Object.fromEntries(new URL(own.url()).searchParams);
  assert.equal(back.state, request.state);
  const answer = await viewer.exchange(request, back.code);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  isTokenResponse(answer);
  assert.deepEqual(words(answer.body.scope).sort(), words(scope).sort());
  assert.equal(answer.body.patient, patient);
  assert.equal(typeof answer.body.need_patient_banner, 'boolean');
  assert.equal((await fetch(answer.body.smart_style_url)).status, 200);
  await reaches(answer.body.access_token, TYPES);
  await isIdentity(viewer, answer.body);
  await refreshes(viewer, answer.body);

  await own.goto(viewer.request(scope, { launch: request.url.searchParams.get('launch') }).url.href);
  assert.equal(new URL(own.url()).searchParams.get('error'), 'invalid_request', 'a launch is taken once');
  const stolen = apps.open.request(scope, { launch: await launchOf(own) });
  const refused = callbacks.next();
  await own.goto(stolen.url.href);
  assert.equal((await refused).searchParams.get('error'), 'invalid_request', 'a launch is its app\'s own');
  await closePage(own);
});

/** From the portal's list of who is at the hospital, another app is opened with a patient and encounter, as a clinician does. */
async function gallery(who, name) {
  await who.page.goto(demo.portal);
  await settled(who.page);
  const row = who.page.getByRole('region', { name: 'At the hospital' }).getByRole('listitem').first();
  const number = /MRN (\S+)/.exec(await row.innerText())[1];
  await row.getByRole('link', { name: 'Other apps' }).click();
  const called = callbacks.next();
  await who.page.getByRole('button', { name: `Open ${name}`, exact: true }).click();
  const launched = (await called).searchParams;
  assert.equal(launched.get('iss'), demo.fhir);
  return { launch: launched.get('launch'), about: patientOf(number).id };
}

for (const [title, kind, name, scope] of [
  ['rows_51_170_171_361_362 EHR Practitioner App from the gallery: user scopes, patient and encounter', 'open', 'Growth Chart',
    `launch launch/encounter openid fhirUser offline_access ${scopesOf('user', [...TYPES, 'Practitioner'], 'read')}`],
  ['rows_164_170_357 EHR launch with patient scopes, asymmetric client', 'key', 'Referral Desk',
    `launch launch/encounter openid fhirUser offline_access ${scopesOf('patient', TYPES, 'rs')} user/Practitioner.rs`],
]) {
  test(title, async () => {
    const app = apps[kind];
    // Signs in by the way.
    await visitor.authorize(app.request('launch/patient patient/Patient.rs').url);
    const { launch: handle, about } = await gallery(visitor, name);
    const { tokens } = await launch(app, scope, { more: { launch: handle } });
    assert.equal(tokens.patient, about);
    assert.equal(typeof tokens.need_patient_banner, 'boolean');
    assert.equal((await fetch(tokens.smart_style_url)).status, 200);
    const encounter = await fhir(tokens.access_token, `Encounter/${tokens.encounter}`);
    assert.equal(encounter.body.subject.reference.split('/').pop(), about);
    await isIdentity(app, tokens);
    const refreshed = await app.refresh(tokens.refresh_token);
    assert.deepEqual([refreshed.body.patient, refreshed.body.encounter], [about, tokens.encounter]);
    const again = await visitor.authorize(app.request(scope, { launch: handle }).url);
    assert.equal(again.error, 'invalid_request', 'a launch is taken once');
  });
}

test('row_352 Invalid launch parameter: no code', async () => {
  const request = apps.open.request(`launch ${STANDALONE}`, { launch: 'INVALID_LAUNCH_PARAM' });
  const back = await visitor.authorize(request.url);
  assert.equal(back.code, undefined);
  assert.equal(back.error, 'invalid_request');
});

test('rows_14_15_31 Invalid PKCE code verifier: missing, blank, incorrect, plain', async () => {
  for (const wrong of [() => undefined, () => '', () => `${crypto.randomUUID()}-${crypto.randomUUID()}`, ({ challenge }) => challenge]) {
    const request = apps.secret.request(STANDALONE);
    const { code } = await visitor.authorize(request.url);
    const verifier = wrong(request);
    const fields = { grant_type: 'authorization_code', code, redirect_uri: apps.secret.redirect };
    if (verifier !== undefined) fields.code_verifier = verifier;
    const refused = await apps.secret.token(fields);
    assert.equal(refused.status, 400);
    assert.equal(refused.body.error, 'invalid_grant');
    const late = await apps.secret.exchange(request, code);
    assert.equal(late.body.error, 'invalid_grant', 'nobody guesses twice');
  }
  for (const more of [{ code_challenge: undefined }, { code_challenge_method: 'plain' }, { code_challenge_method: undefined }]) {
    assert.equal((await visitor.authorize(apps.secret.request(STANDALONE, more).url)).error, 'invalid_request');
  }
});

test('row_54 a denial goes back to the app as access_denied, and gives nothing', async () => {
  const request = apps.open.request(STANDALONE);
  const back = await visitor.authorize(request.url, async () => false);
  assert.deepEqual([back.error, back.state, back.code], ['access_denied', request.state, undefined]);
});

test('row_49 authorize-post: the request as a form on a page of the app', async () => {
  const request = apps.open.request(STANDALONE);
  // The app's own page is a call as well: it comes first.
  const home = callbacks.next();
  await page.goto(`${callbacks.origin.origin}/home`);
  await home;
  const back = await visitor.authorize(async () => {
    await page.evaluate(([action, fields]) => {
      const form = document.body.appendChild(Object.assign(document.createElement('form'), { method: 'post', action }));
      for (const [name, value] of fields) form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      form.submit();
    }, [apps.open.endpoints.authorization_endpoint, request.parameters]);
    await page.waitForURL((url) => url.pathname.startsWith('/oauth/'));
  });
  assert.equal(back.state, request.state);
  assert.equal((await apps.open.exchange(request, back.code)).status, 200);
});

test('rows_271_to_280 Token Introspection: an active token says what its response said, an inactive one nothing', async () => {
  const { tokens } = await launch(apps.open, STANDALONE);
  const claims = await verified(apps.open, tokens.id_token);
  const own = apps.secret.credentials();
  const ask = (token) => apps.secret.form('introspection_endpoint', { ...own.fields, token }, own.headers);
  const said = await ask(tokens.access_token);
  assert.equal(said.status, 200);
  const { active, scope, client_id: client, exp, patient: about, iss, sub, fhirUser } = said.body;
  assert.deepEqual([active, client, about, iss, sub, fhirUser], [true, apps.open.client.client_id, tokens.patient, claims.iss, claims.sub, claims.fhirUser]);
  assert.deepEqual(words(scope).sort(), words(tokens.scope).sort());
  assert.ok(exp > Date.now() / 1000);
  assert.deepEqual((await ask('invalid_token_value')).body, { active: false });
  const bearer = await apps.secret.form('introspection_endpoint', { token: tokens.access_token }, { authorization: `Bearer ${tokens.access_token}` });
  assert.equal(bearer.body.active, true, 'row 282: a SMART bearer token opens it too');
});

test('Token Revocation: nothing of a revoked authorization works', async () => {
  const { tokens } = await launch(apps.secret, STANDALONE);
  const own = apps.secret.credentials();
  const revoked = await apps.secret.form('revocation_endpoint', { ...own.fields, token: tokens.refresh_token }, own.headers);
  assert.equal(revoked.status, 200);
  assert.equal((await fhir(tokens.access_token, `Patient/${patient}`)).status, 401);
  assert.equal((await apps.secret.refresh(tokens.refresh_token)).body.error, 'invalid_grant');
});

test('Token Revocation by the user: an app that they disconnect gets nothing from its next request on', async () => {
  const { tokens } = await launch(apps.secret, STANDALONE);
  assert.equal((await fhir(tokens.access_token, `Patient/${patient}`)).status, 200);
  await page.goto(`${demo.portal}/account/apps`);
  await page.getByRole('link', { name: 'Disconnect Care Planner' }).click();
  await page.getByRole('button', { name: 'Disconnect Care Planner' }).click();
  await page.waitForURL((url) => url.pathname === '/account/apps');
  assert.equal((await fhir(tokens.access_token, `Patient/${patient}`)).status, 401);
  assert.equal((await apps.secret.refresh(tokens.refresh_token)).body.error, 'invalid_grant');
});

test('rows_310_357 asymmetric client: launch, identity, refresh with private_key_jwt', async () => {
  const { tokens } = await launch(apps.key, STANDALONE_V2);
  await isIdentity(apps.key, tokens);
  await refreshes(apps.key, tokens);
});

const CONDITION = { problem: 'http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item',
  encounter: 'http://terminology.hl7.org/CodeSystem/condition-category|encounter-diagnosis',
  concern: 'http://hl7.org/fhir/us/core/CodeSystem/condition-category|health-concern' };
const OBSERVATION = (code) => `http://terminology.hl7.org/CodeSystem/observation-category|${code}`;
const SDOH = 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category|sdoh';

/** All resources of a type, following the pages. */
async function all(token, type) {
  const found = [];
  let next = `${type}?patient=${patient}`;
  while (next) {
    const { status, body } = await fhir(token, next);
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    found.push(...(body.entry ?? []).map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type));
    next = body.link?.find(({ relation }) => relation === 'next')?.url;
  }
  return found;
}

const isOf = (resource, tokens) =>
  (resource.category ?? []).some(({ coding }) => (coding ?? []).some(({ system, code }) => tokens.includes(`${system}|${code}`)));

/** With granular scopes exactly the resources of their categories are found, read, and left out. */
async function isFiltered(whole, token, type, tokens) {
  const everything = await all(whole, type);
  const expected = everything.filter((resource) => isOf(resource, tokens)).map(({ id }) => id).sort();
  assert.deepEqual((await all(token, type)).map(({ id }) => id).sort(), expected, type);
  const inside = expected[0];
  const outside = everything.find((resource) => !isOf(resource, tokens));
  if (inside) assert.equal((await fhir(token, `${type}/${inside}`)).status, 200);
  if (outside) assert.equal((await fhir(token, `${type}/${outside.id}`)).status, 404, `${type}/${outside.id}`);
  return expected.length;
}

test('row_370 fine-grained scopes, both groups: what is granted is what is found', async () => {
  const { tokens: whole } = await launch(apps.key, 'launch/patient patient/Condition.rs patient/Observation.rs');
  const groups = [
    { Condition: [CONDITION.encounter, CONDITION.concern], Observation: [OBSERVATION('laboratory'), OBSERVATION('social-history')] },
    { Condition: [CONDITION.problem], Observation: [OBSERVATION('vital-signs'), OBSERVATION('survey'), SDOH] },
  ];
  let found = 0;
  for (const group of groups) {
    const granular = Object.entries(group).flatMap(([type, categories]) => categories.map((category) => `patient/${type}.rs?category=${category}`));
    const scope = `launch/patient openid fhirUser offline_access patient/Patient.rs patient/Practitioner.rs ${granular.join(' ')}`;
    const { tokens } = await launch(apps.key, scope);
    assert.equal((await fhir(tokens.access_token, `Patient/${patient}`)).status, 200);
    for (const [type, categories] of Object.entries(group)) found += await isFiltered(whole.access_token, tokens.access_token, type, categories);
  }
  assert.ok(found > 10, 'there is something to find');
});

test('row_370 Granular Scope Selection: the user makes categories of whole types', async () => {
  const scope = 'launch/patient openid fhirUser offline_access patient/Condition.rs patient/Observation.rs patient/Patient.rs';
  const consent = async (shown) => {
    for (const label of ['The problem list', 'Diagnoses of stays and visits', 'Health concerns', 'Laboratory results', 'Vital signs', 'Social history', 'Questionnaires and screening',
      'Other tests, such as of heart or eyes', 'Housing, food and other social needs']) {
      assert.equal(await shown.getByLabel(label, { exact: true }).count(), 1, `${label} is offered`);
    }
    await kinds({ 'patient/Condition.rs': ['The problem list'], 'patient/Observation.rs': ['Laboratory results', 'Vital signs'] })(shown);
  };
  const { tokens } = await launch(apps.key, scope, { consent, expected: null });
  const expected = ['launch/patient', 'openid', 'fhirUser', 'offline_access', 'patient/Patient.rs', `patient/Condition.rs?category=${CONDITION.problem}`,
    ...['laboratory', 'vital-signs'].map((code) => `patient/Observation.rs?category=${OBSERVATION(code)}`)];
  assert.deepEqual(words(tokens.scope).sort(), expected.sort());
  const { tokens: whole } = await launch(apps.key, 'launch/patient patient/Condition.rs patient/Observation.rs');
  await isFiltered(whole.access_token, tokens.access_token, 'Condition', [CONDITION.problem]);
  await isFiltered(whole.access_token, tokens.access_token, 'Observation', [OBSERVATION('laboratory'), OBSERVATION('vital-signs')]);
});

test('rows_253_to_262_335_340 Backend Services: each invalid request is refused in its own way, a good one is not', async () => {
  const app = apps.system;
  const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const ask = (fields) => app.form('token_endpoint', { grant_type: 'client_credentials', scope: 'system/*.read', client_assertion_type: TYPE, client_assertion: app.assertion(), ...fields });
  const wrongly = async (fields, status, error) => {
    const answer = await ask(fields);
    assert.deepEqual([answer.status, answer.body.error], [status, error], JSON.stringify(fields).slice(0, 80));
    assert.match(answer.headers.get('cache-control'), /no-store/);
  };
  await wrongly({ grant_type: 'not_a_grant_type' }, 400, 'unsupported_grant_type');
  await wrongly({ client_assertion_type: 'not_an_assertion_type' }, 400, 'invalid_client');
  for (const claims of [{ iss: 'not_a_valid_iss' }, { sub: 'not_a_valid_sub' }, { aud: 'https://evil.example/token' }, { exp: 1 }, { exp: Date.now() }, { jti: undefined }]) {
    await wrongly({ client_assertion: app.assertion(claims) }, 401, 'invalid_client');
  }
  for (const header of [{ alg: 'none' }, { alg: 'HS256' }, { alg: 'RS256' }, { alg: 'ES256' }, { kid: 'another' }, { crit: ['exp'] }]) {
    await wrongly({ client_assertion: app.assertion({}, header) }, 401, 'invalid_client');
  }
  await wrongly({ client_assertion: 'not.a.jwt' }, 401, 'invalid_client');
  const twice = app.assertion();
  await wrongly({ scope: 'user/*.rs' }, 400, 'invalid_scope');
  const good = await ask({ client_assertion: twice });
  assert.equal(good.status, 200, JSON.stringify(good.body));
  isTokenResponse(good);
  assert.ok(good.body.expires_in <= 300 && good.body.refresh_token === undefined);
  assert.equal(good.body.scope, 'system/*.read');
  await wrongly({ client_assertion: twice }, 401, 'invalid_client');
});
