//! Sponsored users (S-04, S-70, S-71, D-08): invited, accepted, vouched for, suspended, removed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, SponsorshipId};
use crate::domain::language::Language;
use crate::domain::practice::{Sponsorship, SponsorshipState, SponsorshipStep};
use crate::mail::letters::Letters;
use crate::mail::letters::sponsorship::Vouching;
use crate::store::staff_lists::StaffLine;
use crate::store::{StoreError, Transaction};

use super::identity::queue;
use super::people::is_address;
use super::{About, Accounts, AccountsError, By};
use crate::domain::audit::AuditKind;

/// When sponsors are asked whether their staff is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Sponsorships that the sponsor did not confirm for so long are suspended.
    pub every: Duration,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { every: Duration::from_hours(24 * 183) }
    }
}

/// How long before the suspension the sponsor is reminded: the first time, and the second.
const REMINDERS: [Duration; 2] = [Duration::from_hours(24 * 30), Duration::from_hours(24 * 7)];

/// Whom a sponsor invites.
#[derive(Clone, Debug, Default)]
pub struct Invited {
    /// As printed.
    pub name: String,
    /// Sign-in name.
    pub email: String,
    /// What the person does at the practice.
    pub role: String,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invitation {
    /// A new account was made; its owner accepts by setting it up.
    NewAccount,
    /// There is an account of practice staff already; its owner is asked after sign-in.
    Asked,
}

/// What the job did in one go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lapsed {
    /// Sponsorships of which a sponsor was reminded.
    pub reminded: usize,
    /// Sponsorships that were suspended.
    pub suspended: usize,
}

