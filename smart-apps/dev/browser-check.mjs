// The viewer in a real browser, through a whole SMART launch under the strict content security policy: every part passes
// axe, the keyboard reaches everything, and each kind of trouble shows in its place. Run after `npm run build`.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { test, after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { startPortal } from './serve.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TABS = ['summary', 'timeline', 'medications', 'results', 'notes', 'problems', 'immunizations', 'team'];
let portal;
let browser;

before(async () => {
  portal = await startPortal();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
});

after(async () => {
  await browser?.close();
  portal?.close();
});

async function open(patient, { size = [1280, 900], scheme = 'light', hash = '', touch = false, settle = true } = {}) {
  const context = await browser.newContext({ viewport: { width: size[0], height: size[1] }, colorScheme: scheme, hasTouch: touch, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.troubles = [];
  page.on('console', (message) => message.type() === 'error' && page.troubles.push(message.text()));
  page.on('pageerror', (error) => page.troubles.push(error.message));
  const iss = encodeURIComponent(`${portal.origin}/fhir/r4`);
  await page.goto(`${portal.origin}/apps/record-viewer/launch.html?iss=${iss}${patient ? `&launch=${patient}` : ''}`);
  await page.waitForURL('**/index.html*');
  if (settle) await page.waitForSelector('.banner-name:not(:has(.skeleton))');
  if (hash) await show(page, hash);
  if (settle) await settled(page);
  return page;
}

async function show(page, tab) {
  await page.evaluate((hash) => { location.hash = hash; }, tab);
  await page.waitForTimeout(100);
  await settled(page);
}

/** Until nothing is on its way any more. */
async function settled(page) {
  await page.waitForFunction(() => !document.querySelector('main .skeleton') && !/loading…|Loading…/.test(document.querySelector('main')?.textContent ?? ''));
}

async function assertAccessible(page, where) {
  // axe goes in through the debugger, past the content security policy that rightly refuses it.
  await page.evaluate(AXE);
  const { violations, passes } = await page.evaluate(() =>
    window.axe.run(document, { iframes: false, runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  );
  const told = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(told, [], where);
  assert.ok(passes.length > 10, `${where}: axe looked at next to nothing`);
}

async function assertNoSidewaysScroll(page, where) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${where}: ${over} px too wide`);
}

const SIZES = { desk: [1280, 900], half: [760, 900], phone: [390, 844], zoom: [320, 256] };
for (const [patient, sizes] of [['mia', ['desk', 'half', 'phone', 'zoom']], ['baby', ['phone']], ['bare', ['desk', 'zoom']], ['long', ['desk', 'zoom']]]) {
  for (const name of sizes) {
    const size = SIZES[name];
    test(`every part is accessible: ${patient}, ${name}`, async () => {
      const page = await open(patient, { size, scheme: name === 'half' ? 'dark' : 'light' });
      for (const tab of TABS) {
        await show(page, tab);
        await assertNoSidewaysScroll(page, `${patient} ${name} ${tab}`);
        await assertAccessible(page, `${patient} ${name} ${tab}`);
      }
      assert.deepEqual(page.troubles, []);
      await page.context().close();
    });
  }
}

test('what is opened is accessible too: encounter, chart, every kind of note', async () => {
  for (const scheme of ['light', 'dark']) {
    const page = await open('mia', { scheme, hash: 'timeline' });
    for (const head of await page.locator('main button.mark-head').all()) await head.click();
    await settled(page);
    await assertAccessible(page, 'open encounters');
    await show(page, 'results');
    await page.getByRole('button', { name: 'Potassium' }).click();
    await page.waitForSelector('.chart canvas');
    await assertAccessible(page, 'open chart');
    await show(page, 'notes');
    for (const line of await page.locator('.note-line-button').all()) {
      await line.click();
      await page.waitForTimeout(200);
      await settled(page);
      await assertAccessible(page, await line.innerText());
    }
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  }
});

test('the first screen answers: why, when, who, what changed, what is pending, what next', async () => {
  const page = await open('mia');
  const words = await page.locator('.latest').innerText();
  for (const said of ['Admitted: acute asthma exacerbation', '4 nights', '5 West', 'Home', 'See Dr. Lopez within 2 to 3 days', 'Dr. Sarah Chen', '(555) 010-2011', 'secure channel', 'Started', 'fluticasone', 'Changed', 'was: 2 puffs', 'Stopped', 'montelukast', 'Respiratory virus panel', 'Critical low', '2.9 mmol/L', 'Pediatric pulmonology visit']) {
    assert.ok(words.includes(said), `first screen lacks “${said}”: ${words}`);
  }
  await page.getByRole('button', { name: 'Read the discharge summary' }).click();
  await page.getByRole('heading', { name: 'Hospital course' }).waitFor();
  assert.equal(await page.title(), 'Notes – Hospital record');
  await page.context().close();
});

test('S-63: an encounter lists its staff with telephone numbers and the secure-channel notice', async () => {
  const page = await open('mia', { hash: 'timeline' });
  await page.locator('button.mark-head', { hasText: 'Admission' }).click();
  const body = page.locator('.mark-body:visible');
  await body.getByText('(555) 010-2013 x204').waitFor();
  const words = await body.innerText();
  for (const said of ['Attending', 'Dr. Sarah Chen', 'Specialist', 'Dr. Marcus Hill', 'secure channel only']) assert.ok(words.includes(said), said);
  assert.equal(await body.getByRole('link', { name: '(555) 010-2011' }).getAttribute('href'), 'tel:5550102011');
  await page.context().close();
});

test('hospital HTML runs nothing, loads nothing and hides nothing', async () => {
  const page = await open('mia', { hash: 'notes' });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.getByRole('button', { name: 'Consultation note' }).click();
  const frame = page.frameLocator('.note-frame');
  await frame.getByText('poorly controlled asthma').waitFor();
  const html = await frame.locator('body').innerHTML();
  assert.ok(!/script|onclick|javascript:|tracker|<style/i.test(html), html);
  assert.equal(await page.title(), 'Notes – Hospital record');
  assert.deepEqual(asked.filter((url) => !url.startsWith(portal.origin) && !url.startsWith('about:')), []);
  await page.context().close();
});

test('nothing about the patient stays in the browser or goes into an address or title', async () => {
  const page = await open('mia');
  for (const tab of TABS) await show(page, tab);
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage }) + document.cookie);
  for (const secret of ['Rivera', '10048823', 'asthma', 'resourceType']) assert.ok(!kept.includes(secret), secret);
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length + (await caches.keys()).length), 0);
  assert.ok(!/mia|Rivera|iss=|code=|state=/.test(page.url()), page.url());
  await page.context().close();
});

for (const [name, fault, words] of [
  ['503', { status: 503 }, 'isn’t answering'],
  ['429 for long', { status: 429, headers: { 'retry-after': '120' } }, 'too much to do'],
  ['403', { status: 403 }, 'not part of what this app may show'],
  ['broken JSON', { body: '{"resourceType":"Bun' }, 'could not be read'],
  ['another thing than a Bundle', { body: '{"resourceType":"Patient"}' }, 'could not be read'],
]) {
  test(`one part fails with ${name}: it says so in its place, the others stand`, async () => {
    portal.control.fail.set('MedicationRequest', fault);
    const page = await open('mia', { hash: 'medications' });
    const alert = page.locator('main [role=alert]').first();
    assert.ok((await alert.innerText()).includes(words), await alert.innerText());
    await assertAccessible(page, name);
    await show(page, 'results');
    await page.getByRole('button', { name: 'Potassium' }).waitFor();
    portal.control.fail.clear();
    if (fault.status !== 403) {
      await show(page, 'medications');
      await page.getByRole('button', { name: /Try again/ }).click();
      await page.getByText('fluticasone propionate').first().waitFor();
    }
    await page.context().close();
  });
}

test('everything fails: said once, and one button brings everything back', async () => {
  portal.control.fail.set('*', { status: 503 });
  const page = await open('mia', { settle: false });
  await page.getByText('The parts of this record didn’t load: the hospital’s system isn’t answering').waitFor();
  assert.equal(await page.locator('.trouble').count(), 1);
  await assertAccessible(page, 'everything failed');
  portal.control.fail.clear();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Admitted: acute asthma exacerbation' }).waitFor();
  await page.getByText('Respiratory virus panel').first().waitFor();
  await settled(page);
  assert.equal(await page.locator('.trouble').count(), 0);
  await page.context().close();
});

test('a record whose pages stop half way shows what came and says that it may not be all', async () => {
  portal.control.fail.set('Encounter', { status: 503, after: 40 });
  const page = await open('long', { hash: 'timeline' });
  const alert = page.locator('main [role=alert]').first();
  assert.ok((await alert.innerText()).includes('may not be all'));
  assert.ok((await page.locator('button.mark-head').count()) > 10);
  portal.control.fail.clear();
  await page.context().close();
});

test('a slow part says so after five seconds and comes in the end', async () => {
  portal.control.fail.set('Immunization', { delay: 6500 });
  const page = await open('mia', { settle: false });
  // Not before the launch is over: the app then puts an address without the code in place, and a part chosen earlier is lost.
  await page.waitForSelector('.banner-name:not(:has(.skeleton))');
  await page.evaluate(() => { location.hash = 'immunizations'; });
  await page.getByText('still waiting for the hospital’s system').waitFor({ timeout: 8000 });
  await page.getByText('DTaP').waitFor({ timeout: 8000 });
  portal.control.fail.clear();
  await page.context().close();
});

test('a stale copy says from when it is', async () => {
  portal.control.fail.set('AllergyIntolerance', { headers: { age: '7200', warning: '110 - "Response is Stale"' } });
  const page = await open('mia', { hash: 'problems' });
  await page.getByText('this is the last copy that came from it').waitFor();
  portal.control.fail.clear();
  await page.context().close();
});

test('the session ends: a dialog keeps the place, and signing in again comes back to it', async () => {
  const page = await open('baby', { hash: 'medications' });
  portal.control.expired = true;
  await page.getByRole('button', { name: /Update/ }).click();
  await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();
  await assertAccessible(page, 'session dialog');
  await page.keyboard.press('Escape');
  assert.ok(await page.getByRole('dialog').isVisible(), 'the dialog stays');
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.waitForURL('**/index.html*');
  await page.getByRole('heading', { name: 'Medications', level: 2 }).waitFor();
  assert.equal(new URL(page.url()).hash, '#medications');
  // The stand-in would open Mia for a launch that names nobody.
  await page.getByRole('heading', { name: 'Okonkwo-Vandermeer' }).waitFor();
  // A launch from the portal starts at the beginning.
  await page.goto(`${portal.origin}/apps/record-viewer/launch.html?launch=mia`);
  await page.getByRole('heading', { name: 'Rivera, Mia' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Summary' }).getAttribute('aria-current'), 'page');
  await page.context().close();
});

test('a record out of reach is one page with one way on', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${portal.origin}/apps/record-viewer/launch.html?launch=nobody`);
  await page.getByRole('heading', { name: 'This record isn’t available to you' }).waitFor();
  await assertAccessible(page, 'no record');
  await page.goto(`${portal.origin}/apps/record-viewer/index.html?error=access_denied&state=x`);
  await page.getByRole('heading', { name: 'The record was not opened' }).waitFor();
  await assertAccessible(page, 'refused');
  await page.goto(`${portal.origin}/apps/record-viewer/launch.html?iss=https%3A%2F%2Fevil.example%2Ffhir`);
  await page.getByText('another hospital’s portal').waitFor();
  await context.close();
});

test('the keyboard goes from the skip link through the tabs into the record', async () => {
  const page = await open('mia');
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the record');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  await page.getByRole('link', { name: 'Results', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Results');
  const row = page.getByRole('button', { name: 'Potassium' });
  await row.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.chart canvas');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  await page.waitForTimeout(100);
  assert.match(await page.locator('.chart figcaption').innerText(), /mmol\/L/);
  await page.context().close();
});

test('an encounter in the launch context is open in the timeline', async () => {
  portal.control.encounter = 'mia-pulm';
  const page = await open('mia', { hash: 'timeline' });
  portal.control.encounter = undefined;
  const open_ = page.locator('button.mark-head[aria-expanded=true]');
  assert.equal(await open_.count(), 1);
  assert.match(await open_.innerText(), /pulmonology/i);
  await page.context().close();
});

test('paper: one page', async () => {
  for (const patient of ['mia', 'long', 'bare']) {
    const page = await open(patient);
    const paper = (await page.pdf({ format: 'Letter' })).toString('latin1');
    const pages = paper.match(/\/Type\s*\/Page\b/g)?.length;
    assert.equal(pages, 1, patient);
    await page.context().close();
  }
});
