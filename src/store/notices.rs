//! Notices in the portal. Made in the transaction that causes them; an account that wants one mail a day finds them in it.

use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, FhirId, NoticeId};
use crate::domain::notice::{NewNotice, Notice, NoticeKind};
use crate::domain::random::SystemRandom;

use super::db::{Fields, Row, json_of, word_of};
use super::outbox::NewMail;
use super::{Store, StoreError, Transaction};

/// Notices on a page.
pub const SHOWN: u32 = 100;

statements! {
    INSERT = "INSERT INTO notices (id, account, kind, patient, details, created_at, digest)
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    OF = "SELECT id, account, kind, patient, details, created_at, read_at FROM notices
          WHERE account = $1 ORDER BY created_at DESC, id LIMIT $2";
    UNREAD = "SELECT COUNT(*) FROM notices WHERE account = $1 AND read_at IS NULL";
    UNREAD_OF = "SELECT COUNT(*) FROM notices WHERE account = $1 AND kind = $2 AND patient = $3 AND read_at IS NULL";
    READ = "UPDATE notices SET read_at = $3 WHERE account = $1 AND id = $2 AND read_at IS NULL";
    READ_ALL = "UPDATE notices SET read_at = $3 WHERE account = $1 AND created_at <= $2 AND read_at IS NULL";
    DIGEST_ACCOUNTS = "SELECT DISTINCT account FROM notices WHERE digest = 1 AND created_at < $1 LIMIT $2";
    TAKE_DIGEST = "UPDATE notices SET digest = 2 WHERE account = $1 AND digest = 1 AND created_at < $2
                   RETURNING id, account, kind, patient, details, created_at, read_at";
    LEAVE_DIGEST = "UPDATE notices SET digest = 0 WHERE account = $1 AND digest = 1";
}

fn read(row: Row) -> Result<Notice, StoreError> {
    let mut fields = Fields::new("notices", row);
    let id = fields.id("id")?;
    let new = NewNotice {
        account: fields.id("account")?,
        kind: fields.word("kind")?,
        patient: fields.maybe_id("patient")?,
        details: fields.json("details")?,
    };
    Ok(Notice { id, new, created_at: fields.time("created_at")?, read_at: fields.maybe_time("read_at")? })
}

impl Store {
    /// The account's latest notices, latest first.
    pub async fn notices_of(&self, account: &AccountId) -> Result<Vec<Notice>, StoreError> {
        self.list(OF, args![account, SHOWN], read).await
    }

    /// How many notices the account has not read.
    pub async fn unread_notices(&self, account: &AccountId) -> Result<u32, StoreError> {
        match self.read_one(UNREAD, args![account]).await? {
            Some(row) => Fields::new("notices", row).number("count"),
            None => Ok(0),
        }
    }

    /// Accounts with notices from before `moment` that wait for the daily mail.
    pub async fn digests_due(&self, moment: Timestamp, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        self.list(DIGEST_ACCOUNTS, args![moment, limit], |row| Fields::new("notices", row).id("account"))
            .await
    }
}

impl Transaction {
    /// Tells an account something within the portal, without a mail.
    pub async fn insert_notice(&mut self, notice: &NewNotice) -> Result<(), StoreError> {
        self.put_notice(notice, false).await
    }

    /// Tells an account something within the portal and by mail: `mail` at once, or the notice's sentence in the daily mail if
    /// the account chose that. What concerns security is mailed at once.
    pub async fn tell(&mut self, notice: &NewNotice, mail: &NewMail) -> Result<(), StoreError> {
        let waits = !notice.kind.is_security() && self.preferences(&notice.account).await?.digest;
        self.put_notice(notice, waits).await?;
        if waits { Ok(()) } else { self.queue_mail(mail).await }
    }

    /// Whether the account has an unread notice of this kind about this patient.
    pub async fn has_unread_notice(
        &mut self,
        account: &AccountId,
        kind: NoticeKind,
        patient: &FhirId,
    ) -> Result<bool, StoreError> {
        match self.one(UNREAD_OF, args![account, word_of(&kind), patient]).await? {
            Some(row) => Ok(Fields::new("notices", row).int("count")? > 0),
            None => Ok(false),
        }
    }

    async fn put_notice(&mut self, notice: &NewNotice, digest: bool) -> Result<(), StoreError> {
        let now = self.now();
        let args = args![
            &NoticeId::generate(&SystemRandom),
            &notice.account,
            word_of(&notice.kind),
            notice.patient.as_ref(),
            json_of("notices", &notice.details)?,
            now,
            digest,
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// Marks one of the account's notices as read. False when it is read already or not there.
    pub async fn read_notice(&mut self, account: &AccountId, id: &NoticeId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(READ, args![account, id, now]).await? > 0)
    }

    /// Marks the account's notices up to `upto` as read; returns how many: what came while the page was open stays unread.
    pub async fn read_notices(&mut self, account: &AccountId, upto: Timestamp) -> Result<u64, StoreError> {
        let now = self.now();
        self.run(READ_ALL, args![account, upto, now]).await
    }

    /// Takes the account's notices from before `moment` for its daily mail, oldest first. Whoever takes them puts them into a
    /// mail in the same transaction: nobody else gets them.
    pub async fn take_digest(
        &mut self,
        account: &AccountId,
        moment: Timestamp,
    ) -> Result<Vec<Notice>, StoreError> {
        let rows = self.rows(TAKE_DIGEST, args![account, moment]).await?;
        let mut notices = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        notices.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(notices)
    }

    /// The account's notices wait for no daily mail any more.
    pub async fn leave_digest(&mut self, account: &AccountId) -> Result<u64, StoreError> {
        self.run(LEAVE_DIGEST, args![account]).await
    }
}

alone! {
    /// Tells an account something within the portal, without a mail.
    fn insert_notice(notice: &NewNotice) -> ();
    /// Tells an account something within the portal and by mail.
    fn tell(notice: &NewNotice, mail: &NewMail) -> ();
    /// Marks one notice as read.
    fn read_notice(account: &AccountId, id: &NoticeId) -> bool;
    /// Marks the notices up to a moment as read.
    fn read_notices(account: &AccountId, upto: Timestamp) -> u64;
}
