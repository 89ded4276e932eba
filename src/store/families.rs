//! Who belongs to a family, and when its patients come of age (D-07).

use crate::domain::clock::Timestamp;
use crate::domain::ids::{AccountId, FhirId, GrantId};
use crate::domain::language::Language;

use super::changes::Noun;
use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    MEMBER = "INSERT INTO family_members (account, patient, own, language) VALUES ($1, $2, 0, $3)
              ON CONFLICT (account, patient) DO UPDATE SET language = excluded.language";
    OWN = "INSERT INTO family_members (account, patient, own, language) VALUES ($1, $2, 1, $3)
           ON CONFLICT (account, patient) DO UPDATE SET own = 1";
    IS_OWN = "SELECT own FROM family_members WHERE account = $1 AND patient = $2";
    MEMBERS = "SELECT account, own, language FROM family_members WHERE patient = $1 ORDER BY account";
    BIRTHDAY = "SELECT patient, initials, adult_at, announce_at, announced_at, over_at FROM birthdays WHERE patient = $1";
    KEEP_BIRTHDAY = "INSERT INTO birthdays (patient, initials, adult_at, announce_at, announced_at, over_at)
                     VALUES ($1, $2, $3, $4, $5, $5)
                     ON CONFLICT (patient) DO UPDATE SET initials = excluded.initials, adult_at = excluded.adult_at,
                         announce_at = excluded.announce_at";
    // A grant that a guardian gave holds until the birthday at most, whoever wrote it down and whatever was known then.
    ENDS = "UPDATE grants SET ends_at = $2
            WHERE patient = $1 AND granted_by = 'guardian' AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $2)
            RETURNING id";
    TO_ANNOUNCE = "SELECT patient, initials, adult_at, announce_at, announced_at, over_at FROM birthdays
                   WHERE announced_at IS NULL AND announce_at <= $1 AND adult_at > $1 ORDER BY adult_at, patient LIMIT 50";
    TO_END = "SELECT patient, initials, adult_at, announce_at, announced_at, over_at FROM birthdays
              WHERE over_at IS NULL AND adult_at <= $1 ORDER BY adult_at, patient LIMIT 50";
    ANNOUNCED = "UPDATE birthdays SET announced_at = $2 WHERE patient = $1 AND announced_at IS NULL";
    OVER = "UPDATE birthdays SET over_at = $2 WHERE patient = $1 AND over_at IS NULL";
}

/// Somebody who decides about a record, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyMember {
    /// Who.
    pub account: AccountId,
    /// Whether it is the patient.
    pub own: bool,
    /// In which language the pages were read last.
    pub language: Language,
}

/// When a patient comes of age, and whether the family was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birthday {
    /// Who.
    pub patient: FhirId,
    /// For mails (D-13).
    pub initials: String,
    /// The first moment of that day.
    pub adult_at: Timestamp,
    /// From when on the family is told.
    pub announce_at: Timestamp,
    /// When it was.
    pub announced_at: Option<Timestamp>,
    /// When what happens on that day had been done.
    pub over_at: Option<Timestamp>,
}

fn birthday(row: Row) -> Result<Birthday, StoreError> {
    let mut fields = Fields::new("birthdays", row);
    Ok(Birthday {
        patient: fields.id("patient")?,
        initials: fields.text("initials")?,
        adult_at: fields.time("adult_at")?,
        announce_at: fields.time("announce_at")?,
        announced_at: fields.maybe_time("announced_at")?,
        over_at: fields.maybe_time("over_at")?,
    })
}

impl Store {
    /// Whether the account is known to be the patient, not a guardian.
    pub async fn is_own_record(&self, account: &AccountId, patient: &FhirId) -> Result<bool, StoreError> {
        let row = self.read_one(IS_OWN, args![account, patient]).await?;
        row.map_or(Ok(false), |row| Fields::new("family_members", row).flag("own"))
    }

    /// Who decides about a record, or did.
    pub async fn family_of(&self, patient: &FhirId) -> Result<Vec<FamilyMember>, StoreError> {
        let read = |row| {
            let mut fields = Fields::new("family_members", row);
            Ok(FamilyMember {
                account: fields.id("account")?,
                own: fields.flag("own")?,
                language: fields.word("language")?,
            })
        };
        self.list(MEMBERS, args![patient], read).await
    }

    /// When a patient comes of age, where that is known.
    pub async fn birthday(&self, patient: &FhirId) -> Result<Option<Birthday>, StoreError> {
        self.read_one(BIRTHDAY, args![patient]).await?.map(birthday).transpose()
    }

    /// Birthdays of which the family is to be told by now.
    pub async fn birthdays_to_announce(&self) -> Result<Vec<Birthday>, StoreError> {
        self.list(TO_ANNOUNCE, args![self.now()], birthday).await
    }

    /// Birthdays that have come.
    pub async fn birthdays_to_end(&self) -> Result<Vec<Birthday>, StoreError> {
        self.list(TO_END, args![self.now()], birthday).await
    }
}

impl Transaction {
    /// Notes who reads a child's page, in which language.
    pub async fn note_family_member(
        &mut self,
        account: &AccountId,
        patient: &FhirId,
        language: Language,
    ) -> Result<(), StoreError> {
        self.run(MEMBER, args![account, patient, word_of(&language)]).await?;
        Ok(())
    }

    /// Notes that the account is the patient's own: it decides from the 18th birthday on, and goes on doing so (D-07).
    pub async fn mark_own_record(&mut self, account: &AccountId, patient: &FhirId) -> Result<(), StoreError> {
        self.run(OWN, args![account, patient, word_of(&Language::En)]).await?;
        Ok(())
    }

    /// Notes when a patient comes of age, and ends the guardians' grants then at the latest. Who is of age already when this is first
    /// noted is not announced.
    pub async fn keep_birthday(&mut self, known: &Birthday) -> Result<(), StoreError> {
        let now = self.now();
        let over = (known.adult_at <= now).then_some(now);
        let args = args![&known.patient, &known.initials, known.adult_at, known.announce_at, over];
        self.run(KEEP_BIRTHDAY, args).await?;
        for row in self.rows(ENDS, args![&known.patient, known.adult_at]).await? {
            let id: GrantId = Fields::new("grants", row).id("id")?;
            self.changed(Noun::Grant, id.as_str());
        }
        Ok(())
    }

    /// Notes that the family was told. False when it had been.
    pub async fn birthday_announced(&mut self, patient: &FhirId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(ANNOUNCED, args![patient, now]).await? > 0)
    }

    /// Notes that the birthday has come and the family was told. False when it had been.
    pub async fn birthday_over(&mut self, patient: &FhirId) -> Result<bool, StoreError> {
        let now = self.now();
        Ok(self.run(OVER, args![patient, now]).await? > 0)
    }
}

alone! {
    /// Notes that the account is the patient's own.
    fn mark_own_record(account: &AccountId, patient: &FhirId) -> ();
}
