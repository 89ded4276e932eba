// `node tests/browser/screenshots.mjs [DIR]`: every page of the portal as each kind of user, at three sizes, light and dark.
import { mkdir } from 'node:fs/promises';
import { openPage, SCREENS, settled, signIn, startBrowser } from './lib/browser.mjs';
import { startDemo } from './lib/demo.mjs';
import { patientWith, pcp, specialist, stranger, userOf } from './lib/people.mjs';

const folder = process.argv[2] ?? 'screenshots';
// SCREENS=desktop,phone SCHEMES=light ONLY=staff-health,home: just those.
const screens = process.env.SCREENS?.split(',') ?? Object.keys(SCREENS);
const schemes = process.env.SCHEMES?.split(',') ?? ['light', 'dark'];
const only = process.env.ONLY?.split(',');
await mkdir(folder, { recursive: true });
const demo = await startDemo();
const browser = await startBrowser();

const find = (sought, birthDate = '') => async (page) => {
  await page.goto(demo.portal);
  await page.getByLabel('MRN, or first and last name').fill(sought);
  await page.getByLabel('Date of birth').fill(birthDate);
  await page.getByRole('button', { name: 'Find' }).click();
  await page.waitForLoadState();
};
const go = (path) => async (page) => { await page.goto(demo.portal + path); };

const DEVELOPERS = ['start', 'endpoints', 'launch', 'scopes', 'parameters', 'backend', 'hardening', 'fhir', 'errors', 'limits', 'examples'];
const reader = pcp(demo);
const mine = patientWith(demo, reader.sees[0]);
const views = [
  [null, {
    'sign-in': go('/'),
    'sign-in-wrong': async (page) => {
      await page.goto(demo.portal);
      await page.getByLabel('E-mail address').fill('nobody@nowhere.example');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
    },
    help: go('/help'),
    'help-find-a-patient': go('/help/find-a-patient'),
    'help-privacy': go('/help/privacy'),
    'help-browsers': go('/help/browsers'),
    developers: go('/developers'),
    ...Object.fromEntries(DEVELOPERS.map((name) => [`developers-${name}`, go(`/developers/${name}`)])),
    'not-found': go('/no-such-page'),
  }],
  [reader, {
    home: go('/'),
    'record-viewer': async (page) => {
      await find(mine.mrn)(page);
      await page.waitForURL(/record-viewer/);
      await page.getByText(mine.mrn).first().waitFor();
      await page.waitForTimeout(2500);
    },
    'home-opened-last': go('/'),
    'search-wrong': find('Mateo Rivera'),
    'search-none': find('99999999'),
    'not-authorized': find(reader.sees_not[0]),
    'request-pcp-access': go('/help/request-pcp-access'),
    'request-non-pcp-access': go('/help/request-non-pcp-access'),
    'wrong-role': go('/staff/accounts'),
  }],
  [specialist(demo), { 'home-specialist': go('/'), 'invitation-token': go('/invitations/token') }],
  [stranger(demo), { 'home-nobody': go('/') }],
  [userOf(demo, 'guardian', (user) => /2 children/.test(user.note)), {
    'family-list': go('/'),
    family: async (page) => {
      await page.goto(demo.portal);
      await page.getByRole('link', { name: /^(Who can see|Quién puede ver el)/ }).first().click();
      await page.waitForLoadState();
    },
    'family-invite': async (page) => {
      await page.goto(demo.portal);
      await page.getByRole('link', { name: /^(Who can see|Quién puede ver el)/ }).first().click();
      await page.locator('a[href$="/invite"]').click();
      await page.waitForLoadState();
    },
    'family-es': async (page) => {
      await page.goto(demo.portal);
      await page.getByRole('button', { name: 'Español' }).click();
      await page.getByRole('link', { name: /^Quién puede ver el/ }).first().click();
      await page.waitForLoadState();
    },
  }],
  [userOf(demo, 'staff'), {
    'staff-accounts': go('/staff/accounts'),
    'staff-account': async (page) => {
      await page.goto(`${demo.portal}/staff/accounts?find=${encodeURIComponent(reader.email)}`);
      await page.locator('tbody a').first().click();
      await page.waitForLoadState();
    },
    'staff-practices': go('/staff/practices'),
    'staff-clients': go('/staff/clients'),
    'staff-audit': go('/staff/audit'),
    'staff-health': go('/staff/health'),
    'staff-forget': go('/staff/health/forget'),
    'staff-forget-review': async (page) => {
      await page.goto(`${demo.portal}/staff/health/forget`);
      await page.getByLabel('MRN of the patient').fill(mine.mrn);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('heading', { name: /^Forget what is held/ }).waitFor();
    },
  }],
];

for (const [user, pages] of views) {
  for (const screen of screens) {
    for (const scheme of schemes) {
      const page = await openPage(browser, { screen, scheme });
      const wanted = Object.entries(pages).filter(([name]) => only === undefined || only.includes(name));
      if (user && wanted.length > 0) await signIn(page, demo.portal, user);
      for (const [name, show] of wanted) {
        await show(page);
        await settled(page);
        await page.screenshot({ path: `${folder}/${name}-${screen}-${scheme}.png`, fullPage: true });
      }
      await page.context().close();
    }
  }
}
await browser.close();
await demo.stop();
console.log(`screenshots are in ${folder}/`);
