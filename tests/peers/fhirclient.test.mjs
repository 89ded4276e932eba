// fhirclient, the library that most SMART apps are built with, in a Node server as its own documentation shows.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import smart from 'fhirclient';

import { clientOf, demo, mrn, patientOf, provider, reads } from './lib/demo.mjs';
import { Person } from './lib/person.mjs';

const storage = () => {
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    set: async (key, value) => (kept.set(key, value), value),
    unset: async (key) => kept.delete(key),
  };
};

/** Runs the app until its callback has a client; the app's own errors are the test's. */
async function launched(client, person, more = {}) {
  const callback = new URL(client.redirect_uris[0]);
  const kept = storage();
  let done;
  const ready = new Promise((resolve, reject) => { done = { resolve, reject }; });
  const server = http.createServer((request, response) => {
    const api = smart(request, response, kept);
    if (request.url.startsWith('/launch')) {
      api.authorize({ client_id: client.client_id, redirect_uri: callback.href, iss: demo.fhir, pkceMode: 'required', ...more }).catch(done.reject);
    } else {
      api.ready().then((found) => (response.end('ok'), done.resolve(found)), (error) => (response.end(), done.reject(error)));
    }
  });
  await new Promise((resolve) => server.listen(Number(callback.port), callback.hostname, resolve));
  try {
    const launch = await fetch(`${callback.origin}/launch?iss=${encodeURIComponent(demo.fhir)}`, { redirect: 'manual' });
    const location = launch.headers.get('location');
    if (location) {
      const back = await person.authorize(location);
      assert.equal(back.origin + back.pathname, callback.href);
      fetch(back).catch(done.reject);
    }
    return await ready;
  } finally {
    server.close();
  }
}

for (const [name, client] of [['public', clientOf('public')], ['with a secret', clientOf('confidential', ({ secret }) => secret)]]) {
  test(`a standalone launch of a client ${name}`, async () => {
    const person = new Person(demo.portal, provider, mrn);
    const scope = 'launch/patient openid fhirUser offline_access patient/*.read';
    const app = await launched(client, person, { scope, clientSecret: client.secret });
    assert.equal(app.patient.id, patientOf(mrn).id);
    assert.equal((await app.patient.read()).resourceType, 'Patient');
    assert.match(app.user.fhirUser, /Practitioner\//);
    await reads((path) => app.request(path), app.patient.id);

    const labs = await app.request(`Observation?patient=${app.patient.id}&category=laboratory&_count=2`, { pageLimit: 3, flat: true });
    assert.ok(Array.isArray(labs));

    const before = app.state.tokenResponse.access_token;
    await app.refresh();
    assert.notEqual(app.state.tokenResponse.access_token, before);
    assert.equal((await app.patient.read()).id, app.patient.id);
  });
}
