// The EHR fails in each of its ways: the page says so in place, the rest of it works, and nothing typed is lost for good.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { checkAccess, closePage, openPage, settled, signIn } from '../lib/browser.mjs';
import { userOf } from '../lib/people.mjs';

const TROUBLES = [{ down: 'drop' }, { down: 'unavailable' }, { throttle_every: 1 }, { broken_json: true }];

/** One connection for all: an EHR that drops new ones can still be told to stop it by the one that it has. */
const kept = new Agent({ keepAlive: true, maxSockets: 1 });

const send = (address, settings) =>
  new Promise((resolve, reject) => {
    const options = { method: 'PUT', agent: kept, headers: { 'content-type': 'application/json' } };
    const sent = request(address, options, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    sent.on('error', reject).end(JSON.stringify(settings));
  });

/** Turns the knobs of the demo hospital, and back again whatever happens. */
const withKnobs = async (demo, knobs, story) => {
  const address = `${new URL(demo.ehr).origin}/sandbox/knobs`;
  assert.equal(await send(address, knobs), 200);
  try {
    await story();
  } finally {
    assert.equal(await send(address, {}), 200);
  }
};

export default {
  'the EHR is away, busy or broken: the home page stands, and says what it cannot show': async ({ browser, demo }) => {
    // A practice whose lists nobody has opened in this run, so that the cache cannot stand in.
    const users = demo.users.filter((user) => user.kind === 'provider' && user.sees.length > 5).reverse();
    for (const [index, knobs] of TROUBLES.entries()) {
      const user = users[index * 2] ?? users[index];
      const what = JSON.stringify(knobs);
      await withKnobs(demo, knobs, async () => {
        const page = await openPage(browser);
        await signIn(page, demo.portal, user);
        await settled(page);
        const list = page.getByRole('region', { name: 'At the hospital' });
        assert.ok((await list.innerText()).trim().length > 40, `${what}: something is said`);
        await checkAccess(page, `home, ${what}`);
        await page.getByLabel('MRN, or first and last name').fill(`5${index}550${index}1`);
        await page.getByRole('button', { name: 'Find' }).click();
        await page.getByRole('heading', { level: 1, name: /records cannot be reached/ }).waitFor({ timeout: 60_000 });
        await checkAccess(page, `search, ${what}`);
        await closePage(page);
      });
    }
  },

  'what failed is there again at a click once the EHR is back': async ({ browser, demo }) => {
    const user = userOf(demo, 'sponsored', (user) => user.sees.length > 5);
    const page = await openPage(browser);
    await withKnobs(demo, { down: 'unavailable' }, async () => {
      await signIn(page, demo.portal, user);
      await settled(page);
    });
    const list = page.getByRole('region', { name: 'At the hospital' });
    const again = list.getByText('Try again');
    // The cache may have had everything; then there is nothing to try again. After failures in a row the EHR is left alone for a
    // few seconds.
    for (let tries = 0; tries < 5 && (await again.isVisible()); tries += 1) {
      await page.waitForTimeout(3000);
      await again.click();
      await settled(page);
    }
    await list.getByText(/As of/).waitFor();
    await closePage(page);
  },
};
