//! `/staff/registration-tokens`: initial access tokens, with which a vendor registers without waiting (RFC 7591 1.2).

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::accounts::AccountsError;
use crate::accounts::registration::{NewInitialToken, RegistrationError};
use crate::domain::client::ClientKind;
use crate::domain::ids::{InitialTokenId, PracticeId};
use crate::domain::registration::{InitialToken, InitialTokenState};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Provisioning, SignedIn};

/// A token in the list.
struct Row {
    id: String,
    label: String,
    kinds: String,
    scope: String,
    at_once: bool,
    used: String,
    expires: String,
    state: &'static str,
    live: bool,
}

/// What was typed, or what stands there to begin with.
#[expect(clippy::struct_excessive_bools, reason = "the check boxes of a form")]
struct Typed {
    label: String,
    public: bool,
    confidential: bool,
    backend: bool,
    scope: String,
    at_once: bool,
    practice: String,
    uses: String,
    days: String,
}

impl Typed {
    fn blank() -> Self {
        Self {
            label: String::new(),
            public: true,
            confidential: true,
            backend: false,
            scope: "launch launch/patient openid fhirUser patient/*.rs".to_owned(),
            at_once: false,
            practice: String::new(),
            uses: "1".to_owned(),
            days: "7".to_owned(),
        }
    }

    fn read(fields: &[(String, String)]) -> Self {
        let get = |name: &str| {
            fields
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value.trim().to_owned())
                .unwrap_or_default()
        };
        let has = |name: &str| !get(name).is_empty();
        Self {
            label: get("label"),
            public: has("kinds"),
            confidential: has("confidential"),
            backend: has("backend"),
            scope: get("scope"),
            at_once: has("at_once"),
            practice: get("practice"),
            uses: get("uses"),
            days: get("days"),
        }
    }

    /// What is not a number is none that is allowed.
    fn token(&self) -> NewInitialToken {
        let kinds = [
            (self.public, ClientKind::Public),
            (self.confidential, ClientKind::Confidential),
            (self.backend, ClientKind::Backend),
        ];
        let days: u32 = self.days.parse().unwrap_or(0);
        NewInitialToken {
            label: self.label.clone(),
            kinds: kinds.into_iter().filter(|(chosen, _)| *chosen).map(|(_, kind)| kind).collect(),
            scope: self.scope.clone(),
            at_once: self.at_once,
            practice: PracticeId::parse(&self.practice).ok().filter(|_| self.backend),
            uses: self.uses.parse().unwrap_or(0),
            life: Duration::from_hours(24 * u64::from(days)),
        }
    }
}

#[derive(Template)]
#[template(path = "portal/staff/registration_tokens.html")]
struct TokensPage {
    chrome: Chrome,
    errors: FormErrors,
    typed: Typed,
    practices: Vec<(String, String)>,
    rows: Vec<Row>,
    /// A token just made: shown once.
    token: Option<String>,
}

/// The tokens, and the form of a new one.
pub async fn list(State(portal): State<Portal>, user: Provisioning) -> Result<Response, Problem> {
    let page = page(&portal, &user, Typed::blank(), FormErrors::default(), None).await?;
    Ok(Page::new(page).into_response())
}

async fn page(
    portal: &Portal,
    user: &SignedIn,
    typed: Typed,
    errors: FormErrors,
    token: Option<String>,
) -> Result<TokensPage, Problem> {
    let store = portal.web.store();
    let practices = store.practices().await.map_err(Problem::internal)?;
    let tokens = store.initial_tokens().await.map_err(Problem::internal)?;
    Ok(TokensPage {
        chrome: user.chrome("Registration tokens"),
        errors,
        typed,
        practices: practices.into_iter().map(|p| (p.id.to_string(), p.name)).collect(),
        rows: tokens.iter().map(|token| Row::of(token, portal)).collect(),
        token,
    })
}

impl Row {
    fn of(token: &InitialToken, portal: &Portal) -> Self {
        let state = token.state(portal.web.now());
        let kinds = token.kinds.iter().map(|kind| kind_words(*kind));
        Self {
            id: token.id.to_string(),
            label: token.label.clone(),
            kinds: kinds.collect::<Vec<_>>().join(", "),
            scope: token.scope.clone(),
            at_once: token.at_once,
            used: format!("{} of {}", token.used, token.uses),
            expires: dates::moment(token.expires_at, &portal.web.settings().time_zone),
            state: match state {
                InitialTokenState::Live => "Can be used",
                InitialTokenState::UsedUp => "Used up",
                InitialTokenState::Expired => "Expired",
                InitialTokenState::Revoked => "Taken back",
            },
            live: state == InitialTokenState::Live,
        }
    }
}

const fn kind_words(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Public => "apps without a secret",
        ClientKind::Confidential => "apps with a server",
        ClientKind::Backend => "practice systems",
    }
}

/// Makes a token and shows it once.
pub async fn add(
    State(portal): State<Portal>,
    user: Provisioning,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed::read(&fields);
    match portal.accounts.add_initial_token(typed.token(), &by(&user)).await {
        Ok((_, secret)) => {
            let token = Some(secret.expose().to_owned());
            let page = page(&portal, &user, Typed::blank(), FormErrors::default(), token).await?;
            Ok(Page::new(page).into_response())
        }
        Err(RegistrationError::Wrong(wrong)) => {
            let mut errors = FormErrors::default();
            for wrong in wrong {
                errors.add(wrong.field, wrong.message);
            }
            let page = page(&portal, &user, typed, errors, None).await?;
            Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(error) => Err(Problem::internal(error)),
    }
}

/// Takes a token back.
pub async fn revoke(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
    _form: CsrfForm<Vec<(String, String)>>,
) -> Result<Redirect, Problem> {
    let id = InitialTokenId::parse(&id).map_err(|_| Problem::NotFound)?;
    match portal.accounts.revoke_initial_token(&id, &by(&user)).await {
        // Taken back already is as good.
        Ok(()) | Err(RegistrationError::Failed(AccountsError::Unknown)) => {
            Ok(Redirect::to("/staff/registration-tokens"))
        }
        Err(error) => Err(Problem::internal(error)),
    }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let row = |state, live| Row {
        id: if live { "a".into() } else { "b".into() },
        label: "Growth Charts Ltd".into(),
        kinds: "apps without a secret".into(),
        scope: "launch/patient openid patient/*.rs".into(),
        at_once: true,
        used: "1 of 5".into(),
        expires: "1 Dec 2026, 14:05".into(),
        state,
        live,
    };
    let page = |token: Option<&str>, errors, rows| TokensPage {
        chrome: chrome.clone(),
        errors,
        typed: Typed::blank(),
        practices: vec![("oak".into(), "Oak Street Pediatrics".into())],
        rows,
        token: token.map(str::to_owned),
    };
    let wrong = FormErrors::one("label", "Say for whom the token is, in at most 100 characters.");
    let rows = || vec![row("Can be used", true), row("Used up", false)];
    let token = Some("cgi_3vJp0hQmC9k2S7yB4nWxZ1aEfGtLrUoI8dKcVbNqPsY");
    vec![
        ("staff-registration-tokens", page(None, FormErrors::default(), rows()).render().unwrap()),
        ("staff-registration-tokens-made", page(token, FormErrors::default(), rows()).render().unwrap()),
        ("staff-registration-tokens-wrong", page(None, wrong, vec![]).render().unwrap()),
    ]
}
