//! What a person wants of pages and mails: the language, and mails at once or once a day.

use crate::domain::ids::AccountId;
use crate::domain::language::Language;

use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    OF = "SELECT language, digest FROM preferences WHERE account = $1";
    SET_LANGUAGE = "INSERT INTO preferences (account, language, digest) VALUES ($1, $2, 0)
                    ON CONFLICT (account) DO UPDATE SET language = excluded.language";
    SET_DIGEST = "INSERT INTO preferences (account, language, digest) VALUES ($1, $2, $3)
                  ON CONFLICT (account) DO UPDATE SET digest = excluded.digest";
}

/// What an account chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The language of pages and mails.
    pub language: Language,
    /// Whether mails wait for one a day; mails about security never do.
    pub digest: bool,
}

fn read(row: Row) -> Result<Preferences, StoreError> {
    let mut fields = Fields::new("preferences", row);
    Ok(Preferences { language: fields.word("language")?, digest: fields.flag("digest")? })
}

impl Store {
    /// What the account chose; `None` when it chose nothing yet.
    pub async fn chosen_preferences(&self, account: &AccountId) -> Result<Option<Preferences>, StoreError> {
        self.read_one(OF, args![account]).await?.map(read).transpose()
    }

    /// What the account chose, or the defaults: English, mails at once.
    pub async fn preferences(&self, account: &AccountId) -> Result<Preferences, StoreError> {
        Ok(self.chosen_preferences(account).await?.unwrap_or_default())
    }

    /// The language of mails to the account.
    pub async fn language_of(&self, account: &AccountId) -> Result<Language, StoreError> {
        Ok(self.preferences(account).await?.language)
    }
}

impl Transaction {
    /// What the account chose, or the defaults.
    pub async fn preferences(&mut self, account: &AccountId) -> Result<Preferences, StoreError> {
        Ok(self.one(OF, args![account]).await?.map(read).transpose()?.unwrap_or_default())
    }

    /// The language of mails to the account.
    pub async fn language_of(&mut self, account: &AccountId) -> Result<Language, StoreError> {
        Ok(self.preferences(account).await?.language)
    }

    /// Sets the language.
    pub async fn set_language(&mut self, account: &AccountId, language: Language) -> Result<(), StoreError> {
        self.run(SET_LANGUAGE, args![account, word_of(&language)]).await?;
        Ok(())
    }

    /// Sets whether mails wait for one a day.
    pub async fn set_digest(&mut self, account: &AccountId, digest: bool) -> Result<(), StoreError> {
        self.run(SET_DIGEST, args![account, word_of(&Language::default()), digest]).await?;
        Ok(())
    }
}

alone! {
    /// Sets the language of pages and mails.
    fn set_language(account: &AccountId, language: Language) -> ();
    /// Sets whether mails wait for one a day.
    fn set_digest(account: &AccountId, digest: bool) -> ();
}
