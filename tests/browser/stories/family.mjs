// S-05, S-45, S-50 to S-56, D-06, D-10: what families see and decide.
import assert from 'node:assert/strict';
import { checkAccess, closePage, openPage, signIn } from '../lib/browser.mjs';
import { stranger, userOf } from '../lib/people.mjs';

const mother = (demo) => userOf(demo, 'guardian', (user) => /2 children/.test(user.note));

/** Goes through the three steps; ends where the last button leads. */
const invite = async (page, { name, email, paper = false }) => {
  await page.getByRole('link', { name: 'Invite a doctor' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel(paper ? /^On paper/ : /^By e-mail/).check();
  if (email) await page.getByLabel(/^Doctor’s e-mail address/).fill(email);
  await checkAccess(page, 'whom to invite');
  await page.getByRole('button', { name: 'Next' }).click();
  await checkAccess(page, 'which parts');
  await page.getByRole('button', { name: 'Next' }).click();
  await checkAccess(page, 'is this right');
  await page.locator('form[action$="/invite"] button').first().click();
};

export default {
  'd10 a guardian sees, child by child, who can see the record and who looked': async ({ browser, demo }) => {
    for (const screen of ['desktop', 'phone']) {
      const page = await openPage(browser, { screen });
      await signIn(page, demo.portal, mother(demo));
      assert.equal(await page.getByRole('link', { name: /^Who can see \S+’s record$/ }).count(), 2);
      await checkAccess(page, `children on ${screen}`);
      await page.getByRole('link', { name: /^Who can see \S+’s record$/ }).first().click();
      await page.getByRole('heading', { level: 1, name: /^These people can see \S+’s hospital record$/ }).waitFor();
      assert.equal(await page.getByRole('heading', { name: 'Who looked' }).count(), 1);
      await checkAccess(page, `family page on ${screen}`);
      await closePage(page);
    }
  },

  'a mother of two lets a doctor in for one child, and revokes; without JavaScript': async ({ browser, demo }) => {
    const doctor = stranger(demo);
    const page = await openPage(browser, { script: false });
    await signIn(page, demo.portal, mother(demo));
    await page.getByRole('link', { name: /^Who can see \S+’s record$/ }).first().click();
    await page.getByRole('link', { name: 'Invite a doctor' }).click();
    await page.getByLabel('Name', { exact: true }).fill('The doctor');
    await page.getByLabel(/^By e-mail/).check();
    await page.getByLabel(/^Doctor’s e-mail address/).fill(doctor.email);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: `Let ${doctor.name} see the record` }).click();
    await page.getByText('The doctor can see the record now').waitFor();
    await page.getByRole('link', { name: `Revoke ${doctor.name}’s access` }).click();
    await page.getByText('What they read before stays with them').waitFor();
    await page.getByRole('button', { name: `Revoke ${doctor.name}’s access` }).click();
    await page.getByText(`${doctor.name} does not see the record any more.`).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('The access is back as it was.').waitFor();
    await page.getByRole('link', { name: `Revoke ${doctor.name}’s access` }).click();
    await page.getByRole('button', { name: `Revoke ${doctor.name}’s access` }).click();
    await page.getByText(`${doctor.name} does not see the record any more.`).waitFor();
    assert.equal(await page.getByRole('link', { name: `Revoke ${doctor.name}’s access` }).count(), 0);
    await closePage(page);
  },

  's50 to s56 a specialist with a paper invitation': async ({ browser, demo }) => {
    const family = await openPage(browser);
    await signIn(family, demo.portal, mother(demo));
    await family.getByRole('link', { name: /^Who can see \S+’s record$/ }).last().click();
    await invite(family, { name: 'Dr. Paper', paper: true });
    await family.getByRole('heading', { name: 'Print this page' }).waitFor();
    await checkAccess(family, 'paper');
    const [token, mrn] = await family.locator('.sheet-token').allInnerTexts();
    await closePage(family);

    const page = await openPage(browser);
    const doctor = stranger(demo);
    await signIn(page, demo.portal, doctor);
    // As the QR code says it: the token arrives in its field and leaves the address.
    await page.goto(`${demo.portal}/invitations#${token}`);
    await page.waitForURL(/\/invitations\/token$/);
    assert.equal(await page.getByLabel('Token').inputValue(), token);
    await checkAccess(page, 'validate a token');
    await page.getByLabel('MRN').fill('1');
    await page.getByRole('button', { name: 'Validate the token' }).click();
    await page.getByRole('heading', { name: 'The token was not accepted' }).waitFor();
    await checkAccess(page, 'a token that does not work');
    await page.getByLabel('MRN').fill(mrn);
    await page.getByRole('button', { name: 'Validate the token' }).click();
    await page.getByRole('heading', { name: 'The token is accepted' }).waitFor();
    await page.getByRole('link', { name: 'Find the patient' }).click();
    await page.getByLabel('MRN, or first and last name').fill(mrn);
    await page.getByRole('button', { name: 'Find' }).click();
    await page.waitForURL(/record-viewer/);
    await closePage(page);
  },

  'a family reads Spanish on a phone': async ({ browser, demo }) => {
    const page = await openPage(browser, { screen: 'phone' });
    await signIn(page, demo.portal, mother(demo));
    await page.getByRole('button', { name: 'Español' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sus hijos' }).waitFor();
    assert.equal(await page.locator('html').getAttribute('lang'), 'es');
    await checkAccess(page, 'hijos');
    await page.getByRole('link', { name: /^Quién puede ver el expediente/ }).first().click();
    await page.getByRole('heading', { level: 1, name: /^Estas personas pueden ver/ }).waitFor();
    await checkAccess(page, 'expediente');
    await page.getByRole('link', { name: 'Invitar a un médico' }).click();
    await checkAccess(page, 'invitar');
    await page.getByRole('button', { name: 'Siguiente' }).click();
    await page.getByRole('alert').waitFor();
    await checkAccess(page, 'invitar, con errores');
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Which doctor do you want to invite?' }).waitFor();
    await closePage(page);
  },

  'a guardian finds no patient and opens no record': async ({ browser, demo }) => {
    const page = await openPage(browser);
    await signIn(page, demo.portal, userOf(demo, 'guardian'));
    assert.equal((await page.goto(`${demo.portal}/patients/at-the-hospital`)).status(), 403);
    await closePage(page);
  },
};
