//! Who stands behind whom (S-71, D-08).

use crate::domain::ids::{AccountId, SponsorshipId};
use crate::domain::practice::{Sponsorship, SponsorshipState};

use super::changes::Noun;
use super::db::{Fields, Row, word_of};
use super::{Store, StoreError, Transaction};

statements! {
    INSERT = "INSERT INTO sponsorships (id, sponsor, sponsored, state, created_at) VALUES ($1, $2, $3, $4, $5)";
    OF = "SELECT id, sponsor, sponsored, state, created_at FROM sponsorships
          WHERE sponsor = $1 OR sponsored = $1 ORDER BY created_at, id";
    SET_STATE = "UPDATE sponsorships SET state = $2 WHERE id = $1 AND state <> 'ended'";
}

pub(super) fn read(row: Row) -> Result<Sponsorship, StoreError> {
    let mut fields = Fields::new("sponsorships", row);
    Ok(Sponsorship {
        id: fields.id("id")?,
        sponsor: fields.id("sponsor")?,
        sponsored: fields.id("sponsored")?,
        state: fields.word("state")?,
        created_at: fields.time("created_at")?,
    })
}

impl Store {
    /// The sponsorships in which this account sponsors or is sponsored, oldest first.
    pub async fn sponsorships_of(&self, account: &AccountId) -> Result<Vec<Sponsorship>, StoreError> {
        self.list(OF, args![account], read).await
    }
}

impl Transaction {
    /// Adds a sponsorship. `Conflict("sponsorships.pair")` when the two have one that has not ended.
    pub async fn insert_sponsorship(&mut self, sponsorship: &Sponsorship) -> Result<(), StoreError> {
        let args = args![
            &sponsorship.id,
            &sponsorship.sponsor,
            &sponsorship.sponsored,
            word_of(&sponsorship.state),
            sponsorship.created_at,
        ];
        self.run(INSERT, args).await?;
        self.changed(Noun::Sponsorship, sponsorship.id.as_str());
        Ok(())
    }

    /// Changes the state, except from [`SponsorshipState::Ended`]. False when there is none to change.
    pub async fn set_sponsorship_state(
        &mut self,
        id: &SponsorshipId,
        state: SponsorshipState,
    ) -> Result<bool, StoreError> {
        let changed = self.run(SET_STATE, args![id, word_of(&state)]).await? > 0;
        self.changed(Noun::Sponsorship, id.as_str());
        Ok(changed)
    }
}

alone! {
    /// Adds a sponsorship.
    fn insert_sponsorship(sponsorship: &Sponsorship) -> ();
    /// Changes the state of a sponsorship that has not ended.
    fn set_sponsorship_state(id: &SponsorshipId, state: SponsorshipState) -> bool;
}
