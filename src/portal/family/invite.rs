//! "Invite a doctor" in three steps: who, which parts and how long, check and send or print (S-45, S-50). The answers travel with the
//! forms, so that nothing is kept until the last step.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::child::{Child, ChildWords, Stop};
use super::choices::{Boxes, Fields, parts};
use super::grants::{EndPage, Nothing, failed};
use super::people::practices_of;
use super::sheet;
use crate::accounts::AccountsError;
use crate::accounts::families::Choice;
use crate::accounts::invitations::{LONGEST_NAME, NewInvitation};
use crate::domain::account::Account;
use crate::domain::clock::Timestamp;
use crate::domain::ids::InvitationId;
use crate::domain::invitation::{Invitation, InvitationState};
use crate::domain::language::Language;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::csrf::CsrfForm;
use crate::web::dates;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Guardian;
use crate::words::{say, say_with};

/// Every answer so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answers {
    /// The step whose form this is: `who`, `parts`, `check`.
    step: String,
    /// Present when the user goes back a step.
    back: String,
    /// `email` or `paper`.
    way: String,
    name: String,
    email: String,
    visits: String,
    notes: String,
    medications: String,
    labs: String,
    restricted: String,
    until: String,
    ends: String,
}

impl Answers {
    fn fields(&self) -> Fields {
        Fields {
            visits: self.visits.clone(),
            notes: self.notes.clone(),
            medications: self.medications.clone(),
            labs: self.labs.clone(),
            restricted: self.restricted.clone(),
            until: self.until.clone(),
            ends: self.ends.clone(),
        }
    }

    fn by_mail(&self) -> bool {
        self.way == "email"
    }

    /// What the form of a step hands on that it does not ask for.
    fn carried(&self, names: &[&str]) -> Vec<(String, String)> {
        let all = [
            ("way", &self.way),
            ("name", &self.name),
            ("email", &self.email),
            ("visits", &self.visits),
            ("notes", &self.notes),
            ("medications", &self.medications),
            ("labs", &self.labs),
            ("restricted", &self.restricted),
            ("until", &self.until),
            ("ends", &self.ends),
        ];
        all.iter()
            .filter(|(name, value)| names.contains(name) && !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), (*value).clone()))
            .collect()
    }

    /// What is wrong with the first step.
    fn check_who(&self, language: Language) -> FormErrors {
        let mut errors = FormErrors::default();
        if !matches!(self.way.as_str(), "email" | "paper") {
            errors.add("way-email", say(language, "family-error-way"));
        }
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            errors.add("name", say(language, "family-error-name"));
        }
        if self.by_mail() && !looks_like_an_address(self.email.trim()) {
            errors.add("email", say(language, "family-error-email"));
        }
        errors
    }
}

/// Whether a mail can be tried: the mail server decides the rest.
fn looks_like_an_address(text: &str) -> bool {
    let plain = text.len() <= 254
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b',' | b';' | b'<' | b'>'));
    plain
        && text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty()
                && !host.contains('@')
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
        })
}

const WHO: &[&str] = &["way", "name", "email"];
const PARTS: &[&str] = &["visits", "notes", "medications", "labs", "restricted", "until", "ends"];
const ALL: &[&str] =
    &["way", "name", "email", "visits", "notes", "medications", "labs", "restricted", "until", "ends"];

#[derive(Template)]
#[template(path = "portal/family/invite_who.html")]
struct WhoPage {
    chrome: Chrome,
    child: ChildWords,
    errors: FormErrors,
    action: String,
    carried: Vec<(String, String)>,
    way: String,
    name: String,
    email: String,
}

#[derive(Template)]
#[template(path = "portal/family/invite_parts.html")]
struct PartsPage {
    chrome: Chrome,
    child: ChildWords,
    errors: FormErrors,
    action: String,
    carried: Vec<(String, String)>,
    boxes: Boxes,
}

#[derive(Template)]
#[template(path = "portal/family/invite_check.html")]
struct CheckPage {
    chrome: Chrome,
    child: ChildWords,
    action: String,
    carried: Vec<(String, String)>,
    /// Each choice with what it is of.
    facts: Vec<(String, String)>,
    /// What happens when the button is pressed.
    effect: String,
    button: String,
}

