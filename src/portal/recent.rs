//! The records opened last, so that they can be saved or opened again. Kept in a sealed cookie until the browser is closed.

use http::HeaderMap;

use super::Portal;
use crate::domain::ids::{AccountId, FhirId};
use crate::web::cookies::Cookie;

/// How many are remembered.
const KEPT: usize = 5;

/// The patients whose records this account opened last in this browser, latest first.
pub fn read(portal: &Portal, account: &AccountId, headers: &HeaderMap) -> Vec<FhirId> {
    Cookie::Recent
        .read(&portal.web, headers)
        .and_then(|sealed| portal.web.keys().open("recent", account, &sealed))
        .unwrap_or_default()
}

/// The `Set-Cookie` value that puts `patient` first among them.
pub fn with(portal: &Portal, account: &AccountId, headers: &HeaderMap, patient: &FhirId) -> String {
    let mut recent = read(portal, account, headers);
    recent.retain(|known| known != patient);
    recent.insert(0, patient.clone());
    recent.truncate(KEPT);
    Cookie::Recent.set(&portal.web, &portal.web.keys().seal("recent", account, &recent, portal.web.random()))
}