impl Accounts {
    /// With this calendar instead of the usual six months.
    #[must_use]
    pub const fn with_calendar(mut self, calendar: Calendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// When a sponsorship that was vouched for at `attested` is suspended unless it is again.
    pub fn lapses_at(&self, attested: Timestamp) -> Timestamp {
        attested.plus(self.calendar.every)
    }

    /// Invites practice staff. Of two sponsors at once who name the same new person, one makes the account and the other asks it.
    pub async fn invite_staff(
        &self,
        sponsor: &Account,
        new: Invited,
        by: &By,
    ) -> Result<Invitation, AccountsError> {
        let email = new.email.trim().to_lowercase();
        if !is_address(&email) {
            return Err(AccountsError::Invalid("This is not an e-mail address."));
        }
        let (name, role) = (new.name.trim(), new.role.trim());
        if name.is_empty() || name.len() > 200 || role.len() > 100 {
            return Err(AccountsError::Invalid("A name is needed, and a short role."));
        }
        let now = self.now();
        let known = self.store.account_by_email(&email).await?;
        let mut transaction = self.store.begin().await?;
        must_sponsor(&mut transaction, sponsor).await?;
        let (user, outcome) = if let Some(user) = known {
            (user, Invitation::Asked)
        } else {
            let user = Account {
                id: AccountId::generate(&*self.random),
                kind: AccountKind::Sponsored,
                email: email.clone(),
                name: name.to_owned(),
                phone: None,
                state: AccountState::Active,
                created_at: now,
            };
            match transaction.insert_account(&user).await {
                Ok(()) => (user, Invitation::NewAccount),
                // Somebody was faster. PostgreSQL does not go on in a transaction in which a statement failed.
                Err(StoreError::Conflict("accounts.email")) => {
                    drop(transaction);
                    let user = self.store.account_by_email(&email).await?;
                    transaction = self.store.begin().await?;
                    must_sponsor(&mut transaction, sponsor).await?;
                    (user.ok_or(AccountsError::Unavailable)?, Invitation::Asked)
                }
                Err(error) => return Err(error.into()),
            }
        };
        if user.kind != AccountKind::Sponsored {
            return Err(AccountsError::Invalid(
                "This address belongs to a provider, a family or hospital staff, who cannot be sponsored. Use the address that this \
                 person has at your practice.",
            ));
        }
        if user.state != AccountState::Active {
            return Err(AccountsError::Invalid(
                "The hospital has suspended this person's account. Please ask its support.",
            ));
        }
        let id = SponsorshipId::generate(&*self.random);
        let sponsorship = Sponsorship {
            id: id.clone(),
            sponsor: sponsor.id.clone(),
            sponsored: user.id.clone(),
            state: SponsorshipState::Invited,
            created_at: now,
        };
        transaction.insert_sponsorship(&sponsorship).await?;
        let opens = outcome == Invitation::NewAccount;
        transaction.describe_sponsorship(&id, role, opens, now).await?;
        self.queue_invitation(&mut transaction, sponsor, &user, opens).await?;
        transaction.commit().await?;
        self.sponsored("sponsorship_invite", &id, by).await?;
        Ok(outcome)
    }

    /// Sends the invitation again; a link sent earlier stops working.
    pub async fn resend_invitation(
        &self,
        sponsor: &Account,
        id: &SponsorshipId,
        by: &By,
    ) -> Result<(), AccountsError> {
        let line = self.line_of(sponsor, id).await?;
        if line.state != SponsorshipState::Invited {
            return Err(AccountsError::Unknown);
        }
        let user = self.store.account(&line.account).await?.ok_or(AccountsError::Unknown)?;
        let mut transaction = self.store.begin().await?;
        self.queue_invitation(&mut transaction, sponsor, &user, line.opens_account).await?;
        transaction.commit().await?;
        self.sponsored("sponsorship_resend", id, by).await
    }

    /// A sponsor pauses, resumes or ends a sponsorship of their own, from the next request on (D-08). Resuming vouches anew.
    pub async fn step_staff(
        &self,
        sponsor: &Account,
        id: &SponsorshipId,
        step: SponsorshipStep,
        by: &By,
    ) -> Result<(), AccountsError> {
        let line = self.line_of(sponsor, id).await?;
        let what = match step {
            SponsorshipStep::Suspend => "sponsorship_suspend",
            SponsorshipStep::Resume => "sponsorship_resume",
            SponsorshipStep::End => "sponsorship_end",
            SponsorshipStep::Accept => return Err(AccountsError::Unknown),
        };
        let to = line.state.after(step).ok_or(AccountsError::Unknown)?;
        let mut transaction = self.store.begin().await?;
        if step == SponsorshipStep::Resume {
            must_sponsor(&mut transaction, sponsor).await?;
        }
        if !transaction.step_sponsorship(id, line.state, to).await? {
            return Err(AccountsError::Unknown);
        }
        if step == SponsorshipStep::Resume {
            transaction.attest_sponsorship(id, &sponsor.id).await?;
        } else if line.state == SponsorshipState::Active
            && let Some(letters) = &self.letters
        {
            let language = transaction.language_of(&line.account).await?;
            let letter = letters.sponsorship_over(&line.email, language, &sponsor.name, to);
            queue(&mut transaction, letter).await?;
        }
        transaction.commit().await?;
        self.sponsored(what, id, by).await
    }

    /// A sponsor says of these users that they are still on the staff; how many there were.
    pub async fn vouch(
        &self,
        sponsor: &Account,
        ids: &[SponsorshipId],
        by: &By,
    ) -> Result<usize, AccountsError> {
        let mut transaction = self.store.begin().await?;
        must_sponsor(&mut transaction, sponsor).await?;
        let mut done = Vec::new();
        for id in ids {
            if transaction.attest_sponsorship(id, &sponsor.id).await? {
                done.push(id);
            }
        }
        transaction.commit().await?;
        for id in &done {
            self.sponsored("sponsorship_attest", id, by).await?;
        }
        Ok(done.len())
    }

    /// The invited user says yes or no.
    pub async fn answer_sponsor(
        &self,
        user: &Account,
        id: &SponsorshipId,
        accept: bool,
        by: &By,
    ) -> Result<(), AccountsError> {
        let lines = self.store.sponsors_of(&user.id).await?;
        let line = lines.iter().find(|line| line.id == *id).ok_or(AccountsError::Unknown)?;
        let (step, what) = if accept {
            (SponsorshipStep::Accept, "sponsorship_accept")
        } else {
            (SponsorshipStep::End, "sponsorship_decline")
        };
        let from = SponsorshipState::Invited;
        let to = from.after(step).ok_or(AccountsError::Unknown)?;
        let mut transaction = self.store.begin().await?;
        if !transaction.step_sponsorship(id, from, to).await? {
            return Err(AccountsError::Unknown);
        }
        if accept {
            transaction.attest_sponsorship(id, &line.account).await?;
        }
        transaction.commit().await?;
        self.sponsored(what, id, by).await
    }

    /// Staff give or take the privilege to sponsor. Taken, all that the provider stands for is suspended in the same step (D-08).
    pub async fn set_sponsoring(&self, account: &Account, may: bool, by: &By) -> Result<(), AccountsError> {
        if !matches!(account.kind, AccountKind::Provider { .. }) {
            return Err(AccountsError::Invalid("Only a provider can sponsor."));
        }
        let mut transaction = self.store.begin().await?;
        let changed = if may {
            transaction.allow_sponsoring(&account.id).await?
        } else {
            let had = transaction.disallow_sponsoring(&account.id).await?;
            transaction.stop_sponsoring(&account.id).await?;
            had
        };
        if changed && let Some(letters) = &self.letters {
            let language = transaction.language_of(&account.id).await?;
            queue(&mut transaction, letters.sponsoring_changed(&account.email, language, may)).await?;
        }
        transaction.commit().await?;
        let what = if may { "sponsor_allow" } else { "sponsor_disallow" };
        let about = About { reason: Some(account.id.to_string()), ..About::default() };
        self.record(by, AuditKind::Administration, what, about).await
    }

    /// Reminds sponsors a month and a week ahead, and suspends what was not confirmed in time. Whatever was missed while no server
    /// ran is made up for; on several nodes each thing is done once.
    pub async fn keep_sponsorships(&self) -> Result<Lapsed, AccountsError> {
        let since = self.now().minus(self.calendar.every);
        let mut transaction = self.store.begin().await?;
        let mut mails = Vec::new();
        let lapsed = transaction.lapse_sponsorships(since).await?;
        let [first, second] = REMINDERS;
        let soon = transaction.claim_reminders(since.plus(second), 2).await?;
        let later = transaction.claim_reminders(since.plus(first), 1).await?;
        let done = Lapsed { reminded: soon.len() + later.len(), suspended: lapsed.len() };
        for (sponsors, what) in
            [(lapsed, Vouching::Suspended), (soon, Vouching::WithinAWeek), (later, Vouching::WithinAMonth)]
        {
            let mut counts: BTreeMap<AccountId, usize> = BTreeMap::new();
            for sponsor in sponsors {
                *counts.entry(sponsor).or_default() += 1;
            }
            mails.extend(counts.into_iter().map(|(sponsor, count)| (sponsor, count, what)));
        }
        if let Some(letters) = &self.letters {
            for (sponsor, count, what) in mails {
                Self::queue_vouching(letters, &mut transaction, &sponsor, count, what).await?;
            }
        }
        transaction.commit().await?;
        if done.suspended > 0 {
            let about =
                About { reason: Some(format!("{} sponsorships", done.suspended)), ..About::default() };
            self.record(&By::operator(), AuditKind::Access, "sponsorship_lapse", about).await?;
        }
        Ok(done)
    }

    async fn queue_vouching(
        letters: &Letters,
        transaction: &mut Transaction,
        sponsor: &AccountId,
        count: usize,
        what: Vouching,
    ) -> Result<(), AccountsError> {
        if let Some(account) = transaction.account(sponsor).await? {
            let language = transaction.language_of(sponsor).await?;
            queue(transaction, letters.vouching(&account.email, language, count, what)).await?;
        }
        Ok(())
    }

    async fn queue_invitation(
        &self,
        transaction: &mut Transaction,
        sponsor: &Account,
        user: &Account,
        opens: bool,
    ) -> Result<(), AccountsError> {
        let language = if opens { Language::En } else { transaction.language_of(&user.id).await? };
        if let Some(letters) = &self.letters {
            queue(transaction, letters.sponsor_invites(&user.email, language, &sponsor.name, opens)).await?;
        }
        if opens {
            self.queue_set_up(transaction, user, language).await?;
        }
        Ok(())
    }

    async fn line_of(&self, sponsor: &Account, id: &SponsorshipId) -> Result<StaffLine, AccountsError> {
        let lines = self.store.staff_of(&sponsor.id).await?;
        lines.into_iter().find(|line| line.id == *id).ok_or(AccountsError::Unknown)
    }

    async fn sponsored(&self, what: &str, id: &SponsorshipId, by: &By) -> Result<(), AccountsError> {
        let about = About { reason: Some(id.to_string()), ..About::default() };
        self.record(by, AuditKind::Access, what, about).await
    }
}

/// The privilege, held until the transaction ends: what is taken back meanwhile waits and then finds what was done here (D-08).
async fn must_sponsor(transaction: &mut Transaction, sponsor: &Account) -> Result<(), AccountsError> {
    if transaction.hold_sponsor(&sponsor.id).await? {
        Ok(())
    } else {
        Err(AccountsError::Invalid("The hospital has not approved you as a sponsor."))
    }
}
