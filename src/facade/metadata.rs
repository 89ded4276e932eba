//! `GET [base]/metadata`: the CapabilityStatement, for everybody, from the tables by which requests are judged.

use std::sync::Arc;

use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use fhir_profiles::capability;
use http::{HeaderValue, header};

use crate::domain::ids::RequestId;
use crate::fhir::search::Rules;

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
    let mut response = facade.statement().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, form.media_type());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
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
        };
        let bytes = Bytes::from(capability::author(&rules.tables, &facade));
        self.statement.store(Some(Arc::new(Statement { rules, bytes: bytes.clone() })));
        bytes
    }
}
