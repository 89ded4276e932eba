//! `GET [base]/metadata`: the CapabilityStatement, for everybody, from the tables by which requests are judged.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use bytes::Bytes;
use fhir_profiles::capability;

use crate::domain::ids::RequestId;
use crate::fhir::search::Rules;
use crate::web::conditional;

use super::{Facade, accept};

/// What the CapabilityStatement says besides the tables.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The authorization endpoint.
    pub authorize: String,
    /// The token endpoint.
    pub token: String,
    /// The revocation endpoint.
    pub revoke: String,
    /// The introspection endpoint.
    pub introspect: String,
    /// Where a user sees and revokes the apps they authorized.
    pub manage: String,
    /// Dynamic registration, where it is offered.
    pub register: Option<String>,
    /// Since when the statement holds, a FHIR `dateTime`: when the process started.
    pub date: String,
}

/// The statement and the rules that it was made from.
pub(super) struct Statement {
    rules: Arc<Rules>,
    bytes: Bytes,
}

pub(super) async fn metadata(
    State(facade): State<Arc<Facade>>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let form =
        accept::wanted(request.headers(), query.as_deref().unwrap_or_default()).and_then(accept::Form::fhir);
    let form = match form {
        Ok(form) => form,
        Err(problem) => return problem.answer(request.extensions().get::<RequestId>()),
    };
    conditional::answer(request.headers(), form.media_type(), facade.statement())
}

impl Facade {
    fn statement(&self) -> Bytes {
        let rules = self.records.offer().rules();
        if let Some(made) = &*self.statement.load()
            && Arc::ptr_eq(&made.rules, &rules)
        {
            return made.bytes.clone();
        }
        let facade = capability::Facade {
            base: &rules.base,
            version: env!("CARGO_PKG_VERSION"),
            date: &self.endpoints.date,
            authorize: &self.endpoints.authorize,
            token: &self.endpoints.token,
            revoke: &self.endpoints.revoke,
            introspect: &self.endpoints.introspect,
            manage: &self.endpoints.manage,
            register: self.endpoints.register.as_deref(),
        };
        let bytes = Bytes::from(capability::author(&rules.tables, &facade));
        self.statement.store(Some(Arc::new(Statement { rules, bytes: bytes.clone() })));
        bytes
    }
}