pub async fn start(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = invitable(&portal, &user, &handle).await?;
    Ok(who(&user, child, &Answers::default(), FormErrors::default()))
}

/// The child, if an invitation can be bound to its MRN.
async fn invitable(portal: &Portal, user: &Guardian, handle: &str) -> Result<Child, Stop> {
    let child = Child::load(portal, user, handle).await?;
    if child.view.mrn.is_some() { Ok(child) } else { Err(Problem::NotFound.into()) }
}

pub async fn step(
    State(portal): State<Portal>,
    Path(handle): Path<String>,
    user: Guardian,
    CsrfForm(answers): CsrfForm<Answers>,
) -> Result<Response, Stop> {
    let child = invitable(&portal, &user, &handle).await?;
    let language = child.words.language;
    let back = !answers.back.is_empty();
    match (answers.step.as_str(), back) {
        ("parts", true) => return Ok(who(&user, child, &answers, FormErrors::default())),
        ("check", true) => return Ok(choose(&portal, &user, child, &answers, FormErrors::default())),
        _ => {}
    }
    let errors = answers.check_who(language);
    if !errors.is_empty() {
        return Ok(who(&user, child, &answers, errors));
    }
    if answers.step == "who" {
        // A first look at the second step has everything ticked; coming back to it, what was chosen.
        let fresh = answers.until.is_empty();
        let answers = if fresh { with_defaults(answers) } else { answers };
        return Ok(choose(&portal, &user, child, &answers, FormErrors::default()));
    }
    let choice = match answers.fields().read(&portal, language) {
        Ok(choice) => choice,
        Err(errors) => return Ok(choose(&portal, &user, child, &answers, errors)),
    };
    let known = if answers.by_mail() {
        portal.accounts.provider_by_email(&answers.email).await.map_err(failed)?
    } else {
        None
    };
    if answers.step == "check" {
        return send(&portal, &user, child, answers, choice, known).await;
    }
    check(&portal, &user, child, &answers, choice, known).await
}

fn with_defaults(answers: Answers) -> Answers {
    let Fields { visits, notes, medications, labs, restricted, until, ends } = Fields::open();
    Answers { visits, notes, medications, labs, restricted, until, ends, ..answers }
}

