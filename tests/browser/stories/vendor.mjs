// A stranger with the public pages and nothing else registers an app, gets it approved, launches it and refreshes its token.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { pcp, userOf } from '../lib/people.mjs';

/** The stranger's app: it has a place to which users return, and says what it was told there. */
const startApp = async () => {
  const app = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><html lang="en"><title>Growth</title><h1>Back in the app</h1>');
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  return { redirect: `http://127.0.0.1:${app.address().port}/cb`, stop: () => app.close() };
};

const SCOPE = 'launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs';

const register = async (page, demo, { name, redirect, kind = 'An app in the browser' }) => {
  await page.goto(`${demo.portal}/developers/register`);
  await page.getByLabel(/^Name/).fill(name);
  await page.getByLabel('What it is for').fill('Shows how a child grows.');
  await page.getByLabel('Whom we write to').fill('dev@growth.example');
  const choice = await page.getByLabel('What kind of app is it?').locator('option', { hasText: kind }).getAttribute('value');
  await page.getByLabel('What kind of app is it?').selectOption(choice);
  await page.getByLabel(/^Redirect addresses/).fill(redirect);
  await page.getByLabel(/^Scopes/).fill(SCOPE);
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('heading', { name: `${name} is registered` }).waitFor();
  const text = async (id) => (await page.locator(`#${id}`).count()) ? page.locator(`#${id}`).innerText() : undefined;
  return { id: await text('client-id'), secret: await text('client-secret'), token: await text('registration-token') };
};

const authorizeUrl = async (demo, id, redirect, more = {}) => {
  const verifier = randomBytes(32).toString('base64url');
  const smart = await (await fetch(`${demo.fhir}/.well-known/smart-configuration`)).json();
  const url = new URL(smart.authorization_endpoint);
  const fields = {
    response_type: 'code', client_id: id, redirect_uri: redirect, scope: SCOPE, state: 'state-of-the-app', aud: demo.fhir,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256', ...more,
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return { url: url.href, verifier, smart };
};

const post = async (url, fields) => {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: answer.status, body: await answer.json() };
};

