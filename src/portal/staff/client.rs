//! `/staff/clients/{id}`: one registration, with all that is needed to decide about it, and the decisions.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::accounts::registration::{Approval, RegistrationError, concerns};
use crate::accounts::{AccountsError, By};
use crate::domain::client::{Client, ClientKind, ClientSecurity, ClientState};
use crate::domain::ids::{ClientId, Npi, PracticeId};
use crate::fhir::scope::{ScopeContext, ScopeSet};
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::portal::vendors::{Value, changes, values};
use crate::store::clients::Registration;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::scope_words;
use crate::web::session::{Provisioning, SignedIn, Staff};

/// A scope as staff see it.
struct Scope {
    text: String,
    words: String,
}

/// A practice to choose.
struct Choice {
    id: String,
    name: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "portal/staff/client.html")]
struct ClientPage {
    chrome: Chrome,
    errors: FormErrors,
    id: String,
    revision: i64,
    name: String,
    state: ClientState,
    reason: Option<String>,
    waits: String,
    /// Whether the user may decide (S-06).
    decides: bool,
    values: Vec<Value>,
    scopes: Vec<Scope>,
    concerns: Vec<&'static str>,
    changes: Vec<Value>,
    backend: bool,
    practices: Vec<Choice>,
    security: ClientSecurity,
    /// A registration access token just made: shown once.
    token: Option<String>,
    typed: String,
}

/// The page.
pub async fn show(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Staff,
) -> Result<Response, Problem> {
    let registration = find(&portal, &id).await?;
    let page = page(&portal, &user, registration, Shown::default()).await?;
    Ok(Page::new(page).into_response())
}

/// What a page shows beyond how the registration stands.
#[derive(Default)]
struct Shown {
    errors: FormErrors,
    token: Option<String>,
    typed: String,
}

async fn page(
    portal: &Portal,
    user: &SignedIn,
    registration: Registration,
    shown: Shown,
) -> Result<ClientPage, Problem> {
    let Registration { client, revision } = registration;
    let backend = client.kind == ClientKind::Backend;
    let practices = portal.web.store().practices().await.map_err(Problem::internal)?;
    let bound = practices.iter().find(|practice| Some(&practice.id) == client.practice.as_ref());
    let named = client.details.practice_named.as_deref().unwrap_or_default();
    let npi = Npi::parse(named).ok();
    let fits = |practice: &crate::domain::practice::Practice| match &client.practice {
        Some(bound) => practice.id == *bound,
        None => {
            practice.name.eq_ignore_ascii_case(named)
                || npi.as_ref().is_some_and(|npi| practice.roster.contains(npi))
        }
    };
    let zone = &portal.web.settings().time_zone;
    let asked = client.details.proposal.as_ref().map_or(client.created_at, |proposal| proposal.asked_at);
    let today = dates::day_of(portal.web.now(), zone);
    Ok(ClientPage {
        chrome: user.chrome(client.name.clone()),
        errors: shown.errors,
        id: client.id.to_string(),
        revision,
        state: client.state,
        reason: client.details.reason.clone(),
        waits: dates::ago(dates::day_of(asked, zone), today),
        decides: may_decide(user),
        values: facts(&client, bound.map(|practice| practice.name.clone()), zone),
        scopes: scopes(&client),
        concerns: concerns(&client),
        changes: client.details.proposal.as_deref().map(|p| changes(&client, p)).unwrap_or_default(),
        backend,
        practices: practices
            .iter()
            .map(|p| Choice { id: p.id.to_string(), name: p.name.clone(), chosen: fits(p) })
            .collect(),
        security: client.details.security,
        token: shown.token,
        typed: shown.typed,
        name: client.name,
    })
}

/// What is registered, and since when.
fn facts(client: &Client, practice: Option<String>, zone: &jiff::tz::TimeZone) -> Vec<Value> {
    let mut facts = values(client, practice);
    facts.push(Value { name: "Registered", lines: vec![dates::moment(client.created_at, zone)] });
    if client.trusted {
        let lines = vec!["Users are not asked: it is the hospital\u{2019}s own".to_owned()];
        facts.push(Value { name: "Consent", lines });
    }
    facts
}

/// Whether the user decides about clients (S-06).
pub fn may_decide(user: &SignedIn) -> bool {
    use crate::domain::account::{AccountKind, StaffRole};
    matches!(user.account.kind, AccountKind::Staff { role: StaffRole::Provisioning })
}

