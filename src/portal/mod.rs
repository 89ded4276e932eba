//! Rank 5: the pages, one family per file. Handlers read the request, ask `accounts`, `records` or `store`, and fill a template.

mod account_apps;
mod ask;
pub mod developers;
mod encounter;
mod family;
mod gallery;
mod help;
mod home;
mod hospital;
mod identity;
mod invitations;
mod language;
mod my_staff;
mod notices;
mod open;
mod patient;
mod recent;
mod register;
mod requests;
mod saved;
mod search;
mod sign_in;
mod staff;
pub mod vendors;

#[cfg(test)]
mod samples;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;

use crate::accounts::Accounts;
use crate::audit::AuditLog;
use crate::cache::Cache;
use crate::domain::ids::ClientId;
use crate::ehr::{Ehr, EhrPrimaryCare};
use crate::records::Records;
use crate::records::panel::Panels;
use crate::records::purges::Purges;
use crate::web::problem::Problem;
use crate::web::{self, Web};

/// Parts of the system, for what the page about its state tells of them, and for purges.
pub struct Upkeep {
    /// The EHR connection.
    pub ehr: Arc<Ehr>,
    /// PCP facts.
    pub primary_care: Arc<EhrPrimaryCare>,
    /// Bodies.
    pub cache: Arc<Cache>,
    /// Where audit events are handed in.
    pub audit: AuditLog,
    /// Where purges are asked for.
    pub purges: Arc<Purges>,
}

pub use self::identity::federation::{CHILDRENS_ID, PATIENT_PORTAL, Providers};

/// What the pages work with.
pub struct Parts {
    /// Sessions, layout, database.
    pub web: Web,
    /// Signing in, and changes of accounts.
    pub accounts: Arc<Accounts>,
    /// The one door to clinical data.
    pub records: Arc<Records>,
    /// Whose patients are whose.
    pub panels: Arc<Panels>,
    /// What the page about the system's state tells of.
    pub upkeep: Upkeep,
    /// The SMART app that opens records.
    pub viewer: ClientId,
    /// The facade's base URL: `iss` of a launch.
    pub fhir_base: String,
    /// Identifier system of the hospital's medical record numbers.
    pub mrn_system: Option<Arc<str>>,
    /// The hospital's identity providers.
    pub providers: Providers,
    /// What the developer pages say of this installation.
    pub developers: developers::facts::Facts,
}

/// The state of the portal's handlers. Cheap to clone.
#[derive(Clone)]
pub struct Portal(Arc<Inner>);

struct Inner {
    parts: Parts,
}

impl Portal {
    fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner { parts }))
    }
}

impl Deref for Portal {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl FromRef<Portal> for Web {
    fn from_ref(portal: &Portal) -> Self {
        portal.web.clone()
    }
}

/// Every page of the portal, with the assets and the SMART apps that come with it. Not yet wrapped: see [`web::wrap`].
pub fn router(parts: Parts) -> Router {
    let web = parts.web.clone();
    let largest_upload = parts.accounts.registration_settings().max_upload;
    Router::new()
        .merge(sign_in::router())
        .merge(identity::router())
        .merge(home::router())
        .merge(my_staff::router())
        .merge(search::router())
        .merge(requests::router())
        .merge(notices::router())
        .merge(hospital::router())
        .merge(saved::router())
        .merge(open::router())
        .merge(gallery::router())
        .merge(account_apps::router())
        .merge(family::router())
        .merge(invitations::router())
        .merge(language::router())
        .merge(staff::router())
        .merge(help::router())
        .merge(vendors::router())
        .merge(register::router(largest_upload))
        .merge(developers::router())
        .with_state(Portal::new(parts))
        .merge(web::router().with_state(web))
        .fallback(async || Problem::NotFound)
}
