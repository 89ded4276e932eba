//! Who stands behind whom (S-71, D-08).

use crate::domain::ids::{AccountId, SponsorshipId};
use crate::domain::practice::{Sponsorship, SponsorshipState};

use super::{Store, StoreError, Transaction};

impl Store {
    /// The sponsorships in which this account sponsors or is sponsored, oldest first.
    pub async fn sponsorships_of(&self, _account: &AccountId) -> Result<Vec<Sponsorship>, StoreError> {
        todo!()
    }
}

impl Transaction {
    /// Adds a sponsorship. `Conflict("sponsorships.pair")` when the two have one that has not ended.
    pub async fn insert_sponsorship(&mut self, _sponsorship: &Sponsorship) -> Result<(), StoreError> {
        todo!()
    }

    /// Changes the state, except from [`SponsorshipState::Ended`]. False when there is none to change.
    pub async fn set_sponsorship_state(
        &mut self,
        _id: &SponsorshipId,
        _state: SponsorshipState,
    ) -> Result<bool, StoreError> {
        todo!()
    }
}

alone! {
    /// Adds a sponsorship.
    fn insert_sponsorship(sponsorship: &Sponsorship) -> ();
    /// Changes the state of a sponsorship that has not ended.
    fn set_sponsorship_state(id: &SponsorshipId, state: SponsorshipState) -> bool;
}