fn scopes(client: &Client) -> Vec<Scope> {
    let set = ScopeSet::parse(&client.scope);
    let words = set.words.iter().map(|word| Scope {
        words: match word.as_str() {
            "offline_access" => "Keeps its access for months while the user is away".to_owned(),
            "online_access" => "Keeps its access while the user is signed in".to_owned(),
            "openid" | "profile" => "Who the user is, by name".to_owned(),
            "fhirUser" => "The user\u{2019}s entry in the hospital\u{2019}s directory".to_owned(),
            "launch" => "Which patient is open when it is launched".to_owned(),
            "launch/patient" => "Which patient the user picks".to_owned(),
            word => scope_words::word_words(word).unwrap_or_default().to_owned(),
        },
        text: word.clone(),
    });
    let resources = set.resources.iter().map(|scope| {
        let whose = match scope.context {
            ScopeContext::Patient => "of the patient who is open",
            ScopeContext::User => "of every patient whom the user may see",
            ScopeContext::System => "of the practice\u{2019}s patients",
        };
        Scope { words: format!("{}, {whose}", scope_words::scope_words(scope)), text: scope.text.clone() }
    });
    words.chain(resources).collect()
}

/// The fields of a decision, as they came.
pub struct Decision(Vec<(String, String)>);

impl Decision {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    fn all(&self, name: &str) -> String {
        let values: Vec<_> = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
        values.join(" ")
    }

    /// The revision that was looked at; one that is not a number is no revision.
    fn revision(&self) -> i64 {
        self.get("revision").parse().unwrap_or(-1)
    }

    fn security(&self) -> ClientSecurity {
        ClientSecurity {
            pushed_requests: self.has("pushed_requests"),
            bound_tokens: self.has("bound_tokens"),
            fapi: self.has("fapi"),
        }
    }
}

/// What staff do with a registration, by the last part of the address.
async fn act(
    portal: &Portal,
    id: &ClientId,
    what: &str,
    form: &Decision,
    by: &By,
) -> Result<Option<String>, RegistrationError> {
    let accounts = &portal.accounts;
    let reason = form.get("reason");
    match what {
        "approve" => {
            let approval = Approval {
                revision: form.revision(),
                scope: form.all("scope"),
                practice: PracticeId::parse(form.get("practice")).ok(),
                security: form.security(),
            };
            accounts.approve_client(id, approval, by).await?;
        }
        "refuse" => accounts.refuse_client(id, form.revision(), reason, by).await?,
        "approve-change" => accounts.approve_change(id, form.revision(), by).await?,
        "refuse-change" => accounts.refuse_change(id, form.revision(), reason, by).await?,
        "suspend" => accounts.suspend_client(id, reason, by).await?,
        "reactivate" => accounts.reactivate_client(id, by).await?,
        "security" => accounts.set_client_security(id, form.security(), by).await?,
        "token" => return Ok(Some(accounts.renew_management(id, by).await?.expose().to_owned())),
        _ => return Err(RegistrationError::Failed(AccountsError::Unknown)),
    }
    Ok(None)
}