fn status(errors: &FormErrors) -> StatusCode {
    if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

fn who(user: &Guardian, child: Child, answers: &Answers, errors: FormErrors) -> Response {
    let status = status(&errors);
    let page = WhoPage {
        chrome: user.translated_as(child.words.say("family-invite-title")),
        action: child.words.at("invite"),
        carried: answers.carried(PARTS),
        way: answers.way.clone(),
        name: answers.name.clone(),
        email: answers.email.clone(),
        child: child.words,
        errors,
    };
    Page::new(page).status(status).into_response()
}

fn choose(portal: &Portal, user: &Guardian, child: Child, answers: &Answers, errors: FormErrors) -> Response {
    let status = status(&errors);
    let title = say_with(
        child.words.language,
        "family-invite-parts-title",
        &[("person", answers.name.trim().into()), ("name", (&child.words.name).into())],
    );
    let page = PartsPage {
        chrome: user.translated_as(title),
        action: child.words.at("invite"),
        carried: answers.carried(WHO),
        boxes: Boxes::of(portal, &child, &answers.fields()),
        child: child.words,
        errors,
    };
    Page::new(page).status(status).into_response()
}

async fn check(
    portal: &Portal,
    user: &Guardian,
    child: Child,
    answers: &Answers,
    choice: Choice,
    known: Option<Account>,
) -> Result<Response, Stop> {
    let language = child.words.language;
    let person = known.as_ref().map_or(answers.name.trim(), |account| account.name.as_str());
    let places = [("person", person.into()), ("name", (&child.words.name).into())];
    let (effect, button) = match (&known, answers.by_mail()) {
        (Some(_), _) => ("family-check-known", "family-check-known-button"),
        (None, true) => ("family-check-mail", "family-check-mail-button"),
        (None, false) => ("family-check-paper", "family-check-paper-button"),
    };
    let mut facts = vec![(say(language, "family-check-who"), person.to_owned())];
    if let Some(account) = &known {
        facts.push((say(language, "family-check-from"), practices_of(portal, account).await?));
    }
    if answers.by_mail() {
        facts.push((say(language, "family-check-email"), answers.email.trim().to_owned()));
    }
    let until = child.until(portal, child.decider.acts_as, child.decider.until(choice.ends_at));
    facts.push((say(language, "family-sees"), parts(language, choice.kinds, choice.covers_restricted)));
    facts.push((say(language, "family-how-long"), until));
    let page = CheckPage {
        chrome: user.translated("family-check-title"),
        action: child.words.at("invite"),
        carried: answers.carried(ALL),
        facts,
        effect: say_with(language, effect, &places),
        button: say_with(language, button, &places),
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

async fn send(
    portal: &Portal,
    user: &Guardian,
    child: Child,
    answers: Answers,
    choice: Choice,
    known: Option<Account>,
) -> Result<Response, Stop> {
    let by = by(user);
    if let Some(account) = known {
        portal.accounts.give_grant(&child.decider, &account.id, choice, &by).await.map_err(failed)?;
        return Ok(Redirect::to(&format!("{}?did=given", child.words.href)).into_response());
    }
    let email = answers.by_mail().then(|| answers.email.trim().to_owned());
    let on_paper = email.is_none();
    let mrn = child.view.mrn.clone().unwrap_or_default();
    let new = NewInvitation { name: answers.name.clone(), email, mrn, choice };
    let made = match portal.accounts.invite(&child.decider, new, &by).await {
        Ok(made) => made,
        Err(AccountsError::Invalid(_)) => {
            let errors = FormErrors::one("name", say(child.words.language, "family-error-many"));
            return Ok(who(user, child, &answers, errors));
        }
        Err(error) => return Err(failed(error).into()),
    };
    let place = if on_paper {
        sheet::href(portal, user, &child, &made.0, made.1)
    } else {
        format!("{}?did=invited", child.words.href)
    };
    Ok(Redirect::to(&place).into_response())
}

/// An invitation on the child's page.
pub struct Listed {
    pub name: String,
    /// By mail to whom, or on paper; and when.
    pub how: String,
    pub state: String,
    /// Where it is taken back, with what the button says; only while it is open.
    pub revoke: Option<(String, String)>,
}

/// The invitations of a child: those that are open, and what became of the others in the last months.
pub async fn listed(portal: &Portal, child: &Child) -> Result<Vec<Listed>, Problem> {
    let invitations = portal.web.store().invitations_of(&child.decider.patient).await;
    let invitations = invitations.map_err(Problem::internal)?;
    Ok(invitations.iter().take(20).map(|invitation| line(portal, child, invitation)).collect())
}

fn line(portal: &Portal, child: &Child, invitation: &Invitation) -> Listed {
    let language = child.words.language;
    let day = |at: Timestamp| dates::day_in(language, dates::day_of(at, &portal.accounts.majority().zone));
    let made = day(invitation.created_at);
    let how = match &invitation.email {
        Some(email) => {
            say_with(language, "family-invited-mail", &[("email", email.into()), ("day", (&made).into())])
        }
        None => say_with(language, "family-invited-paper", &[("day", (&made).into())]),
    };
    let open = invitation.works_at(portal.web.now());
    let state = match invitation.state {
        InvitationState::Open if open => {
            let until =
                day(invitation.expires_at.min(invitation.grant_ends_at.unwrap_or(invitation.expires_at)));
            say_with(language, "family-invited-open", &[("day", (&until).into())])
        }
        InvitationState::Open => say(language, "family-invited-expired"),
        InvitationState::Used => {
            let used = invitation.used_at.map(day).unwrap_or_default();
            say_with(language, "family-invited-used", &[("day", (&used).into())])
        }
        InvitationState::Revoked => say(language, "family-invited-revoked"),
    };
    let revoke = open.then(|| {
        let label = say_with(language, "family-take-back", &[("person", (&invitation.name).into())]);
        (child.words.at(&format!("invitations/{}/revoke", invitation.id)), label)
    });
    Listed { name: invitation.name.clone(), how, state, revoke }
}

pub async fn ask_revoke(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let invitations = portal.web.store().invitations_of(&child.decider.patient).await;
    let invitation = invitations.map_err(Problem::internal)?.into_iter().find(|one| one.id.as_str() == id);
    let invitation = invitation.filter(|one| one.works_at(portal.web.now())).ok_or(Problem::NotFound)?;
    let language = child.words.language;
    let person = [("person", (&invitation.name).into())];
    let page = EndPage {
        chrome: user.translated_as(say_with(language, "family-take-back-title", &person)),
        action: child.words.at(&format!("invitations/{id}/revoke")),
        button: say_with(language, "family-take-back", &person),
        effect: say_with(language, "family-take-back-effect", &person),
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

pub async fn revoke(
    State(portal): State<Portal>,
    Path((handle, id)): Path<(String, String)>,
    user: Guardian,
    _form: CsrfForm<Nothing>,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let id = InvitationId::parse(&id).map_err(|_| Problem::NotFound)?;
    let done = portal.accounts.revoke_invitation(&child.decider, &id, &by(&user)).await;
    done.map_err(failed)?;
    Ok(Redirect::to(&format!("{}?did=taken-back", child.words.href)).into_response())
}

#[cfg(test)]
pub fn sample_listed(language: Language) -> Vec<Listed> {
    let child = super::child::sample(language);
    vec![
        Listed {
            name: "Dr. Okoye".into(),
            how: say_with(language, "family-invited-paper", &[("day", "3 Nov 2026".into())]),
            state: say_with(language, "family-invited-open", &[("day", "3 May 2027".into())]),
            revoke: Some((
                child.at("invitations/one/revoke"),
                say_with(language, "family-take-back", &[("person", "Dr. Okoye".into())]),
            )),
        },
        Listed {
            name: "Dr. Lee".into(),
            how: say_with(
                language,
                "family-invited-mail",
                &[("email", "lee@heart.example".into()), ("day", "3 Nov 2026".into())],
            ),
            state: say(language, "family-invited-revoked"),
            revoke: None,
        },
    ]
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let language = chrome.language;
    let child = super::child::sample(language);
    let titled = |key| Chrome {
        title: say_with(language, key, &[("name", "Mia".into()), ("person", "Dr. Okoye".into())]),
        ..chrome.clone()
    };
    let places = [("person", "Dr. Okoye".into()), ("name", "Mia".into())];
    let who = |errors| WhoPage {
        chrome: titled("family-invite-title"),
        child: child.clone(),
        errors,
        action: child.at("invite"),
        carried: vec![],
        way: "email".into(),
        name: String::new(),
        email: "x".into(),
    };
    let wrong = Answers { way: "email".into(), email: "x".into(), ..Answers::default() }.check_who(language);
    assert_eq!(wrong.all().len(), 2);
    let parts_page = PartsPage {
        chrome: titled("family-invite-parts-title"),
        child: child.clone(),
        errors: FormErrors::default(),
        action: child.at("invite"),
        carried: vec![("name".into(), "Dr. Okoye".into())],
        boxes: Boxes::sample(language),
    };
    let check = CheckPage {
        chrome: titled("family-check-title"),
        child: child.clone(),
        action: child.at("invite"),
        carried: vec![("name".into(), "Dr. Okoye".into())],
        facts: vec![(say(language, "family-check-who"), "Dr. Okoye".into())],
        effect: say_with(language, "family-check-paper", &places),
        button: say_with(language, "family-check-paper-button", &places),
    };
    vec![
        ("family-invite", who(FormErrors::default()).render().unwrap()),
        ("family-invite-wrong", who(wrong).render().unwrap()),
        ("family-invite-parts", parts_page.render().unwrap()),
        ("family-invite-check", check.render().unwrap()),
    ]
}
