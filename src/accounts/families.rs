//! What a family decides about one record (D-06, D-07): change, end and give back a grant; and what happens when a patient comes of
//! age. Each step with its mails is one transaction.

use std::time::Duration;

use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::audit::AuditKind;
use crate::domain::clock::Timestamp;
use crate::domain::grant::{DataKinds, Grant, GrantedBy};
use crate::domain::ids::{AccountId, FhirId, GrantId};
use crate::domain::language::Language;
use crate::domain::notice::{NoticeDetails, NoticeKind};
use crate::mail::letters::Letters;
use crate::store::Transaction;
use crate::store::families::Birthday;

use super::notices::{Regarding, queued};
use super::{About, Accounts, AccountsError, By};

/// How long a revocation can be taken back with one tap.
pub const UNDO: Duration = Duration::from_hours(1);

/// Somebody who decides about one record now: made for an account and a patient of whom that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// Who.
    pub account: AccountId,
    /// Whose record.
    pub patient: FhirId,
    /// As what.
    pub acts_as: GrantedBy,
    /// When the patient comes of age, or did.
    pub adult_at: Timestamp,
    /// The patient's initials, for mails (D-13).
    pub initials: String,
    /// In which language the family reads.
    pub language: Language,
}

/// What a family lets somebody see, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What may be seen.
    pub kinds: DataKinds,
    /// Whether resources labelled restricted are covered (D-11).
    pub covers_restricted: bool,
    /// Until when; `None`: until it is taken back.
    pub ends_at: Option<Timestamp>,
}

impl Decider {
    /// Until when a grant of this decider holds (D-07): a guardian's ends when the patient comes of age.
    pub fn until(&self, chosen: Option<Timestamp>) -> Option<Timestamp> {
        match self.acts_as {
            GrantedBy::Patient => chosen,
            GrantedBy::Guardian => Some(chosen.map_or(self.adult_at, |end| end.min(self.adult_at))),
        }
    }
}

/// Checks what a family chose.
pub(super) fn checked(choice: Choice, now: Timestamp) -> Result<Choice, AccountsError> {
    if choice.kinds == DataKinds::NONE {
        return Err(AccountsError::Invalid("Choose at least one kind of data."));
    }
    if choice.ends_at.is_some_and(|end| end <= now) {
        return Err(AccountsError::Invalid("The end date is in the past."));
    }
    Ok(choice)
}

