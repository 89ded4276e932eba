// S-30, S-31, S-60, S-61: find, open, save; and who may not.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, settled, signIn, viewerShows } from '../lib/browser.mjs';
import { patientWith, pcp, specialist, stranger, userOf } from '../lib/people.mjs';

const find = async (page, sought, birthDate = '') => {
  await page.getByLabel('MRN, or first and last name').fill(sought);
  await page.getByLabel('Date of birth').fill(birthDate);
  await page.getByRole('button', { name: 'Find' }).click();
};

export default {
  's60 one exact MRN opens the record, and no address names the patient': async ({ browser, demo }) => {
    const user = pcp(demo);
    const patient = patientWith(demo, user.sees[0]);
    const page = await openPage(browser);
    const addresses = [];
    page.on('request', (request) => addresses.push(request.url()));
    await signIn(page, demo.portal, user);
    await settled(page);
    assert.ok(await page.getByLabel('MRN, or first and last name').evaluate((node) => node === document.activeElement), 'the search has the cursor');
    await find(page, patient.mrn);
    await viewerShows(page, patient);
    const portal = addresses.filter((address) => !address.includes('/fhir/'));
    for (const said of [patient.mrn, patient.id, patient.name.split(' ').at(-1)]) {
      assert.ok(!portal.some((address) => address.includes(said)), 'no PHI in a URL of the portal');
    }
    await page.context().close();
  },

  's60 a name with its date of birth opens the record': async ({ browser, demo }) => {
    const user = pcp(demo);
    const patient = patientWith(demo, user.sees[0]);
    const [year, month, day] = patient.birth_date.split('-').map(Number);
    const page = await openPage(browser, { screen: 'phone' });
    await signIn(page, demo.portal, user);
    await find(page, `${patient.name} ${month}/${day}/${year}`);
    await viewerShows(page, patient);
    await page.context().close();
  },

  's31 another practice’s patient is not authorized, with one next step and nothing of the record': async ({ browser, demo }) => {
    for (const user of [pcp(demo), stranger(demo), specialist(demo)]) {
      const patient = patientWith(demo, user.sees_not[0]);
      const page = await openPage(browser);
      await signIn(page, demo.portal, user);
      await find(page, patient.mrn);
      await page.getByRole('heading', { name: 'You are not authorized to see this record' }).waitFor();
      const text = await page.locator('main').innerText();
      for (const word of patient.name.split(' ')) assert.ok(!text.includes(word), 'the name is not told');
      const buttons = page.locator('.notice .button');
      assert.equal(await buttons.count(), 1, 'one button');
      assert.match(await buttons.innerText(), /Request (non-)?PCP access/);
      await checkAccess(page, 'not authorized');
      await buttons.click();
      await page.getByRole('heading', { level: 1, name: /Request (non-)?PCP access/ }).waitFor();
      await closePage(page);
    }
  },

  's60 what is missing or matches nobody is said, and what was typed stays': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await signIn(page, demo.portal, pcp(demo));
    await find(page, 'Mateo Rivera');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('MRN, or first and last name').inputValue(), 'Mateo Rivera');
    await page.getByRole('alert').getByRole('link').click();
    assert.ok(await page.getByLabel('Date of birth').evaluate((node) => node === document.activeElement), 'the summary leads to the field');
    await settled(page);
    await checkAccess(page, 'search with errors');
    await find(page, '99999999');
    await page.getByText('matches exactly what you entered').waitFor();
    await checkAccess(page, 'no match');
    await closePage(page);
  },

  's61 a patient is saved from those opened last, and removed again': async ({ browser, demo }) => {
    const user = specialist(demo);
    const patient = patientWith(demo, user.sees[0]);
    const page = await openPage(browser);
    await signIn(page, demo.portal, user);
    await find(page, patient.mrn);
    await viewerShows(page, patient);
    await page.goto(demo.portal);
    await settled(page);
    const saved = page.getByRole('region', { name: 'Saved patients' });
    await saved.getByRole('button', { name: /^Save/ }).first().click();
    await settled(page);
    assert.ok(await saved.getByText(patient.mrn).isVisible());
    assert.ok(await saved.getByRole('button', { name: /^Remove/ }).isVisible());
    await checkAccess(page, 'home with a saved patient');
    await saved.getByRole('button', { name: /^Remove/ }).first().click();
    await settled(page);
    assert.equal(await saved.getByRole('button', { name: /^Remove/ }).count(), 0);
    await closePage(page);
  },

  'at the hospital: only patients within reach, the admitted first': async ({ browser, demo }) => {
    for (const kind of ['provider', 'sponsored']) {
      const user = userOf(demo, kind, (user) => user.sees.length > 5);
      const page = await openPage(browser);
      await signIn(page, demo.portal, user);
      await settled(page);
      const list = page.getByRole('region', { name: 'At the hospital' });
      const mrns = (await list.innerText()).match(/MRN \S+/g)?.map((mrn) => mrn.slice(4)) ?? [];
      assert.ok(mrns.length > 0, 'somebody is on the list');
      for (const mrn of mrns) assert.ok(user.sees.includes(mrn), `${mrn} is within reach`);
      await checkAccess(page, `home of a ${kind} user`);
      await closePage(page);
    }
  },

  's30 from the list a record opens at the encounter': async ({ browser, demo }) => {
    const user = pcp(demo);
    const page = await openPage(browser);
    await signIn(page, demo.portal, user);
    await settled(page);
    const first = page.getByRole('region', { name: 'At the hospital' }).getByRole('listitem').first();
    const mrn = (await first.innerText()).match(/MRN (\S+)/)[1];
    await first.getByRole('link').first().click();
    await viewerShows(page, patientWith(demo, mrn));
    await page.context().close();
  },

  'a handle of another user opens nothing': async ({ browser, demo }) => {
    const one = await openPage(browser);
    await signIn(one, demo.portal, pcp(demo));
    await settled(one);
    const href = await one.getByRole('region', { name: 'At the hospital' }).getByRole('link').first().getAttribute('href');
    await closePage(one);
    const other = await openPage(browser);
    await signIn(other, demo.portal, stranger(demo));
    const answer = await other.goto(demo.portal + href);
    assert.equal(answer.status(), 404);
    await checkAccess(other, 'not found');
    await closePage(other);
  },

  'the keyboard alone: skip link, search, open': async ({ browser, demo }) => {
    const user = pcp(demo);
    const patient = patientWith(demo, user.sees[0]);
    const page = await openPage(browser);
    await page.goto(demo.portal);
    await page.keyboard.type(user.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(user.password);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.keyboard.type(patient.mrn);
    await page.keyboard.press('Enter');
    await viewerShows(page, patient);
    await page.goto(`${demo.portal}/help`);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the main part');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.context().close();
  },
};
