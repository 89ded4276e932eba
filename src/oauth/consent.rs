//! The consent page: what the app would see, in words, and what of it the user takes away (rows 53, 54, 79).

use askama::Template;
use axum::extract;
use axum::response::{IntoResponse, Response};

use crate::domain::account::{Account, AccountKind};
use crate::domain::client::{Client, ClientAuth, LaunchContext};
use crate::domain::ids::FhirId;
use crate::fhir::scope::ScopeSet;
use crate::store::consents::Consent;
use crate::web::csrf::CsrfForm;
use crate::web::headers::form_target;
use crate::web::page::{Chrome, Page};
use crate::web::session::Visitor;

use super::authorize::{User, from_form, standing};
use super::choices::{self, Before, Choices};
use super::context::Carried;
use super::error::OAuthError;
use super::failure::{Failure, answer};
use super::issue;
use super::people::PatientLine;
use super::request::AuthorizeRequest;
use super::scopes::{self, Settled};
use super::state::State;

/// What there is to consent to.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The scopes that can be granted in this launch.
    pub scopes: ScopeSet,
    /// Its context.
    pub context: LaunchContext,
}

impl Offer {
    /// Settles the requested scopes by the launch and the user.
    pub async fn prepare(
        state: &State,
        user: &User,
        request: &AuthorizeRequest,
        carried: Carried,
    ) -> Result<Self, Failure> {
        let wants_user = request.scopes.has_word("fhirUser");
        let has_fhir_user = wants_user && fhir_user(state, &user.account).await.is_some();
        let settled = Settled { context: &carried.context, ehr_launch: carried.ehr_launch, has_fhir_user };
        let scopes = scopes::settle(request.scopes.clone(), settled);
        if scopes.is_empty() {
            return Err(request.fail(OAuthError::NoScopeLeft));
        }
        Ok(Self { scopes, context: carried.context })
    }
}

/// The user's Practitioner in the hospital's directory, found by NPI. Sponsored users have none, so `fhirUser` is not granted
/// to them (row 197).
pub async fn fhir_user(state: &State, account: &Account) -> Option<FhirId> {
    match &account.kind {
        AccountKind::Provider { npi } => state.fhir_users().practitioner(&account.id, npi).await,
        AccountKind::Sponsored | AccountKind::Guardian { .. } | AccountKind::Staff { .. } => None,
    }
}

/// Whether consent may be remembered: only where nobody else can pose as the client, that is with a secret or key, or a
/// redirect to a web address that the client's owner controls (RFC 8252 8.6).
fn can_be_remembered(client: &Client, redirect_uri: &str) -> bool {
    client.auth != ClientAuth::None || redirect_uri.starts_with("https://")
}

/// What is granted without asking the user: all of it to the hospital's own apps, and what the user left of it to an app for
/// which a decision about as much or more is remembered. `None`: the user has to be asked.
pub async fn given(
    state: &State,
    user: &User,
    request: &AuthorizeRequest,
    offer: &Offer,
) -> Result<Option<ScopeSet>, Failure> {
    if request.prompt.consent {
        return Ok(None);
    }
    if request.client.trusted {
        return Ok(Some(offer.scopes.clone()));
    }
    let before = remembered(state, user, request).await?;
    Ok(before.and_then(|before| before.answer(&offer.scopes)).filter(choices::is_worth_granting))
}

/// The decision about this app that the user asked to be remembered, where that is possible.
async fn remembered(
    state: &State,
    user: &User,
    request: &AuthorizeRequest,
) -> Result<Option<Before>, Failure> {
    if !can_be_remembered(&request.client, &request.reply.redirect_uri) {
        return Ok(None);
    }
    let consent = state.store().consent(&user.account.id, &request.client.id).await;
    Ok(consent.map_err(|e| request.internal(&e))?.map(|consent| Before::of(&consent)))
}

#[derive(Template)]
#[template(path = "oauth/consent.html")]
struct ConsentPage {
    chrome: Chrome,
    app: String,
    request: String,
    destination: String,
    patient: Option<PatientLine>,
    choices: Choices,
    remembers: bool,
    can_remember: bool,
}

/// The page.
pub async fn page(
    state: &State,
    visitor: &Visitor,
    user: &User,
    request: &AuthorizeRequest,
    offer: &Offer,
) -> Result<Response, Failure> {
    let before = remembered(state, user, request).await?;
    let patient = match &offer.context.patient {
        // A page without the patient's name is better than none when the EHR is away.
        Some(id) => state.patients().reachable(&user.caller(visitor), id).await.ok().flatten(),
        None => None,
    };
    let target = form_target(&request.reply.redirect_uri);
    let template = ConsentPage {
        chrome: visitor.chrome(format!("Let {} see records?", request.client.name)),
        app: request.client.name.clone(),
        request: request.encode(state),
        destination: target.clone().unwrap_or_default(),
        patient,
        choices: Choices::offer(&offer.scopes, before.as_ref()),
        remembers: before.is_some(),
        can_remember: can_be_remembered(&request.client, &request.reply.redirect_uri),
    };
    Ok(Page::new(template).allow_form_to(target).into_response())
}

/// `POST /oauth/authorize/consent`: the decision. Answered by nothing but a redirect.
pub async fn post(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Response {
    answer(&visitor, decide(&state, &visitor, &fields).await)
}

async fn decide(state: &State, visitor: &Visitor, fields: &[(String, String)]) -> Result<Response, Failure> {
    let (request, user) = match from_form(state, visitor, fields)? {
        Ok(both) => both,
        Err(sign_in) => return Ok(sign_in),
    };
    let every = |name: &str| -> Vec<String> {
        fields.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    };
    if every("decision") != ["allow"] {
        issue::refused(state, visitor, &user, &request).await;
        return Err(request.fail(OAuthError::AccessDenied));
    }
    let carried = standing(state, visitor, &user, &request).await;
    if carried.context.patient.is_none() && request.scopes.has_patient_context() {
        // The context grew too old while the page was open, or the patient is out of reach: one has to be chosen again.
        return super::patient::first_page(state, visitor, &user, &request).await;
    }
    let offer = Offer::prepare(state, &user, &request, carried).await?;
    let granted = choices::granted(&offer.scopes, &every("scope"), &every("kind"));
    if !choices::is_worth_granting(&granted) {
        issue::refused(state, visitor, &user, &request).await;
        return Err(request.fail(OAuthError::AccessDenied));
    }
    let remember =
        !every("remember").is_empty() && can_be_remembered(&request.client, &request.reply.redirect_uri);
    let remember =
        remember.then(|| Consent { scope: granted.to_string(), offered: offer.scopes.to_string() });
    issue::code(state, visitor, &user, &request, offer, granted, remember).await
}
