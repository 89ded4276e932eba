//! Fills what is kept in memory from the database: all of it, or what changed.

use crate::domain::account::Account;
use crate::domain::ids::{AccountId, ClientId, GrantId, PracticeId, SponsorshipId};
use crate::domain::secret::TokenHash;

use super::changes::{Change, Noun};
use super::directory::State;
use super::{Store, StoreError, grants, sponsorships};

/// Rows fetched at a time.
const PAGE: u32 = 5000;

statements! {
    SPONSORSHIPS = "SELECT id, sponsor, sponsored, state, created_at FROM sponsorships
                    WHERE state = 'active' AND id > $1 ORDER BY id LIMIT $2";
    SPONSORSHIP = "SELECT id, sponsor, sponsored, state, created_at FROM sponsorships WHERE id = $1";
    GRANTS = "SELECT id, patient, provider, granted_by, kinds, covers_restricted, created_at, ends_at, revoked_at
              FROM grants WHERE revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $3) AND id > $1 ORDER BY id LIMIT $2";
}

impl Store {
    /// Fills [`Store::directory`] from the database. Until then it knows nobody and so permits nothing.
    pub async fn reload(&self) -> Result<(), StoreError> {
        // First: what changes while this reads is taken in once more afterwards.
        let upto = self.last_change().await?;
        let mut state = State::default();
        let mut after = String::new();
        loop {
            let accounts: Vec<Account> = self.accounts(Some(&after), PAGE).await?;
            let Some(last) = accounts.last() else { break };
            after.clone_from(&last.email);
            for account in accounts {
                state.put_account(account);
            }
        }
        for practice in self.practices().await? {
            state.put_practice(practice);
        }
        for client in self.clients().await? {
            state.put_client(client);
        }
        let mut after = String::new();
        loop {
            let page = self.list(SPONSORSHIPS, args![&after, PAGE], sponsorships::read).await?;
            let Some(last) = page.last() else { break };
            last.id.as_str().clone_into(&mut after);
            for sponsorship in &page {
                state.put_sponsorship(sponsorship);
            }
        }
        let mut after = String::new();
        let now = self.now();
        loop {
            let page = self.list(GRANTS, args![&after, PAGE, now], grants::read).await?;
            let Some(last) = page.last() else { break };
            last.id.as_str().clone_into(&mut after);
            for grant in &page {
                state.put_grant(grant);
            }
        }
        self.inner.directory.replace(state);
        // What was revoked since the last look is not known one by one.
        self.inner.tokens.clear();
        self.loaded(upto);
        Ok(())
    }

    /// Reads again what changed and puts it in place. The caller sees to it that this runs once at a time.
    pub(super) async fn take_in(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        if changes.len() > super::changes::MANY {
            // The revocations among them need no reading, and hold even if the reading fails.
            for change in &changes {
                self.take_in_revocation(change);
            }
            return self.reload().await;
        }
        for change in &changes {
            self.take_in_revocation(change);
        }
        for change in changes {
            self.take_in_one(change).await?;
        }
        Ok(())
    }

    fn take_in_revocation(&self, change: &Change) {
        match change.noun {
            Noun::Authorization => self.inner.tokens.revoke_authorization(&change.id, self.now()),
            Noun::Token => {
                if let Some(hash) = TokenHash::from_hex(&change.id) {
                    self.inner.tokens.revoke_token(hash, self.now());
                }
            }
            _ => {}
        }
    }

    async fn take_in_one(&self, change: Change) -> Result<(), StoreError> {
        let directory = &self.inner.directory;
        let id = change.id.as_str();
        let corrupt = |_| StoreError::Corrupt { noun: "changes", field: "id" };
        match change.noun {
            Noun::Account => {
                let id = AccountId::parse(id).map_err(corrupt)?;
                let account = self.account(&id).await?;
                directory.update(|state| match account {
                    Some(account) => state.put_account(account),
                    None => state.drop_account(&id),
                });
            }
            Noun::Practice => {
                let id = PracticeId::parse(id).map_err(corrupt)?;
                let practice = self.practice(&id).await?;
                directory.update(|state| match practice {
                    Some(practice) => state.put_practice(practice),
                    None => state.drop_practice(&id),
                });
            }
            Noun::Sponsorship => {
                let id = SponsorshipId::parse(id).map_err(corrupt)?;
                let row = self.read_one(SPONSORSHIP, args![&id]).await?;
                let sponsorship = row.map(sponsorships::read).transpose()?;
                directory.update(|state| match sponsorship {
                    Some(sponsorship) => state.put_sponsorship(&sponsorship),
                    None => state.drop_sponsorship(&id),
                });
            }
            Noun::Grant => {
                let id = GrantId::parse(id).map_err(corrupt)?;
                if let Some(grant) = self.grant(&id).await? {
                    directory.update(|state| state.put_grant(&grant));
                }
            }
            Noun::Client => {
                let id = ClientId::parse(id).map_err(corrupt)?;
                let client = self.stored_client(id.as_str()).await?;
                directory.update(|state| match client {
                    Some(client) => state.put_client(client),
                    None => state.drop_client(&id),
                });
            }
            // Those of others were seen to before; own ones need nothing.
            Noun::Authorization | Noun::Token | Noun::Purge => {}
        }
        Ok(())
    }
}
