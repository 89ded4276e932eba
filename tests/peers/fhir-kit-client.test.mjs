// fhir-kit-client: finds the endpoints by both discoveries, reads, searches and pages with a token.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'fhir-kit-client';

import { clientOf, demo, mrn, patientOf, provider } from './lib/demo.mjs';
import { Person } from './lib/person.mjs';
import { App } from './lib/sequence.mjs';

test('discovery, read, search and pages', async () => {
  const client = new Client({ baseUrl: demo.fhir });
  const found = await client.smartAuthMetadata();
  const app = await App.of(clientOf('public'));
  assert.equal(found.authorizeUrl.href ?? found.authorizeUrl, app.endpoints.authorization_endpoint);
  assert.equal(found.tokenUrl.href ?? found.tokenUrl, app.endpoints.token_endpoint);
  assert.equal((await client.capabilityStatement()).resourceType, 'CapabilityStatement');

  const request = app.request('launch/patient patient/*.rs');
  const back = await new Person(demo.portal, provider, mrn).authorize(request.url);
  const { body } = await app.exchange(request, back.searchParams.get('code'));
  client.bearerToken = body.access_token;
  const { id } = patientOf(mrn);
  assert.equal((await client.read({ resourceType: 'Patient', id })).id, id);
  let bundle = await client.resourceSearch({ resourceType: 'Observation', searchParams: { patient: id, _count: 5 } });
  const seen = new Set();
  for (let pages = 0; bundle && pages < 4; pages += 1) {
    for (const { resource } of bundle.entry) {
      assert.equal(resource.subject.reference, `Patient/${id}`);
      assert.ok(!seen.has(resource.id), 'no resource twice');
      seen.add(resource.id);
    }
    bundle = await client.nextPage({ bundle });
  }
  assert.ok(seen.size > 5, 'more than a page');
  await assert.rejects(client.read({ resourceType: 'Patient', id: patientOf(provider.sees_not[0]).id }), /404/);
});
