//! Who should see whom, told from the hospital's own books and not from the policy: scripts and tests hold the policy to it.

use std::collections::BTreeSet;

use crate::sandbox::hospital::Hospital;
use crate::sandbox::hospital::contract::PatientFacts;

/// Lists in the demo's output stop here; the population may be of any size.
const LISTED: usize = 100;

/// MRNs that a member of one of `practices` within, with `granted` FHIR ids on top; then those not seen.
pub(super) fn split(
    hospital: &Hospital,
    practices: &BTreeSet<String>,
    granted: &BTreeSet<String>,
) -> (Vec<String>, Vec<String>) {
    let seen = |facts: &PatientFacts| {
        granted.contains(&facts.id) || facts.practices.iter().any(|key| practices.contains(key))
    };
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    for facts in hospital.patients() {
        let list = if seen(&facts) { &mut within } else { &mut beyond };
        if list.len() < LISTED {
            list.push(facts.mrn);
        } else if within.len() >= LISTED && beyond.len() >= LISTED {
            break;
        }
    }
    (within, beyond)
}
