// The pages for whoever builds an app: open to everybody, legible on a phone, usable by keyboard and without script.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage } from '../lib/browser.mjs';

const PAGES = ['', '/start', '/endpoints', '/launch', '/scopes', '/parameters', '/backend', '/hardening', '/fhir', '/errors', '/limits', '/examples'];

export default {
  'every developer page reads well on both screens, light and dark, without signing in': async ({ browser, demo }) => {
    for (const [screen, scheme] of [['desktop', 'light'], ['desktop', 'dark'], ['phone', 'light'], ['phone', 'dark']]) {
      const page = await openPage(browser, { screen, scheme });
      for (const path of PAGES) {
        assert.equal((await page.goto(`${demo.portal}/developers${path}`)).status(), 200, path);
        await checkAccess(page, `/developers${path} on ${screen}, ${scheme}`);
      }
      await closePage(page);
    }
  },

  'code scrolls inside its block by keyboard, and can be copied without script': async ({ browser, demo }) => {
    const page = await openPage(browser, { screen: 'phone', script: false });
    await page.goto(`${demo.portal}/developers/examples`);
    const block = page.getByRole('region', { name: 'backend-services.sh', exact: true });
    await block.focus();
    assert.ok(await block.evaluate((element) => element.scrollWidth > element.clientWidth), 'the block is wider than the phone');
    await page.keyboard.press('ArrowRight');
    // Asked from outside: nothing in the page runs by itself without script.
    const moved = async () => (await block.evaluate((element) => element.scrollLeft)) > 0;
    for (let wait = 0; wait < 50 && !(await moved()); wait += 1) await new Promise((resolve) => { setTimeout(resolve, 100); });
    assert.ok(await moved(), 'the arrow key scrolls the block');
    assert.match(await block.innerText(), /^#!\/usr\/bin\/env bash\n/);
    await closePage(page);
  },

  'the footer leads there, and from there everywhere': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await page.goto(`${demo.portal}/help`);
    await page.locator('footer').getByRole('link', { name: 'For developers' }).click();
    for (const name of ['First 200', 'Errors', 'Overview']) {
      await page.getByRole('navigation', { name: 'For developers' }).getByRole('link', { name }).click();
      assert.equal(await page.locator('nav [aria-current="page"]').innerText(), name);
    }
    await closePage(page);
  },
};
