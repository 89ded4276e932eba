//! Registration of clients by their vendors, and what staff decide about it (RFC 7591, RFC 7592).
//!
//! [`metadata`] checks what a vendor says, [`vendor`] is what a vendor does, [`staff`] what staff do, [`tokens`] lets a vendor
//! in without waiting. Each change names the revision that it was made from, so that of two at once one wins and the other is
//! told.

mod metadata;
mod staff;
mod tokens;
mod vendor;

use std::time::Duration;

use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::mail::Message;
use crate::mail::letters::Letters;
use crate::store::clients::Registration;
use crate::store::outbox::NewMail;
use crate::store::{StoreError, Transaction};

use super::{Accounts, AccountsError, By};

pub use self::metadata::{Metadata, Wrong, WrongKind};
pub use self::staff::{Approval, concerns};
pub use self::tokens::NewInitialToken;
pub use self::vendor::{Registered, Updated};

/// Why a registration was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// What the vendor says of the client is not what it must be; by field.
    #[error("{}", .0.first().map_or("", |wrong| wrong.message))]
    Wrong(Vec<Wrong>),
    /// The initial access token is unknown, used up, expired or taken back.
    #[error("The initial access token is unknown, used up or has expired.")]
    InitialToken,
    /// This hospital takes registrations with an initial access token alone.
    #[error("The hospital registers an app only with a token that its staff gave out.")]
    Closed,
    /// Too many registrations from this address.
    #[error("There were too many registrations from this address.")]
    Limited(Duration),
    /// More registrations wait for staff than anybody could look at.
    #[error("Too many registrations wait for the hospital at the moment.")]
    Full,
    /// There is no such client, or the registration access token is not its.
    #[error("The client_id and the registration access token do not belong together.")]
    NotYours,
    /// The registration is not in a state in which this can be done.
    #[error("{0}")]
    State(&'static str),
    /// Somebody else changed it at the same moment.
    #[error("This registration was changed meanwhile. Look at it again, then decide.")]
    Changed,
    /// As any other use-case.
    #[error(transparent)]
    Failed(#[from] AccountsError),
}

impl From<StoreError> for RegistrationError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl RegistrationError {
    fn wrong(kind: WrongKind, field: &'static str, message: &'static str) -> Self {
        Self::Wrong(vec![Wrong { kind, field, message }])
    }
}

/// Writes the mail to one contact.
type Letter<'a> = dyn Fn(&Letters, &str) -> Message + Sync + 'a;

impl Accounts {
    /// The registration as it stands in the database.
    pub async fn registration(&self, id: &ClientId) -> Result<Registration, RegistrationError> {
        self.store.registration(id).await?.ok_or(RegistrationError::Failed(AccountsError::Unknown))
    }

    /// Puts `client` in the place of what `revision` was, with a mail to its contacts if `letter` writes one.
    async fn replace(
        &self,
        client: &Client,
        revision: i64,
        what: &str,
        letter: Option<&Letter<'_>>,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let mut transaction = self.store.begin().await?;
        if !transaction.replace_client(client, revision).await? {
            return Err(RegistrationError::Changed);
        }
        if let Some(letter) = letter {
            self.write_to_contacts(&mut transaction, client, letter).await?;
        }
        transaction.commit().await?;
        Ok(self.client_changed(&client.id, what, by).await?)
    }

    async fn write_to_contacts(
        &self,
        transaction: &mut Transaction,
        client: &Client,
        letter: &Letter<'_>,
    ) -> Result<(), RegistrationError> {
        let Some(letters) = &self.letters else { return Ok(()) };
        for contact in &client.details.contacts {
            let Message { to, subject, body, html } = letter(letters, contact);
            transaction.queue_mail(&NewMail { to, subject, body, html }).await?;
        }
        Ok(())
    }
}
