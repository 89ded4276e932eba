//! Notices, and mails beside them: told in the transaction that causes them.

use crate::domain::account::{Account, AccountState};
use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, NoticeId};
use crate::domain::language::Language;
use crate::domain::notice::{NewNotice, Notice, NoticeDetails, NoticeKind};
use crate::mail::Message;
use crate::mail::letters::Letters;
use crate::store::outbox::NewMail;
use crate::store::{StoreError, Transaction};
use crate::words::say_with;

use super::{Accounts, AccountsError};

/// What a notice is about, beside whom it tells and what happened.
#[derive(Clone, Debug, Default)]
pub struct Regarding {
    /// The patient, for a link that names nobody.
    pub patient: Option<crate::domain::ids::FhirId>,
    /// What the sentence names: no clinical data, no full patient name (D-13).
    pub details: NoticeDetails,
}

impl Accounts {
    /// Tells an account something: a notice in the portal, and a mail in the account's language, at once or in the daily one as
    /// the account chose. `letter` writes the mail to the address it is given. Both hold when `transaction` commits.
    pub async fn tell(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        kind: NoticeKind,
        regarding: Regarding,
        letter: impl FnOnce(&Letters, &str, Language) -> Message,
    ) -> Result<(), StoreError> {
        let Regarding { patient, details } = regarding;
        let notice = NewNotice { account: account.id.clone(), kind, patient, details };
        let Some(letters) = &self.letters else { return transaction.insert_notice(&notice).await };
        let language = transaction.language_of(&account.id).await?;
        let mail = queued(letter(letters, &account.email, language));
        transaction.tell(&notice, &mail).await
    }

    /// Puts what the account was told before `moment` and waits for its daily mail into one mail. False when nothing waits: another
    /// node was first.
    pub async fn send_digest(&self, account: &AccountId, moment: Timestamp) -> Result<bool, AccountsError> {
        let mut transaction = self.store.begin().await?;
        let notices = transaction.take_digest(account, moment).await?;
        let told = transaction.account(account).await?.filter(|told| told.state == AccountState::Active);
        if let (Some(letters), Some(told), false) = (&self.letters, told, notices.is_empty()) {
            let language = transaction.language_of(account).await?;
            let sentences: Vec<String> = notices
                .iter()
                .map(|Notice { new: NewNotice { kind, details, .. }, .. }| {
                    let values = [("patient", (&details.patient).into()), ("who", (&details.who).into())];
                    say_with(language, kind.key(), &values)
                })
                .collect();
            let mail = queued(letters.digest(&told.email, language, &sentences));
            transaction.queue_mail(&mail).await?;
        }
        transaction.commit().await?;
        Ok(!notices.is_empty())
    }

    /// Chooses between mails at once and one mail a day. What waits for the daily mail comes in it all the same.
    pub async fn choose_mails(&self, account: &AccountId, digest: bool) -> Result<(), AccountsError> {
        Ok(self.store.set_digest(account, digest).await?)
    }

    /// Chooses the language of pages and mails.
    pub async fn choose_language(
        &self,
        account: &AccountId,
        language: Language,
    ) -> Result<(), AccountsError> {
        Ok(self.store.set_language(account, language).await?)
    }

    /// Marks a notice as read; that it is read already is as good.
    pub async fn read_notice(&self, account: &AccountId, id: &NoticeId) -> Result<(), AccountsError> {
        self.store.read_notice(account, id).await?;
        Ok(())
    }
}

/// A message on its way into the outbox.
pub(super) fn queued(message: Message) -> NewMail {
    let Message { to, subject, body, html } = message;
    NewMail { to, subject, body, html }
}
