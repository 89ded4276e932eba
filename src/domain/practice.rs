//! Clinics and groups outside the hospital, and who stands behind whom in them.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FhirId, Npi, PracticeId, SponsorshipId};

/// A clinic or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Practice {
    /// Identifier.
    pub id: PracticeId,
    /// Name as printed.
    pub name: String,
    /// Postal address, one line.
    pub address: String,
    /// Main telephone.
    pub phone: String,
    /// Its Organization in the EHR, where known: `generalPractitioner` may name it (D-09).
    pub organization: Option<FhirId>,
    /// NPIs of its providers, whether or not they have an account.
    pub roster: Vec<Npi>,
}

/// One sponsor's standing behind one sponsored user (S-71, D-08). One user may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sponsorship {
    /// Identifier.
    pub id: SponsorshipId,
    /// The provider who sponsors.
    pub sponsor: AccountId,
    /// The user who is sponsored.
    pub sponsored: AccountId,
    /// Whether it holds.
    pub state: SponsorshipState,
    /// When it began.
    pub created_at: Timestamp,
}

/// Whether a sponsorship holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SponsorshipState {
    /// Asked, not accepted yet; gives nothing.
    Invited,
    /// Gives the sponsored user the sponsor's reach.
    Active,
    /// Paused; gives nothing.
    Suspended,
    /// Over; gives nothing and does not come back.
    Ended,
}

/// A step in the life of a sponsorship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SponsorshipStep {
    /// The invited user says yes, by setting the account up or after sign-in.
    Accept,
    /// The sponsor pauses it, or did not say in time that the user is still on the staff.
    Suspend,
    /// The sponsor lets it hold again.
    Resume,
    /// The sponsor removes the user, or the user says no.
    End,
}

impl SponsorshipState {
    /// The state after `step`; `None` when the step cannot be taken from here.
    pub const fn after(self, step: SponsorshipStep) -> Option<Self> {
        match (self, step) {
            (Self::Invited, SponsorshipStep::Accept) | (Self::Suspended, SponsorshipStep::Resume) => {
                Some(Self::Active)
            }
            (Self::Active, SponsorshipStep::Suspend) => Some(Self::Suspended),
            (Self::Invited | Self::Active | Self::Suspended, SponsorshipStep::End) => Some(Self::Ended),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SponsorshipState as State, SponsorshipStep as Step};

    #[test]
    fn s70_a_sponsorship_only_goes_the_ways_that_there_are() {
        let ways = [
            (State::Invited, Step::Accept, State::Active),
            (State::Active, Step::Suspend, State::Suspended),
            (State::Suspended, Step::Resume, State::Active),
            (State::Invited, Step::End, State::Ended),
            (State::Active, Step::End, State::Ended),
            (State::Suspended, Step::End, State::Ended),
        ];
        for from in [State::Invited, State::Active, State::Suspended, State::Ended] {
            for step in [Step::Accept, Step::Suspend, Step::Resume, Step::End] {
                let way = ways.iter().find(|way| (way.0, way.1) == (from, step)).map(|way| way.2);
                assert_eq!(from.after(step), way, "{from:?} {step:?}");
            }
        }
    }
}
