// S-18, S-20, D-04: in, out, and back to where one was going.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { pcp } from '../lib/people.mjs';

export default {
  's18 sign-in is at the root, and every page that can end in trouble names the support mailbox (S-80)': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await page.goto(demo.portal);
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Sign in');
    assert.ok(await page.locator('a[href^="mailto:"]').count() > 0);
    assert.equal(await page.getByLabel('E-mail address').getAttribute('autocomplete'), 'username');
    assert.equal(await page.getByLabel('Password').getAttribute('autocomplete'), 'current-password');
    await closePage(page);
  },

  's20 a wrong password gets one message that does not say what was wrong': async ({ browser, demo }) => {
    const said = [];
    for (const email of [pcp(demo).email, 'nobody@nowhere.example']) {
      const page = await openPage(browser);
      await page.goto(demo.portal);
      await page.getByLabel('E-mail address').fill(email);
      await page.getByLabel('Password').fill('not the password at all');
      await page.getByRole('button', { name: 'Sign in' }).click();
      const alert = page.getByRole('alert');
      said.push(await alert.innerText());
      assert.equal(await page.getByLabel('E-mail address').inputValue(), email, 'what was typed is kept');
      assert.ok(await alert.evaluate((node) => node === document.activeElement), 'the summary has the focus');
      await checkAccess(page, 'sign-in with errors');
      await closePage(page);
    }
    assert.equal(said[0], said[1]);
  },

  'the way is kept through sign-in, and never leads elsewhere': async ({ browser, demo }) => {
    const user = pcp(demo);
    for (const [wanted, end] of [['/help/find-a-patient', '/help/find-a-patient'], ['https://evil.example/', '/'], ['//evil.example', '/']]) {
      const page = await openPage(browser);
      await page.goto(`${demo.portal}/sign-in?next=${encodeURIComponent(wanted)}`);
      await page.getByLabel('E-mail address').fill(user.email);
      await page.getByLabel('Password').fill(user.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
      assert.equal(new URL(page.url()).origin, new URL(demo.portal).origin);
      assert.equal(new URL(page.url()).pathname, end);
      await closePage(page);
    }
  },

  'after sign-out the pages are gone, and a form that was open says so kindly': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await signIn(page, demo.portal, pcp(demo));
    const second = await page.context().newPage();
    await second.goto(demo.portal);
    await second.getByRole('button', { name: 'Sign out' }).click();
    await second.getByRole('heading', { level: 1, name: 'Sign in', exact: true }).waitFor();
    await page.getByLabel('MRN, or first and last name').fill('10001001');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.match(await page.locator('main').innerText(), /session has ended|Sign in|could not be accepted/);
    await checkAccess(page, 'a form after the session');
    await closePage(page);
  },

  'sign-in works without JavaScript': async ({ browser, demo }) => {
    const page = await openPage(browser, { script: false });
    await signIn(page, demo.portal, pcp(demo));
    assert.ok(await page.getByRole('link', { name: 'Show my practice’s patients at the hospital' }).isVisible());
    await page.getByRole('link', { name: 'Show my practice’s patients at the hospital' }).click();
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'At the hospital');
    await closePage(page);
  },
};
