//! Who should see whom, told from the hospital's own books and not from the policy: scripts and tests hold the policy to it.

use std::collections::BTreeSet;

use crate::sandbox::hospital::Hospital;
use crate::sandbox::hospital::contract::PatientFacts;

/// Lists in the demo's output stop here; the population may be of any size.
const LISTED: usize = 100;

/// MRNs that a member of one of `practices` sees, with `granted` FHIR ids on top; then those not seen.
pub(super) fn split(
    hospital: &Hospital,
    practices: &BTreeSet<String>,
    granted: &BTreeSet<String>,
) -> (Vec<String>, Vec<String>) {
    let seen = |facts: &PatientFacts| {
        granted.contains(&facts.id) || facts.practices.iter().any(|key| practices.contains(key))
    };
    let (mut sees, mut sees_not) = (Vec::new(), Vec::new());
    for facts in hospital.patients() {
        let list = if seen(&facts) { &mut sees } else { &mut sees_not };
        if list.len() < LISTED {
            list.push(facts.mrn);
        } else if sees.len() >= LISTED && sees_not.len() >= LISTED {
            break;
        }
    }
    (sees, sees_not)
}