impl Accounts {
    /// Notes who reads a child's page and when the child comes of age; ends the guardians' grants then at the latest.
    pub async fn note_family(&self, decider: &Decider) -> Result<(), AccountsError> {
        let birthday = Birthday {
            patient: decider.patient.clone(),
            initials: decider.initials.clone(),
            adult_at: decider.adult_at,
            announce_at: self.majority.announce_at(decider.adult_at),
            announced_at: None,
            over_at: None,
        };
        let known = self.store.birthday(&decider.patient).await?;
        let same = known.is_some_and(|known| {
            (known.adult_at, known.announce_at, &known.initials)
                == (birthday.adult_at, birthday.announce_at, &birthday.initials)
        });
        let members = self.store.family_of(&decider.patient).await?;
        let noted = members
            .iter()
            .any(|member| member.account == decider.account && member.language == decider.language);
        if same && noted {
            return Ok(());
        }
        let mut transaction = self.store.begin().await?;
        if !noted {
            transaction.note_family_member(&decider.account, &decider.patient, decider.language).await?;
        }
        if !same {
            transaction.keep_birthday(&birthday).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Lets a provider see the record as chosen, and mails the provider (S-46).
    pub async fn give_grant(
        &self,
        decider: &Decider,
        provider: &AccountId,
        choice: Choice,
        by: &By,
    ) -> Result<Grant, AccountsError> {
        let provider = self.active_provider(provider).await?;
        let grant = self.grant_of(decider, &provider.id, choice)?;
        let mut transaction = self.store.begin().await?;
        transaction.insert_grant(&grant).await?;
        transaction.settle_access_requests(&decider.patient, &provider.id, by.account.as_ref()).await?;
        let about = (&decider.patient, decider.initials.as_str());
        self.tell_of_access(&mut transaction, &provider, NoticeKind::AccessGranted, about).await?;
        transaction.commit().await?;
        self.grant_changed(&grant, "grant_add", by).await?;
        Ok(grant)
    }

    /// Changes a grant: the new one takes the place of the old in one step (D-06), so that the provider is at no moment without either
    /// and never has both.
    pub async fn change_grant(
        &self,
        decider: &Decider,
        id: &GrantId,
        choice: Choice,
        by: &By,
    ) -> Result<Grant, AccountsError> {
        let old = self.own_grant(decider, id).await?;
        let new = self.grant_of(decider, &old.provider, choice)?;
        let mut transaction = self.store.begin().await?;
        if !transaction.replace_grant(id, &new).await? {
            return Err(AccountsError::Unknown);
        }
        transaction.commit().await?;
        self.grant_changed(&old, "grant_replace", by).await?;
        self.grant_changed(&new, "grant_add", by).await?;
        Ok(new)
    }

    /// Takes a grant back, from the next request on (D-06), and mails the provider.
    pub async fn end_grant(&self, decider: &Decider, id: &GrantId, by: &By) -> Result<Grant, AccountsError> {
        let grant = self.own_grant(decider, id).await?;
        let provider = self.store.account(&grant.provider).await?;
        let mut transaction = self.store.begin().await?;
        if !transaction.revoke_grant(id).await? {
            return Err(AccountsError::Unknown);
        }
        if let Some(provider) = provider.filter(|account| account.state == AccountState::Active) {
            let about = (&decider.patient, decider.initials.as_str());
            self.tell_of_access(&mut transaction, &provider, NoticeKind::AccessEnded, about).await?;
        }
        transaction.commit().await?;
        self.grant_changed(&grant, "grant_revoke", by).await?;
        Ok(grant)
    }

    /// Takes the revocation of a grant back, once and within an hour: what it covered is given anew.
    pub async fn restore_grant(
        &self,
        decider: &Decider,
        id: &GrantId,
        by: &By,
    ) -> Result<Grant, AccountsError> {
        let old = self.own_grant(decider, id).await?;
        let provider = self.active_provider(&old.provider).await?;
        let choice =
            Choice { kinds: old.kinds, covers_restricted: old.covers_restricted, ends_at: old.ends_at };
        let new = self.grant_of(decider, &old.provider, choice)?;
        let mut transaction = self.store.begin().await?;
        if !transaction.restore_grant(id, &new, self.now().minus(UNDO)).await? {
            return Err(AccountsError::Unknown);
        }
        transaction.settle_access_requests(&decider.patient, &provider.id, by.account.as_ref()).await?;
        let about = (&decider.patient, decider.initials.as_str());
        self.tell_of_access(&mut transaction, &provider, NoticeKind::AccessGranted, about).await?;
        transaction.commit().await?;
        self.grant_changed(&new, "grant_restore", by).await?;
        Ok(new)
    }

    /// Tells families of birthdays that are near, and on the day that it has come (D-07). Returns how many were told of.
    pub async fn tell_of_birthdays(&self) -> Result<usize, AccountsError> {
        let mut told = 0;
        for birthday in self.store.birthdays_to_announce().await? {
            let mut transaction = self.store.begin().await?;
            if transaction.birthday_announced(&birthday.patient).await? {
                self.mail_family(&mut transaction, &birthday, false).await?;
                transaction.commit().await?;
                told += 1;
            }
        }
        for birthday in self.store.birthdays_to_end().await? {
            let mut transaction = self.store.begin().await?;
            if transaction.birthday_over(&birthday.patient).await? {
                self.mail_family(&mut transaction, &birthday, true).await?;
                transaction.commit().await?;
                told += 1;
                let about = About { patients: vec![birthday.patient.clone()], ..About::default() };
                self.record(&By::operator(), AuditKind::Access, "coming_of_age", about).await?;
            }
        }
        Ok(told)
    }

    async fn mail_family(
        &self,
        transaction: &mut Transaction,
        birthday: &Birthday,
        come: bool,
    ) -> Result<(), AccountsError> {
        let Some(letters) = &self.letters else { return Ok(()) };
        let day = self.majority.zone.to_datetime(birthday.adult_at.to_jiff()).date();
        for member in self.store.family_of(&birthday.patient).await? {
            let Some(account) = self.store.account(&member.account).await? else { continue };
            let decides = matches!(&account.kind, AccountKind::Guardian { patients } if patients.contains(&birthday.patient));
            if !decides || account.state != AccountState::Active {
                continue;
            }
            let letter = letters.coming_of_age(
                &account.email,
                member.language,
                &birthday.initials,
                day,
                self.majority.age,
                come,
            );
            transaction.queue_mail(&queued(letter)).await?;
        }
        Ok(())
    }

    pub(super) fn grant_of(
        &self,
        decider: &Decider,
        provider: &AccountId,
        choice: Choice,
    ) -> Result<Grant, AccountsError> {
        let now = self.now();
        let choice = checked(Choice { ends_at: decider.until(choice.ends_at), ..choice }, now)?;
        Ok(Grant {
            id: GrantId::generate(&*self.random),
            patient: decider.patient.clone(),
            provider: provider.clone(),
            granted_by: decider.acts_as,
            kinds: choice.kinds,
            covers_restricted: choice.covers_restricted,
            created_at: now,
            ends_at: choice.ends_at,
            revoked_at: None,
        })
    }

    /// A grant to the record that the decider decides about; another's does not exist.
    async fn own_grant(&self, decider: &Decider, id: &GrantId) -> Result<Grant, AccountsError> {
        let grant = self.store.grant(id).await?.filter(|grant| grant.patient == decider.patient);
        grant.ok_or(AccountsError::Unknown)
    }

    pub(super) async fn active_provider(&self, id: &AccountId) -> Result<Account, AccountsError> {
        let account = self.store.account(id).await?.ok_or(AccountsError::Unknown)?;
        match account.kind {
            AccountKind::Provider { .. } if account.state == AccountState::Active => Ok(account),
            _ => Err(AccountsError::Invalid("This is not the account of an active provider.")),
        }
    }

    /// Tells a provider what became of access to a record: in the portal, and by mail in the provider's language (S-46).
    pub(super) async fn tell_of_access(
        &self,
        transaction: &mut Transaction,
        provider: &Account,
        kind: NoticeKind,
        (patient, initials): (&FhirId, &str),
    ) -> Result<(), AccountsError> {
        let details = NoticeDetails { patient: initials.to_owned(), ..NoticeDetails::default() };
        let regarding = Regarding { patient: Some(patient.clone()), details };
        let letter = |letters: &Letters, to: &str, language: Language| match kind {
            NoticeKind::AccessEnded => letters.access_ended(to, language, initials),
            _ => letters.access_given(to, language, initials),
        };
        Ok(self.tell(transaction, provider, kind, regarding, letter).await?)
    }
}
