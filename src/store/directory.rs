//! Accounts, rosters, sponsorships and grants in memory: what the policy asks, without a statement per request.

use smallvec::SmallVec;

use crate::access::sources::{PrimaryCare, RelationshipSource, Standing};
use crate::access::subject::Subject;
use crate::domain::grant::Grant;
use crate::domain::ids::{AccountId, FhirId, PracticeId};

/// The relationships in memory, current to the last commit of this process and to a fraction of a second for others'.
#[derive(Debug, Default)]
pub struct Directory {}

impl RelationshipSource for Directory {
    fn standing(&self, _subject: &Subject) -> Standing {
        todo!()
    }

    fn grants(&self, _provider: &AccountId, _patient: &FhirId) -> SmallVec<[Grant; 1]> {
        todo!()
    }

    fn practices_of(&self, _primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        todo!()
    }
}
