// openid-client: certified, and strict about what the standards say. Code with PKCE, refresh, userinfo, revocation,
// introspection, every way of client authentication, Backend Services.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';

import { clientOf, demo, mrn, patientOf, provider, reader, reads, refuses } from './lib/demo.mjs';
import { Person } from './lib/person.mjs';

const SCOPE = 'launch/patient openid fhirUser profile offline_access patient/*.rs';
const options = { execute: [oidc.allowInsecureRequests] };

const discover = (client, authentication, metadata) =>
  oidc.discovery(new URL(demo.portal), client.client_id, metadata, authentication, options);

async function privateKey(client) {
  const { jwk } = client;
  const key = await crypto.subtle.importKey('jwk', { ...jwk, key_ops: ['sign'] }, { name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']);
  return { key, kid: jwk.kid };
}

async function launch(config, client, scope = SCOPE, user = provider, number = mrn) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: client.redirect_uris[0],
    scope,
    aud: demo.fhir,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const person = new Person(demo.portal, user, number);
  const callback = await person.authorize(url);
  const { offered } = person;
  const tokens = await oidc.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  return { tokens, offered, callback, verifier, state, nonce };
}

test('a public client: launch, read, refresh, userinfo, revoke', async () => {
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  const { tokens } = await launch(config, client);
  assert.equal(tokens.patient, patientOf(mrn).id);
  assert.equal(tokens.need_patient_banner, true);
  assert.equal(tokens.token_type, 'bearer');
  const style = await (await fetch(tokens.smart_style_url)).json();
  assert.ok(style.color_background);
  await reads(reader(tokens.access_token), tokens.patient);
  await refuses(tokens.access_token);

  const claims = tokens.claims();
  assert.match(claims.fhirUser, new RegExp(`^${demo.fhir}/Practitioner/`));
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.fhirUser, claims.fhirUser);

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.patient, tokens.patient);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  await reads(reader(refreshed.access_token), refreshed.patient);

  await oidc.tokenRevocation(config, refreshed.refresh_token);
  const dead = await fetch(`${demo.fhir}/Patient/${tokens.patient}`, { headers: { authorization: `Bearer ${refreshed.access_token}` } });
  assert.equal(dead.status, 401);
  await assert.rejects(oidc.refreshTokenGrant(config, refreshed.refresh_token), { error: 'invalid_grant' });
});

test('fhirUser resolves with the same token', async () => {
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  const { tokens } = await launch(config, client, 'openid fhirUser user/Practitioner.rs');
  const { fhirUser } = tokens.claims();
  const practitioner = await reader(tokens.access_token)(fhirUser.slice(demo.fhir.length + 1));
  assert.equal(practitioner.resourceType, 'Practitioner');
});

test('a sponsored user reaches what the sponsor reaches, and has no fhirUser', async () => {
  const sponsored = demo.users.find((user) => user.kind === 'sponsored' && user.sees.length > 0);
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  const { tokens } = await launch(config, client, SCOPE, sponsored, sponsored.sees[0]);
  assert.equal(tokens.patient, patientOf(sponsored.sees[0]).id);
  const patient = await reader(tokens.access_token)(`Patient/${tokens.patient}`);
  assert.equal(patient.resourceType, 'Patient');
  assert.ok(!tokens.scope.split(' ').includes('fhirUser'));
  assert.equal(tokens.claims().fhirUser, undefined);
});

test('the picker offers each user exactly the patients that they may see', async () => {
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  for (const user of demo.users.filter(({ kind, sees }) => ['provider', 'sponsored'].includes(kind) && sees.length > 0)) {
    const { offered } = await launch(config, client, SCOPE, user, user.sees[0]);
    assert.deepEqual([...offered].sort(), [...user.sees].sort(), `${user.name}: ${user.note}`);
  }
});

test('a client with a secret: post, basic, introspection', async () => {
  const client = clientOf('confidential', ({ secret }) => secret);
  for (const authentication of [oidc.ClientSecretPost(client.secret), oidc.ClientSecretBasic(client.secret)]) {
    const config = await discover(client, authentication);
    const { tokens } = await launch(config, client);
    const said = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.equal(said.active, true);
    assert.equal(said.patient, tokens.patient);
    assert.equal(said.client_id, client.client_id);
    await oidc.tokenRevocation(config, tokens.access_token);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  }
});

test('a client with a key', async () => {
  const client = clientOf('confidential', ({ jwk }) => jwk);
  const config = await discover(client, oidc.PrivateKeyJwt(await privateKey(client)));
  const { tokens } = await launch(config, client);
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  await reads(reader(refreshed.access_token), tokens.patient);
});

test('a code works once, and its second use ends what came of the first', async () => {
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  const { tokens, callback, verifier, state, nonce } = await launch(config, client);
  const again = oidc.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
  await assert.rejects(again, { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
});

test('Backend Services: a token of five minutes for the practice', async () => {
  const client = clientOf('backend');
  const config = await discover(client, oidc.PrivateKeyJwt(await privateKey(client)));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'system/Patient.rs system/Observation.rs' });
  assert.ok(tokens.expires_in <= 300);
  assert.equal(tokens.refresh_token, undefined);
  const own = demo.users.find((user) => user.kind === 'provider' && user.practice === client.practice && user.sees.length > 0);
  if (own) {
    const patient = await reader(tokens.access_token)(`Patient/${patientOf(own.sees[0]).id}`);
    assert.equal(patient.resourceType, 'Patient');
  }
});

test('a pushed request, and tokens bound to a key: launch, read, refresh, userinfo', async () => {
  const client = clientOf('public');
  const config = await discover(client, oidc.None());
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const url = await oidc.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: client.redirect_uris[0],
      scope: SCOPE,
      aud: demo.fhir,
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    },
    { DPoP },
  );
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'], 'nothing else stands in the address');
  const callback = await new Person(demo.portal, provider, mrn).authorize(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await oidc.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(tokens.patient, patientOf(mrn).id);

  const bound = (token, handle = DPoP) => async (path) => {
    const answer = await oidc.fetchProtectedResource(config, token, new URL(`${demo.fhir}/${path}`), 'GET', null, undefined, { DPoP: handle });
    assert.equal(answer.status, 200, `${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  await reads(bound(tokens.access_token), tokens.patient);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
  assert.equal(userinfo.fhirUser, tokens.claims().fhirUser);

  const address = `${demo.fhir}/Patient/${tokens.patient}`;
  const bearer = await fetch(address, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(bearer.status, 401, 'a bound token is no bearer token');
  const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  await assert.rejects(bound(tokens.access_token, thief)(`Patient/${tokens.patient}`));
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: thief }), { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.equal(refreshed.token_type, 'dpop');
  await reads(bound(refreshed.access_token), tokens.patient);
});

test('a system with a key, and a token bound to another', async () => {
  const client = clientOf('backend');
  const config = await discover(client, oidc.PrivateKeyJwt(await privateKey(client)));
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('Ed25519'));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'system/Patient.rs' }, { DPoP });
  assert.equal(tokens.token_type, 'dpop');
  const own = demo.users.find((user) => user.kind === 'provider' && user.practice === client.practice && user.sees.length > 0);
  if (own) {
    const url = new URL(`${demo.fhir}/Patient/${patientOf(own.sees[0]).id}`);
    const answer = await oidc.fetchProtectedResource(config, tokens.access_token, url, 'GET', null, undefined, { DPoP });
    assert.equal(answer.status, 200);
  }
});
