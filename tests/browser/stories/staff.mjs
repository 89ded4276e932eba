// S-06: accounts, practices, apps, the audit log and the state of the system; suspension at the next request.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { checkAccess, closePage, openPage, signIn, viewerShows } from '../lib/browser.mjs';
import { patientWith, pcp, userOf } from '../lib/people.mjs';

export default {
  'every staff page reads well on both screens': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, userOf(demo, 'staff'));
      for (const name of ['Accounts', 'Practices', 'Apps', 'Audit log', 'System']) {
        await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
        await page.getByRole('heading', { level: 1 }).waitFor();
        await checkAccess(page, `${name} on ${screen}`);
      }
      await page.goto(`${demo.portal}/staff/practices`);
      await page.locator('tbody a').first().click();
      await page.getByRole('heading', { name: 'Roster' }).waitFor();
      await checkAccess(page, `a practice on ${screen}`);
      await closePage(page);
    }
  },

  'what the EHR said of a patient is forgotten, after a look at what that does': async ({ browser, demo }) => {
    const [mrn] = pcp(demo).sees;
    for (const screen of ['desktop', 'phone']) {
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, userOf(demo, 'staff', (user) => /provision/.test(user.note)));
      await page.goto(`${demo.portal}/staff/health`);
      await page.getByRole('link', { name: 'Forget what the EHR said…' }).click();
      await checkAccess(page, `what to forget, on ${screen}`);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('alert').waitFor();
      await checkAccess(page, `no MRN, on ${screen}`);
      await page.getByLabel('MRN of the patient').fill(mrn);
      await page.getByRole('button', { name: 'Go on' }).click();
      await page.getByRole('heading', { name: `Forget what is held of the patient with MRN ${mrn}?` }).waitFor();
      await checkAccess(page, `before forgetting, on ${screen}`);
      await page.getByRole('button', { name: /^Forget what is held/ }).click();
      await page.getByText('What the EHR said of this patient is forgotten.').waitFor();
      assert.ok(!page.url().includes(mrn));
      await checkAccess(page, `after forgetting, on ${screen}`);
      await page.getByRole('button', { name: 'Look again' }).click();
      await page.getByRole('heading', { name: 'System' }).waitFor();
      await closePage(page);
    }
  },

  'suspension holds from the next request on, and is undone': async ({ browser, demo }) => {
    const user = userOf(demo, 'provider', (user) => user.sees.length > 5 && user.email !== pcp(demo).email);
    const victim = await openPage(browser);
    await signIn(victim, demo.portal, user);
    const staff = await openPage(browser);
    await signIn(staff, demo.portal, userOf(demo, 'staff'));
    await staff.getByLabel('Name or e-mail address').fill(user.email);
    await staff.getByRole('button', { name: 'Show' }).click();
    await staff.getByRole('link', { name: user.name }).click();
    await checkAccess(staff, 'an account');
    await staff.getByRole('link', { name: 'Suspend this account…' }).click();
    await checkAccess(staff, 'before suspending');
    await staff.getByRole('button', { name: `Suspend ${user.name}` }).click();
    await staff.getByText('Suspended').waitFor();
    await victim.goto(demo.portal);
    await victim.getByRole('heading', { level: 1, name: 'Sign in', exact: true }).waitFor();
    await staff.getByRole('button', { name: `Reactivate ${user.name}` }).click();
    await staff.getByText('Active', { exact: true }).waitFor();
    await signIn(victim, demo.portal, user);
    await closePage(victim);
    await closePage(staff);
  },

  'd10 the audit log tells who looked at a patient, by MRN, and nothing of the record': async ({ browser, demo }) => {
    const reader = pcp(demo);
    const [mrn] = reader.sees;
    const clinician = await openPage(browser);
    await signIn(clinician, demo.portal, reader);
    await clinician.getByLabel('MRN, or first and last name').fill(mrn);
    await clinician.getByRole('button', { name: 'Find' }).click();
    await viewerShows(clinician, patientWith(demo, mrn));
    await clinician.context().close();
    const page = await openPage(browser);
    await signIn(page, demo.portal, userOf(demo, 'staff', (user) => /support/.test(user.note)));
    await page.goto(`${demo.portal}/staff/audit`);
    await page.getByLabel('Entries about the patient with MRN').fill(mrn);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: reader.name }).first().waitFor();
    assert.ok(!page.url().includes(mrn), 'the MRN is not in the address');
    await checkAccess(page, 'audit of a patient');
    await page.getByLabel('Entries about the patient with MRN').fill('0');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('alert').waitFor();
    await closePage(page);
  },

  'd10 the report of disclosures says who read a record and why, on a page and as files': async ({ browser, demo }) => {
    const reader = pcp(demo);
    const [mrn] = reader.sees;
    const clinician = await openPage(browser);
    await signIn(clinician, demo.portal, reader);
    await clinician.getByLabel('MRN, or first and last name').fill(mrn);
    await clinician.getByRole('button', { name: 'Find' }).click();
    await viewerShows(clinician, patientWith(demo, mrn));
    await clinician.context().close();
    for (const screen of ['desktop', 'phone']) {
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, userOf(demo, 'staff', (user) => /support/.test(user.note)));
      await page.goto(`${demo.portal}/staff/audit`);
      await page.getByRole('link', { name: 'Report of disclosures' }).click();
      await page.getByLabel('The record with MRN').fill(mrn);
      await page.getByRole('button', { name: 'Show the report' }).click();
      await page.getByRole('rowheader', { name: reader.name }).first().waitFor();
      await page.getByText('Primary care').first().waitFor();
      assert.ok(!page.url().includes(mrn), 'the MRN is not in the address');
      await checkAccess(page, `the report of disclosures on ${screen}`);
      const [table] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download for a spreadsheet' }).click(),
      ]);
      assert.equal(table.suggestedFilename(), 'disclosures.csv');
      const text = await readFile(await table.path(), 'utf8');
      assert.match(text, /^Date,Time,Who,/);
      assert.ok(text.includes(reader.name), 'the reader is in the table');
      const [events] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download as FHIR' }).click(),
      ]);
      const lines = (await readFile(await events.path(), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
      assert.ok(lines.length > 0 && lines.every((event) => event.resourceType === 'AuditEvent'), 'AuditEvents');
      await page.getByLabel('First day').fill('soon');
      await page.getByRole('button', { name: 'Show the report' }).click();
      await page.getByText('Enter a date').first().waitFor();
      await checkAccess(page, `a wrong day on ${screen}`);
      await closePage(page);
    }
  },

  'staff are told why somebody sees a record, and why somebody else does not': async ({ browser, demo }) => {
    const reader = pcp(demo);
    const page = await openPage(browser);
    await signIn(page, demo.portal, userOf(demo, 'staff', (user) => /support/.test(user.note)));
    await page.getByRole('link', { name: reader.name }).first().click();
    await page.getByLabel(/sees the record with this MRN/).fill(reader.sees[0]);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText('Sees this record').waitFor();
    await page.getByText('The patient’s PCP is at').waitFor();
    assert.ok(!page.url().includes(reader.sees[0]), 'the MRN is not in the address');
    await checkAccess(page, 'access explained');
    await page.getByLabel(/sees the record with this MRN/).fill(reader.sees_not[0]);
    await page.keyboard.press('Enter');
    await page.getByText('Does not see this record').waitFor();
    await page.getByLabel(/sees the record with this MRN/).fill('no such');
    await page.keyboard.press('Enter');
    await page.getByText('Enter an MRN: letters, digits and hyphens.').first().waitFor();
    await checkAccess(page, 'access not explained');
    await closePage(page);
  },

  'a clinician is told that staff pages are for others, and the other way round': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await signIn(page, demo.portal, pcp(demo));
    assert.equal((await page.goto(`${demo.portal}/staff/accounts`)).status(), 403);
    await checkAccess(page, 'wrong role');
    await closePage(page);
    const staff = await openPage(browser);
    await signIn(staff, demo.portal, userOf(demo, 'staff'));
    assert.equal((await staff.goto(`${demo.portal}/patients/saved`)).status(), 403);
    await closePage(staff);
  },
};