/// A decision: done, and the next registration that waits comes; or the page again, with what is in the way.
pub async fn decide(
    State(portal): State<Portal>,
    Path((id, what)): Path<(String, String)>,
    user: Provisioning,
    CsrfForm(fields): CsrfForm<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let client = ClientId::parse(&id).map_err(|_| Problem::NotFound)?;
    let form = Decision(fields);
    let typed = form.get("reason").to_owned();
    let mut errors = FormErrors::default();
    match act(&portal, &client, &what, &form, &by(&user)).await {
        Ok(None) => return Ok(Redirect::to(&next(&portal, &what, &id).await?).into_response()),
        Ok(token) => {
            let registration = find(&portal, &id).await?;
            let page = page(&portal, &user, registration, Shown { token, ..Shown::default() }).await?;
            return Ok(Page::new(page).into_response());
        }
        Err(RegistrationError::Wrong(wrong)) => {
            for wrong in wrong {
                errors.add(wrong.field, wrong.message);
            }
        }
        Err(error @ (RegistrationError::State(_) | RegistrationError::Changed)) => {
            errors.add("stands", error.to_string());
        }
        Err(RegistrationError::Failed(AccountsError::Unknown)) => return Err(Problem::NotFound),
        Err(error) => return Err(Problem::internal(error)),
    }
    let registration = find(&portal, &id).await?;
    let page = page(&portal, &user, registration, Shown { errors, typed, token: None }).await?;
    Ok(Page::new(page).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

/// `GET` of an address that a form posts to: the page with the form.
pub async fn back(Path((id, _)): Path<(String, String)>, _user: Staff) -> Result<Redirect, Problem> {
    let id = ClientId::parse(&id).map_err(|_| Problem::NotFound)?;
    Ok(Redirect::to(&format!("/staff/clients/{id}")))
}

/// Where a decision leads: from the queue to the next that waits, else back to the registration.
async fn next(portal: &Portal, what: &str, id: &str) -> Result<String, Problem> {
    if !matches!(what, "approve" | "refuse" | "approve-change" | "refuse-change") {
        return Ok(format!("/staff/clients/{id}"));
    }
    let clients = portal.web.store().clients().await.map_err(Problem::internal)?;
    let waiting = super::clients::waiting(&clients);
    Ok(waiting.first().map_or_else(|| "/staff/clients".to_owned(), |c| format!("/staff/clients/{}", c.id)))
}

#[derive(Template)]
#[template(path = "portal/staff/client_remove.html")]
struct RemovePage {
    chrome: Chrome,
    id: String,
    name: String,
}

/// What removal means.
pub async fn ask_remove(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
) -> Result<Response, Problem> {
    let name = find(&portal, &id).await?.client.name;
    Ok(Page::new(RemovePage { chrome: user.chrome(format!("Remove {name}")), id, name }).into_response())
}

/// Removes.
pub async fn remove(
    State(portal): State<Portal>,
    Path(id): Path<String>,
    user: Provisioning,
    _form: CsrfForm<Vec<(String, String)>>,
) -> Result<Redirect, Problem> {
    let id = ClientId::parse(&id).map_err(|_| Problem::NotFound)?;
    match portal.accounts.remove_client(&id, &by(&user)).await {
        Ok(()) => Ok(Redirect::to("/staff/clients")),
        Err(AccountsError::Unknown) => Err(Problem::NotFound),
        Err(error) => Err(Problem::internal(error)),
    }
}

async fn find(portal: &Portal, id: &str) -> Result<Registration, Problem> {
    let id = ClientId::parse(id).map_err(|_| Problem::NotFound)?;
    portal.web.store().registration(&id).await.map_err(Problem::internal)?.ok_or(Problem::NotFound)
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let value = |name, line: &str| Value { name, lines: vec![line.to_owned()] };
    let page = |state, errors: FormErrors, changes| ClientPage {
        chrome: Chrome { title: "Growth Charts".into(), ..chrome.clone() },
        errors,
        id: "growth".into(),
        revision: 3,
        name: "Growth Charts".into(),
        state,
        reason: None,
        waits: "3 days ago".into(),
        decides: true,
        values: vec![
            value("Kind", "An app with a server"),
            value("Redirect addresses", "https://growth.example/cb"),
        ],
        scopes: vec![Scope { text: "patient/*.rs".into(), words: "Every kind of record".into() }],
        concerns: vec!["It names no privacy policy."],
        changes,
        backend: true,
        practices: vec![Choice { id: "oak".into(), name: "Oak Street Pediatrics".into(), chosen: true }],
        security: ClientSecurity::default(),
        token: (state == ClientState::Suspended).then(|| "cgm_sample".to_owned()),
        typed: String::new(),
    };
    let remove = RemovePage { chrome: chrome.clone(), id: "growth".into(), name: "Growth Charts".into() };
    let change = vec![value("Scopes", "patient/*.rs")];
    let wrong = FormErrors::one("reason", "Say why, in at most 500 characters: the vendor reads it.");
    let none = FormErrors::default;
    vec![
        ("staff-client-pending", page(ClientState::Pending, none(), vec![]).render().unwrap()),
        ("staff-client-wrong", page(ClientState::Pending, wrong, vec![]).render().unwrap()),
        ("staff-client-active", page(ClientState::Active, none(), change).render().unwrap()),
        ("staff-client-suspended", page(ClientState::Suspended, none(), vec![]).render().unwrap()),
        ("staff-client-refused", page(ClientState::Refused, none(), vec![]).render().unwrap()),
        ("staff-client-remove", remove.render().unwrap()),
    ]
}
