// S-31 to S-33, S-40 to S-46: not authorized, and the way on: the provider asks, the family or support answers, the record opens.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { patientWith, pcp, stranger, userOf } from '../lib/people.mjs';

const find = async (page, demo, mrn) => {
  await page.goto(demo.portal);
  await page.getByLabel('MRN, or first and last name').fill(mrn);
  await page.getByRole('button', { name: 'Find' }).click();
};

export default {
  's32 support answers a request for PCP access, and its provider reads the reason': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const user = pcp(demo);
      const patient = patientWith(demo, user.sees_not[screen === 'desktop' ? 0 : 1]);
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, user);
      await find(page, demo, patient.mrn);
      await page.getByRole('link', { name: /I am the primary care provider|Request PCP access/ }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Request PCP access' }).waitFor();
      assert.ok(!page.url().includes(patient.mrn), 'no MRN in the address');
      await page.getByRole('button', { name: 'Send request' }).click();
      await page.getByRole('alert').waitFor();
      await checkAccess(page, `a request without a reason on ${screen}`);
      await page.getByLabel('Why you need the record').fill('New to our practice');
      await page.getByRole('button', { name: 'Send request' }).click();
      await page.getByText('Waiting for an answer').waitFor();
      await checkAccess(page, `an open request on ${screen}`);
      await find(page, demo, patient.mrn);
      await page.getByRole('link', { name: 'See your request' }).waitFor();

      const staff = await openPage(browser, { screen });
      await signIn(staff, demo.portal, userOf(demo, 'staff', (one) => /support/.test(one.note)));
      await staff.goto(`${demo.portal}/staff/requests`);
      await checkAccess(staff, `support’s queue on ${screen}`);
      await staff.getByRole('link', { name: user.name }).first().click();
      await staff.getByText('Does not count yet').waitFor();
      await staff.getByText(patient.mrn).waitFor();
      await checkAccess(staff, `a request in the queue on ${screen}`);
      await staff.getByRole('button', { name: 'The PCP is corrected' }).click();
      await staff.getByRole('alert').waitFor();
      await staff.getByLabel('Reason for saying no').fill('Registered with another practice');
      await staff.getByRole('button', { name: 'Say no' }).click();
      await staff.getByText('Answered: the provider reads your reason.').waitFor();
      await closePage(staff);

      await page.goto(`${demo.portal}/notices`);
      await page.getByText('New', { exact: true }).first().waitFor();
      await checkAccess(page, `notices on ${screen}`);
      await page.getByRole('button', { name: 'Mark all as read' }).click();
      await page.getByRole('link', { name: 'Notices', exact: true }).waitFor();
      await page.getByRole('link', { name: 'Notices and mail' }).click();
      await page.getByLabel('One mail a day').check();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Saved.').waitFor();
      await checkAccess(page, `the choice of mails on ${screen}`);
      await closePage(page);
    }
  },

  's41 s46 a stranger asks, and the family is told': async ({ browser, demo }) => {
    const user = stranger(demo);
    const page = await openPage(browser);
    await signIn(page, demo.portal, user);
    const patient = demo.patients.find((one) => user.sees_not.includes(one.mrn));
    await find(page, demo, patient.mrn);
    await page.getByRole('link', { name: /Request non-PCP access|I am not the primary care provider/ }).first().click();
    await page.getByLabel('Why you need the record').fill('Referred to me');
    await page.getByRole('button', { name: 'Send request' }).click();
    await page.getByText('Waiting for an answer').waitFor();
    await page.getByRole('button', { name: 'Take the request back' }).click();
    await page.getByText('You took it back').waitFor();
    await closePage(page);
  },

  's44 the family’s sheet is bilingual': async ({ browser, demo }) => {
    const page = await openPage(browser, { screen: 'phone' });
    await page.goto(`${demo.portal}/help/patient-portal-sign-up`);
    await page.getByText('Cómo permitir').waitFor();
    await checkAccess(page, 'the family’s sheet');
    await closePage(page);
  },
};
