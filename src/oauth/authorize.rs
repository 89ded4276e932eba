//! `GET` and `POST /oauth/authorize` (RFC 6749 4.1.1, SMART App Launch 2.2 rows 48 to 59).
//!
//! Nothing is kept on the server while the user signs in, picks a patient and consents: the request itself is carried along
//! and judged anew at each step.

use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::extract::{self, RawQuery};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;

use crate::access::subject::{Actor, Subject};
use crate::domain::account::{Account, AccountKind};
use crate::domain::client::LaunchContext;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::session::Session;
use crate::fhir::scope::ScopeSet;
use crate::records::Caller;
use crate::web::headers::form_target;
use crate::web::next::LocalPath;
use crate::web::page::{Chrome, Page};
use crate::web::session::Visitor;

use super::consent::{self, Offer};
use super::context::Carried;
use super::error::OAuthError;
use super::failure::{Failure, answer};
use super::params::Params;
use super::patient;
use super::pushed;
use super::request::{self, AuthorizeRequest, SIGNED_IN_AFTER};
use super::state::State;

/// The person who authorizes.
#[derive(Clone)]
pub struct User {
    /// Who.
    pub account: Arc<Account>,
    /// Signed in since when.
    pub session: Arc<Session>,
}

/// What our own pages read of patients: narrow, and never through a token.
static SCOPES: LazyLock<Arc<ScopeSet>> = LazyLock::new(|| {
    Arc::new(ScopeSet::parse("user/Patient.rs user/Practitioner.rs user/PractitionerRole.rs"))
});

impl User {
    /// The user as the policy sees the requests of our own pages.
    pub fn caller(&self, visitor: &Visitor) -> Caller {
        let subject = Subject {
            actor: Actor::Account(self.account.id.clone()),
            client: None,
            scopes: Arc::clone(&SCOPES),
            patient: None,
        };
        Caller {
            subject: Arc::new(subject),
            request: Some(visitor.request.clone()),
            address: Some(visitor.address.0.clone()),
        }
    }
}

