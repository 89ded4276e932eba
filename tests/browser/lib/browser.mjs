// One Chromium for all stories; a context, with its own cookies, for each user and screen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const SCREENS = {
  desktop: { width: 1280, height: 900 },
  half: { width: 760, height: 900 },
  phone: { width: 390, height: 844 },
};

export const startBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });

/** A page on a screen. Whatever the content security policy blocks, and each error of a script, fails the story. */
export const openPage = async (browser, { screen = 'desktop', scheme = 'light', script = true } = {}) => {
  const context = await browser.newContext({
    viewport: SCREENS[screen],
    colorScheme: scheme,
    reducedMotion: 'reduce',
    javaScriptEnabled: script,
    // axe is injected as a script; the portal's own policy is checked on the headers by other tests.
    bypassCSP: false,
  });
  const page = await context.newPage();
  page.troubles = [];
  page.on('pageerror', (error) => page.troubles.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.troubles.push(message.text());
  });
  return page;
};

export const closePage = async (page) => {
  const { troubles } = page;
  await page.context().close();
  assert.deepEqual(troubles, [], 'no script failed and the policy blocked nothing');
};

/** Signs in from the root, as S-18 says. */
export const signIn = async (page, portal, user) => {
  await page.goto(portal);
  await page.getByLabel('E-mail address').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
};

/** Waits until the parts of the page that are fetched have come. */
export const settled = (page) => page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));

/** WCAG 2.2 AA by axe-core, and nothing wider than the screen. */
export const checkAccess = async (page, what) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((runOnly) => axe.run(document, { runOnly }), RULES);
  const found = violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(' ')).join(', ')}`);
  assert.deepEqual(found, [], `${what}: no violation`);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what}: ${over} px wider than the screen`);
};

/**
 * The record viewer with this patient in its banner. An address alone does not tell: on the way there are three redirects, one of
 * which names the viewer too, and whoever leaves before the last is brought back by it.
 */
export const viewerShows = async (page, patient) => {
  await page.waitForURL(/\/apps\/record-viewer\//, { timeout: 30_000 });
  const family = patient.name.split(' ').at(-1);
  await page.getByText(family).first().waitFor({ timeout: 30_000 });
  await page.getByText(patient.mrn).first().waitFor({ timeout: 30_000 });
};
