// Screenshots of every part of the viewer: node dev/shots.mjs [--out DIR] [--only NAME] [--origin URL --patient ID]
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { startPortal } from './serve.mjs';

const { values } = parseArgs({ options: { out: { type: 'string', default: join(tmpdir(), 'viewer-shots') }, only: { type: 'string' }, patients: { type: 'string', default: 'mia,baby,bare,long' }, ehr: { type: 'string' }, tabs: { type: 'string' }, sizes: { type: 'string', default: 'desk,half,phone' } } });
mkdirSync(values.out, { recursive: true });
const SIZES = { desk: [1280, 900], half: [760, 900], phone: [390, 844] };
const TABS = (values.tabs ?? 'summary,timeline,medications,results,notes,problems,immunizations,team').split(',');
const portal = await startPortal({ ehr: values.ehr });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
for (const patient of values.patients.split(',')) {
  for (const size of values.sizes.split(',')) {
    for (const scheme of ['light', 'dark']) {
      if (scheme === 'dark' && patient !== 'mia') continue;
      const [width, height] = SIZES[size];
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
      const page = await context.newPage();
      page.on('console', (message) => message.type() === 'error' && console.log(patient, size, message.text()));
      page.on('pageerror', (error) => console.log(patient, size, 'ERROR', error.message));
      await page.goto(`${portal.origin}/apps/record-viewer/launch.html?iss=${encodeURIComponent(`${portal.origin}/fhir/r4`)}&launch=${patient}`);
      await page.waitForURL('**/index.html*');
      await page.waitForSelector('.banner-name');
      for (const tab of TABS) {
        await page.evaluate((hash) => { location.hash = hash; }, tab);
        await page.waitForLoadState('networkidle');
        await page.waitForTimeout(250);
        const name = `${patient}-${size}-${scheme}-${tab}`;
        if (!values.only || name.includes(values.only)) await page.screenshot({ path: join(values.out, `${name}.png`) });
      }
      await context.close();
    }
  }
}
await browser.close();
portal.close();
console.log(values.out);
