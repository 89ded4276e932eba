// S-05, D-10: what a guardian sees.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { userOf } from '../lib/people.mjs';

export default {
  'd10 a guardian sees, child by child, who can see the record and who looked': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const user = userOf(demo, 'guardian', (user) => /2 children/.test(user.note));
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, user);
      const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
      assert.equal(headings.filter((text) => /^These people can see \S+’s hospital record$/.test(text)).length, 2);
      assert.equal(await page.getByRole('heading', { name: 'Who looked' }).count(), 2);
      await checkAccess(page, `family page on ${screen}`);
      await closePage(page);
    }
  },

  'a guardian finds no patient and opens no record': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await signIn(page, demo.portal, userOf(demo, 'guardian'));
    assert.equal((await page.goto(`${demo.portal}/patients/at-the-hospital`)).status(), 403);
    await closePage(page);
  },
};