export default {
  'a stranger registers an app, staff approve it, it is launched and refreshes its token': async ({ browser, demo }) => {
    const app = await startApp();
    const vendor = await openPage(browser);
    await vendor.goto(`${demo.portal}/developers/register`);
    await checkAccess(vendor, 'the form');
    await vendor.getByRole('button', { name: 'Register' }).click();
    await vendor.getByRole('alert').waitFor();
    await checkAccess(vendor, 'the form with errors');
    const { id, token } = await register(vendor, demo, { name: 'Growth Story', redirect: app.redirect });
    assert.match(token, /^cgm_/);
    await checkAccess(vendor, 'what is shown once');
    await vendor.getByRole('link', { name: 'Go to the page of your app' }).click();
    await vendor.getByText('Waits for approval').waitFor();
    await checkAccess(vendor, 'the app while it waits');

    // Not yet: the user is told on a page of the hospital's, and goes nowhere.
    const user = await openPage(browser);
    const early = await authorizeUrl(demo, id, app.redirect);
    assert.equal((await user.goto(early.url)).status(), 400);

    const staff = await openPage(browser);
    await signIn(staff, demo.portal, userOf(demo, 'staff', (user) => /provisioning/i.test(`${user.note} ${user.role ?? ''}`)));
    await staff.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Apps' }).click();
    await checkAccess(staff, 'the queue');
    await staff.getByRole('link', { name: 'Growth Story' }).click();
    await staff.getByText('offline_access').first().waitFor();
    await checkAccess(staff, 'a registration');
    await staff.getByRole('button', { name: 'Approve Growth Story' }).click();
    await staff.getByRole('heading', { name: 'Apps and systems' }).waitFor();

    await signIn(user, demo.portal, pcp(demo));
    const { url, verifier, smart } = await authorizeUrl(demo, id, app.redirect);
    await user.goto(url);
    await user.locator('button[name="patient"]').first().click();
    await user.getByRole('button', { name: /Allow/ }).click();
    await user.getByRole('heading', { name: 'Back in the app' }).waitFor();
    const code = new URL(user.url()).searchParams.get('code');
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: app.redirect, client_id: id, code_verifier: verifier };
    const first = await post(smart.token_endpoint, exchange);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    const second = await post(smart.token_endpoint, { grant_type: 'refresh_token', refresh_token: first.body.refresh_token, client_id: id });
    assert.equal(second.status, 200, JSON.stringify(second.body));
    const patient = await fetch(`${demo.fhir}/Patient/${second.body.patient}`, {
      headers: { authorization: `Bearer ${second.body.access_token}` },
    });
    assert.equal(patient.status, 200);

    // The code again: refused, and the vendor reads why on its page, coming in anew with the token.
    assert.equal((await post(smart.token_endpoint, exchange)).status, 400);
    const condition = await fetch(`${demo.fhir}/Condition?patient=${second.body.patient}`, {
      headers: { authorization: `Bearer ${second.body.access_token}` },
    });
    assert.ok([401, 403].includes(condition.status));
    await vendor.context().clearCookies();
    await vendor.goto(`${demo.portal}/developers/apps/mine`);
    await vendor.getByLabel('client_id').fill(id);
    await vendor.getByLabel('Registration access token').fill('cgm_wrong');
    await vendor.getByRole('button', { name: 'Show the app' }).click();
    await vendor.getByRole('alert').waitFor();
    await checkAccess(vendor, 'not let in');
    await vendor.getByLabel('Registration access token').fill(token);
    await vendor.getByRole('button', { name: 'Show the app' }).click();
    await vendor.getByRole('heading', { name: 'Requests that failed' }).waitFor();
    for (let tries = 0; tries < 20 && !(await vendor.getByText('invalid_grant').count()); tries += 1) {
      await vendor.waitForTimeout(500);
      await vendor.reload();
    }
    await vendor.getByText('invalid_grant').first().waitFor();
    await vendor.getByText('/fhir/r4/Condition').first().waitFor();
    await checkAccess(vendor, 'the log of failures');
    assert.ok(!vendor.url().includes(token) && !(await vendor.content()).includes(code));

    // More than was approved waits; the app goes on as before.
    await vendor.getByRole('link', { name: 'Change', exact: true }).click();
    await checkAccess(vendor, 'the change');
    await vendor.getByLabel(/^Scopes/).fill(`${SCOPE} patient/Condition.rs`);
    await vendor.getByRole('button', { name: 'Save' }).click();
    await vendor.getByRole('heading', { name: 'A change waits for approval' }).waitFor();
    await staff.goto(`${demo.portal}/staff/clients/${id}`);
    await checkAccess(staff, 'a change that waits');
    await staff.getByRole('button', { name: 'Approve the change' }).click();
    await staff.getByRole('heading', { name: 'Apps and systems' }).waitFor();

    // Suspended with a reason: the vendor reads it, and the tokens end.
    await staff.goto(`${demo.portal}/staff/clients/${id}`);
    await staff.getByLabel('Reason').fill('Call us about your privacy policy.');
    await staff.getByRole('button', { name: 'Suspend Growth Story' }).click();
    await staff.getByText('Suspended').first().waitFor();
    await checkAccess(staff, 'a suspended app');
    await vendor.goto(`${demo.portal}/developers/apps/mine`);
    await vendor.getByText('Call us about your privacy policy.').waitFor();
    const dead = await post(smart.token_endpoint, { grant_type: 'refresh_token', refresh_token: second.body.refresh_token, client_id: id });
    assert.ok(dead.status >= 400);
    await staff.getByRole('link', { name: 'Remove…' }).click();
    await checkAccess(staff, 'before removing');
    await staff.getByRole('button', { name: 'Remove Growth Story' }).click();
    await staff.getByRole('heading', { name: 'Apps and systems' }).waitFor();
    for (const page of [vendor, user, staff]) await closePage(page);
    app.stop();
  },

  'a vendor works by keyboard and without script, on a phone: secret, new secret, end': async ({ browser, demo }) => {
    const page = await openPage(browser, { screen: 'phone', script: false });
    const app = { name: 'Small Story', redirect: 'https://small.example/cb', kind: 'proves itself by a secret' };
    const { secret } = await register(page, demo, app);
    assert.match(secret, /^cgk_/);
    await page.getByRole('link', { name: 'Go to the page of your app' }).press('Enter');
    await page.getByRole('link', { name: 'New secret…' }).press('Enter');
    await page.getByRole('button', { name: 'Make a new secret' }).press('Enter');
    assert.notEqual(await page.locator('#client-secret').innerText(), secret);
    await page.getByRole('link', { name: 'Go to the page of your app' }).press('Enter');
    await page.getByRole('link', { name: 'Delete…' }).press('Enter');
    await page.getByRole('button', { name: 'Delete the registration' }).press('Enter');
    await page.getByRole('heading', { name: 'Your app' }).waitFor();
    await closePage(page);
  },

  'the vendor pages fit a phone': async ({ browser, demo }) => {
    const page = await openPage(browser, { screen: 'phone' });
    const { id } = await register(page, demo, { name: 'Phone Story', redirect: 'https://phone.example/cb' });
    await checkAccess(page, 'registered, on a phone');
    await page.goto(`${demo.portal}/developers/apps/mine`);
    await checkAccess(page, 'the app, on a phone');
    await page.goto(`${demo.portal}/developers/register`);
    await checkAccess(page, 'the form, on a phone');
    const staff = await openPage(browser, { screen: 'phone' });
    await signIn(staff, demo.portal, userOf(demo, 'staff', (user) => /provisioning/i.test(`${user.note} ${user.role ?? ''}`)));
    for (const path of ['/staff/clients', `/staff/clients/${id}`, '/staff/registration-tokens']) {
      await staff.goto(demo.portal + path);
      await checkAccess(staff, `${path} on a phone`);
    }
    await staff.goto(`${demo.portal}/staff/registration-tokens`);
    await staff.getByLabel('For whom').fill('Phone Story Ltd');
    await staff.getByRole('button', { name: 'Make a token' }).click();
    assert.match(await staff.locator('#new-token').innerText(), /^cgi_/);
    await checkAccess(staff, 'a token just made, on a phone');
    await staff.goto(`${demo.portal}/staff/clients/${id}/remove`);
    await staff.getByRole('button', { name: 'Remove Phone Story' }).click();
    await closePage(staff);
    await closePage(page);
  },
};