/// `GET`: the first step and every later one.
pub async fn get(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Response {
    answer(&visitor, begin(&state, &visitor, query.as_deref().unwrap_or_default()).await)
}

async fn begin(state: &State, visitor: &Visitor, query: &str) -> Result<Response, Failure> {
    match pushed::redeem(state, query).await? {
        Some(onward) => Ok(onward),
        None => step(state, visitor, read(state, query)?).await,
    }
}

/// `POST` (row 49): the same request in a form. It is sent on to `GET`, because a form that another site submits comes
/// without our session cookie (`SameSite=Lax`), and the redirect that follows comes with it.
pub async fn post(
    extract::State(state): extract::State<State>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = headers
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let text = if form { text } else { "" };
    let outcome = match pushed::redeem(&state, text).await {
        Ok(Some(onward)) => Ok(onward),
        Ok(None) => read(&state, text).map(|request| Redirect::to(&request.path(&state)).into_response()),
        Err(failure) => Err(failure),
    };
    answer(&visitor, outcome)
}

/// Reads and judges a request.
pub fn read(state: &State, encoded: &str) -> Result<AuthorizeRequest, Failure> {
    let params = Params::parse(encoded).ok_or(OAuthError::TooLong)?;
    let (params, pushed) = pushed::unsealed(state, params)?;
    let (client, _) = request::identify(&params)?;
    super::culprit::named(&client);
    let client = state.store().client(&client).map(|client| (*client).clone());
    Ok(AuthorizeRequest::verify(client, params, state.endpoints(), pushed)?)
}

/// What is to happen next.
async fn step(state: &State, visitor: &Visitor, request: AuthorizeRequest) -> Result<Response, Failure> {
    let after = request.signed_in_after.as_deref();
    // Sealed, so that nobody at the browser talks us out of a sign-in that the app asked for.
    let after = after
        .and_then(|handle| state.web().keys().open_for_client(SIGNED_IN_AFTER, &request.client.id, handle));
    let fresh = |session: &Session| request.accepts_sign_in(session.authenticated_at, after, state.now());
    if !request.prompt.none
        && let Some(account) = visitor.account.as_deref().filter(|account| !may_use_apps(account))
    {
        return not_for_this_account(state, visitor, account, &request);
    }
    let user = match signed_in(visitor, &request)? {
        Some(user) if fresh(&user.session) => user,
        _ if request.prompt.none => return Err(request.fail(OAuthError::LoginRequired)),
        _ => return sign_in(state, visitor, &request),
    };
    if let Some(handle) = &request.launch {
        return take_launch(state, &user, &request, handle).await;
    }
    let carried = standing(state, visitor, &user, &request).await;
    if carried.context.patient.is_none() && request.scopes.has_patient_context() {
        if request.prompt.none {
            return Err(request.fail(OAuthError::InteractionRequired));
        }
        return patient::first_page(state, visitor, &user, &request).await;
    }
    let offer = Offer::prepare(state, &user, &request, carried).await?;
    if let Some(scopes) = consent::given(state, &user, &request, &offer).await? {
        return super::issue::code(state, visitor, &user, &request, offer, scopes, None).await;
    }
    if request.prompt.none {
        return Err(request.fail(OAuthError::ConsentRequired));
    }
    consent::page(state, visitor, &user, &request, &offer).await
}

/// Who is signed in, if anybody. A person whose account is not for clinical apps is refused.
pub fn signed_in(visitor: &Visitor, request: &AuthorizeRequest) -> Result<Option<User>, Failure> {
    let (Some(account), Some(session)) = (visitor.account.clone(), visitor.session.clone()) else {
        return Ok(None);
    };
    if may_use_apps(&account) {
        Ok(Some(User { account, session }))
    } else {
        Err(request.fail(OAuthError::NotForThisAccount))
    }
}

/// Staff and guardians reach no clinical data through apps (DESIGN.md 2).
fn may_use_apps(account: &Account) -> bool {
    matches!(account.kind, AccountKind::Provider { .. } | AccountKind::Sponsored)
}

#[derive(Template)]
#[template(path = "oauth/other_account.html")]
struct OtherAccountPage {
    chrome: Chrome,
    app: String,
    name: String,
    request: String,
    sign_in: String,
}

/// Says so to a person whose account is not for clinical apps, with the two ways on.
fn not_for_this_account(
    state: &State,
    visitor: &Visitor,
    account: &Account,
    request: &AuthorizeRequest,
) -> Result<Response, Failure> {
    let back = LocalPath::parse(&request.path_after_sign_in(state)).ok_or(OAuthError::TooLong)?;
    let template = OtherAccountPage {
        chrome: visitor.chrome("This account cannot use the app"),
        app: request.client.name.clone(),
        name: account.name.clone(),
        request: request.encode(state),
        sign_in: back.sign_in_again_url(),
    };
    let page = Page::new(template).status(StatusCode::FORBIDDEN);
    Ok(page.allow_form_to(form_target(&request.reply.redirect_uri)).into_response())
}

/// Sends the browser to sign in, once more if somebody is signed in, and back to this request.
pub fn sign_in(state: &State, visitor: &Visitor, request: &AuthorizeRequest) -> Result<Response, Failure> {
    let back = LocalPath::parse(&request.path_after_sign_in(state)).ok_or(OAuthError::TooLong)?;
    let place = if visitor.account.is_some() { back.sign_in_again_url() } else { back.sign_in_url() };
    Ok(Redirect::to(&place).into_response())
}

/// The context that earlier steps settled; an empty one at the beginning.
pub fn carried(state: &State, user: &User, request: &AuthorizeRequest) -> Carried {
    let open = |handle: &String| Carried::open(state.web(), &user.account.id, &request.client.id, handle);
    request.context.as_ref().and_then(open).unwrap_or_else(|| {
        Carried::nothing(request.client.id.clone(), state.now().plus(state.settings().context_life))
    })
}

/// The context that earlier steps settled, as far as it still stands: a patient who has gone beyond the user's reach
/// meanwhile has to be chosen again, and takes along all that belonged to them. When the EHR cannot say, it stands: each
/// request for a record is judged anyway. The hospital's own apps are launched from a page that has just asked.
pub async fn standing(state: &State, visitor: &Visitor, user: &User, request: &AuthorizeRequest) -> Carried {
    let carried = carried(state, user, request);
    let Some(patient) = &carried.context.patient else { return carried };
    if carried.ehr_launch && request.client.trusted {
        return carried;
    }
    match state.patients().reachable(&user.caller(visitor), patient).await {
        Ok(None) => Carried { context: LaunchContext::default(), ehr_launch: false, ..carried },
        Ok(Some(_)) | Err(_) => carried,
    }
}

/// Takes an EHR launch: once, for the client and the user that it was made for (rows 352, 361, 362). Its context goes on as a
/// sealed handle.
async fn take_launch(
    state: &State,
    user: &User,
    request: &AuthorizeRequest,
    handle: &str,
) -> Result<Response, Failure> {
    let token = PlainToken::presented(TokenKind::Launch, handle);
    let token = token.ok_or_else(|| request.fail(OAuthError::UnknownLaunch))?;
    let launch = state.store().take_launch(&token.hash()).await.map_err(|e| request.internal(&e))?;
    let launch = launch.filter(|l| l.client == request.client.id && l.account == user.account.id);
    let launch = launch.ok_or_else(|| request.fail(OAuthError::UnknownLaunch))?;
    let carried = Carried {
        client: launch.client,
        context: launch.context,
        ehr_launch: true,
        until: state.now().plus(state.settings().context_life),
    };
    let path = request.path_with_context(state, &carried.seal(state.web(), &user.account.id));
    Ok(Redirect::to(&path).into_response())
}

/// `GET` of an address that a form posts to: there is nothing to show without the form.
pub async fn out_of_date(visitor: Visitor) -> Response {
    answer(&visitor, Err(Failure::Page(OAuthError::StaleForm)))
}

/// The request of a form of ours, from its hidden field, and who sent it. A user who has been signed out meanwhile is sent to
/// sign in and back to the request.
pub fn from_form(
    state: &State,
    visitor: &Visitor,
    fields: &[(String, String)],
) -> Result<Result<(AuthorizeRequest, User), Response>, Failure> {
    let encoded = fields.iter().find(|(name, _)| name == "request").map_or("", |(_, value)| value);
    let request = read(state, encoded)?;
    match signed_in(visitor, &request)? {
        Some(user) => Ok(Ok((request, user))),
        None => sign_in(state, visitor, &request).map(Err),
    }
}
