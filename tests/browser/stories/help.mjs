// S-72, S-80, S-81, S-83: help, privacy, browsers; open to everybody.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage } from '../lib/browser.mjs';

const PAGES = ['', '/find-a-patient', '/sponsored-access', '/request-pcp-access', '/request-non-pcp-access', '/privacy', '/browsers'];

export default {
  's72 s80 s81 s83 every help page reads well on both screens, light and dark, without signing in': async ({ browser, demo }) => {
    for (const [screen, scheme] of [['desktop', 'light'], ['desktop', 'dark'], ['phone', 'light'], ['phone', 'dark']]) {
      const page = await openPage(browser, { screen, scheme });
      for (const path of PAGES) {
        assert.equal((await page.goto(`${demo.portal}/help${path}`)).status(), 200, path);
        assert.ok(await page.locator('footer a[href^="mailto:"]').isVisible());
        await checkAccess(page, `/help${path} on ${screen}, ${scheme}`);
      }
      await closePage(page);
    }
  },

  'a page that is not here says so, and 400 % zoom does not scroll sideways': async ({ browser, demo }) => {
    const page = await openPage(browser);
    assert.equal((await page.goto(`${demo.portal}/no-such-page`)).status(), 404);
    await page.setViewportSize({ width: 320, height: 256 });
    for (const path of ['/no-such-page', '/help', '/help/browsers', '/sign-in']) {
      await page.goto(demo.portal + path);
      await checkAccess(page, `${path} at 320 px`);
    }
    await closePage(page);
  },
};
