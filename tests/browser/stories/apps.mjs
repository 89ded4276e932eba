// Apps of vendors: opened from the gallery, agreed to in part, seen and disconnected by their user, and signed out of.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { checkAccess, closePage, openPage, signIn, viewerShows } from '../lib/browser.mjs';
import { patientWith, pcp } from '../lib/people.mjs';

const APP = 'http://127.0.0.1:7777';
const CALLBACK = `${APP}/callback`;
const SCOPE = 'launch launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs patient/Condition.read';

/** A page in whose browser the app's addresses are answered, and what was asked for there. */
const openWithApp = async (browser, options) => {
  const page = await openPage(browser, options);
  page.called = [];
  await page.route(`${APP}/**`, (route) => {
    page.called.push(new URL(route.request().url()));
    return route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>The app</title><h1>The app</h1>' });
  });
  return page;
};

const arrived = async (page, path) => {
  await page.waitForURL(`${APP}/${path}*`);
  return new URL(page.url()).searchParams;
};

/** An authorization request of the demo's public app, and the verifier of its code. */
const request = (demo, more = {}) => {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code', client_id: 'growth-chart', redirect_uri: CALLBACK, scope: SCOPE, state: 's-1',
    aud: `${demo.portal}/fhir/r4`, code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256', ...more,
  });
  return { url: `${demo.portal}/oauth/authorize?${query}`, verifier };
};

const exchange = async (demo, code, verifier) => {
  const body = new URLSearchParams({
    grant_type: 'authorization_code', client_id: 'growth-chart', code, redirect_uri: CALLBACK, code_verifier: verifier,
  });
  const answer = await fetch(`${demo.portal}/oauth/token`, { method: 'POST', body });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};

const userinfo = async (demo, token) =>
  (await fetch(`${demo.portal}/oauth/userinfo`, { headers: { authorization: `Bearer ${token.access_token}` } })).status;

/** From the picker on: the first patient, some of the scopes. */
const agreeInPart = async (page, screen) => {
  await page.getByRole('heading', { name: 'Choose a patient' }).waitFor();
  await checkAccess(page, `the picker on ${screen}`);
  await page.locator('button.pick').first().click();
  await page.getByRole('heading', { name: /^Let Growth Chart see/ }).waitFor();
  await checkAccess(page, `consent on ${screen}`);
  await page.getByLabel(/Name, birth date/).first().uncheck();
  await page.getByText('Only some of it: Test results').click();
  await page.getByLabel('Laboratory results').check();
  await checkAccess(page, `consent, narrowed, on ${screen}`);
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  return arrived(page, 'callback');
};

export default {
  'an app is opened from the gallery, gets what its user left of it, and is disconnected': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const page = await openWithApp(browser, { screen });
      await signIn(page, demo.portal, pcp(demo));
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Apps' }).click();
      await page.getByRole('heading', { name: 'Apps', level: 1 }).waitFor();
      await checkAccess(page, `the gallery on ${screen}`);
      await page.getByRole('button', { name: 'Open Growth Chart' }).click();
      const launched = await arrived(page, 'launch');
      assert.equal(launched.get('iss'), `${demo.portal}/fhir/r4`);
      const { url, verifier } = request(demo, { launch: launched.get('launch') });
      await page.goto(url);
      const answer = await agreeInPart(page, screen);
      assert.equal(answer.get('state'), 's-1');
      const token = await exchange(demo, answer.get('code'), verifier);
      const scopes = token.scope.split(' ');
      assert.ok(scopes.some((scope) => scope.startsWith('patient/Observation.rs?category=')), token.scope);
      assert.ok(!scopes.includes('patient/Patient.rs') && scopes.includes('patient/Condition.read'), token.scope);
      assert.equal(await userinfo(demo, token), 200);

      await page.goto(demo.portal);
      await page.getByRole('link', { name: 'Your apps' }).click();
      await page.getByRole('heading', { name: 'Growth Chart' }).waitFor();
      await checkAccess(page, `your apps on ${screen}`);
      await page.getByRole('link', { name: 'Disconnect Growth Chart' }).click();
      await checkAccess(page, `before an app is disconnected on ${screen}`);
      await page.getByRole('button', { name: 'Disconnect Growth Chart' }).click();
      await page.getByText('Growth Chart is disconnected').waitFor();
      assert.equal(await userinfo(demo, token), 401, 'at its next request');
      await closePage(page);
    }
  },

  'an app opens with the patient of the record that was opened last': async ({ browser, demo }) => {
    const reader = pcp(demo);
    const patient = patientWith(demo, reader.sees[0]);
    const page = await openWithApp(browser);
    await signIn(page, demo.portal, reader);
    await page.getByLabel('MRN, or first and last name').fill(patient.mrn);
    await page.getByRole('button', { name: 'Find' }).click();
    await viewerShows(page, patient);
    await page.goto(`${demo.portal}/gallery`);
    await page.locator('a.person-name').first().click();
    await page.getByText(`MRN ${patient.mrn}`).first().waitFor();
    await checkAccess(page, 'the gallery for a patient');
    await page.getByRole('button', { name: 'Open Growth Chart' }).click();
    const launched = await arrived(page, 'launch');
    await page.goto(request(demo, { launch: launched.get('launch') }).url);
    await page.getByRole('heading', { name: /^Let Growth Chart see/ }).waitFor();
    await page.getByText(`MRN ${patient.mrn}`).waitFor();
    await page.getByRole('button', { name: 'Do not allow' }).click();
    assert.equal((await arrived(page, 'callback')).get('error'), 'access_denied');
    await closePage(page);
  },

  'without JavaScript, and by keyboard alone, a choice is made and allowed': async ({ browser, demo }) => {
    const page = await openWithApp(browser, { script: false });
    await signIn(page, demo.portal, pcp(demo));
    await page.goto(request(demo).url);
    await page.locator('button.pick').first().focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Let Growth Chart see/ }).waitFor();
    const box = page.getByLabel(/Also when you are not signed in/);
    await box.focus();
    await page.keyboard.press('Space');
    assert.equal(await box.isChecked(), false);
    await page.getByRole('button', { name: 'Allow', exact: true }).focus();
    // Nothing listens at the app's address, and what a redirect leads to is not answered by the route.
    const called = page.waitForRequest((request) => request.url().startsWith(CALLBACK));
    await page.keyboard.press('Enter');
    assert.ok(new URL((await called).url()).searchParams.get('code'));
    await closePage(page);
  },

  'an app that cannot be trusted is told of on a page, and nobody is sent anywhere': async ({ browser, demo }) => {
    const page = await openWithApp(browser);
    await page.goto(request(demo, { redirect_uri: `${APP}/elsewhere` }).url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await checkAccess(page, 'a refused request');
    assert.deepEqual(page.called, []);
    await closePage(page);
  },

  'an app asks to sign its user out, and the user decides': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, pcp(demo));
      await page.goto(`${demo.portal}/oauth/logout?client_id=growth-chart`);
      await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
      await checkAccess(page, `the question before signing out on ${screen}`);
      await page.getByRole('link', { name: 'Stay signed in' }).click();
      await page.getByRole('link', { name: 'Your apps' }).waitFor();
      await page.goto(`${demo.portal}/oauth/logout?client_id=growth-chart`);
      await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await checkAccess(page, `signed out on ${screen}`);
      await closePage(page);
    }
  },
};
