// S-05, S-17 to S-27: ways in, ways back in, and one's own account.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { pcp, userOf } from '../lib/people.mjs';

/** Through one of the demo's identity providers. */
const throughProvider = async (page, portal, link, name) => {
  await page.goto(portal);
  await page.getByRole('link', { name: link }).click();
  await page.getByLabel('Who are you?').selectOption({ label: name });
  await page.getByLabel('Password').fill('demo');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
};

export default {
  's05 a guardian comes from the patient portal and leaves it again': async ({ browser, demo }) => {
    const rosa = userOf(demo, 'guardian');
    const page = await openPage(browser);
    await throughProvider(page, demo.portal, /the patient portal/, rosa.name);
    assert.ok((await page.locator('header').innerText()).includes(rosa.name));
    await page.getByRole('link', { name: 'Your account' }).click();
    assert.match(await page.locator('main').innerText(), /Where you are signed in/);
    await checkAccess(page, 'a family’s own account');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await checkAccess(page, 'signed out');
    await page.getByRole('link', { name: /Sign out of/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in', exact: true }).waitFor();
    await closePage(page);
  },

  's21 staff come by Children’s ID': async ({ browser, demo }) => {
    const kim = userOf(demo, 'staff');
    const page = await openPage(browser);
    await throughProvider(page, demo.portal, /Children’s ID|Children's ID/, kim.name);
    assert.ok((await page.locator('header').innerText()).includes(kim.name));
    await closePage(page);
  },

  's22 a forgotten password: the page says the same for whoever asks, and names the support mailbox': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await page.goto(demo.portal);
    await page.getByRole('link', { name: 'Reset a forgotten or expired password' }).click();
    await checkAccess(page, 'recover');
    await page.getByLabel('E-mail address').fill('nobody@nowhere.example');
    await page.getByRole('button', { name: 'Mail me a code' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Enter the code from our mail');
    await page.getByLabel('Code', { exact: true }).fill('abcd efgh');
    await page.getByRole('button', { name: 'Continue' }).click();
    assert.match(await page.getByRole('alert').innerText(), /does not work/);
    assert.match(await page.locator('main').innerText(), /write to support@/);
    await checkAccess(page, 'a wrong pass code');
    await closePage(page);
  },

  's24 one’s own account: password, questions, second step and sessions': async ({ browser, demo }) => {
    for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
      const page = await openPage(browser);
      await page.setViewportSize(size);
      await signIn(page, demo.portal, pcp(demo));
      for (const path of ['/account', '/account/password', '/account/questions', '/account/questions/new', '/account/factors/app', '/account/sessions', '/account/recovery-codes']) {
        await page.goto(demo.portal + path);
        await checkAccess(page, `${path} at ${size.width}`);
      }
      await closePage(page);
    }
  },
};
