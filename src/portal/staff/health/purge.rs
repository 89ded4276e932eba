//! `/staff/health/forget`: provisioning staff have something forgotten of what the EHR said, on every node: first what it means,
//! then that it is done.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use crate::access::forget::Forget;
use crate::domain::account::{AccountKind, StaffRole};
use crate::domain::ids::Mrn;
use crate::fhir::resource_type::ResourceType;
use crate::portal::Portal;
use crate::portal::staff::audit::patient_with;
use crate::records::purges::{PurgeError, PurgedBy};
use crate::web::csrf::CsrfForm;
use crate::web::forms::FormErrors;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::{Provisioning, SignedIn, Staff};

/// What a handle that names a purge is for.
const PURPOSE: &str = "forget";

#[derive(Template)]
#[template(path = "portal/staff/forget.html")]
struct AskPage {
    chrome: Chrome,
    errors: FormErrors,
    what: String,
    mrn: String,
    chosen: String,
    types: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "portal/staff/forget_review.html")]
struct ReviewPage {
    chrome: Chrome,
    errors: FormErrors,
    /// As in the heading: "Forget …?"
    subject: String,
    consequences: Vec<&'static str>,
    /// The sealed purge: an MRN leads to an identifier, which no page shows.
    handle: String,
}

/// What was typed. An MRN travels in the body of a POST, never in a URL.
#[derive(Default, Deserialize)]
pub struct Form {
    #[serde(default)]
    what: String,
    #[serde(default)]
    mrn: String,
    #[serde(default, rename = "type")]
    chosen: String,
}

/// The purge that was looked through.
#[derive(Deserialize)]
pub struct Confirmed {
    #[serde(default)]
    handle: String,
}

/// Whether the user may have something forgotten (S-06).
pub fn decides(user: &Staff) -> bool {
    matches!(user.account.kind, AccountKind::Staff { role: StaffRole::Provisioning })
}

/// What is said of a purge of this kind that was done.
pub fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "patient" => "What the EHR said of this patient is forgotten.",
        "type" => "What the EHR said of this type is forgotten.",
        "all" => "Everything that the EHR said is forgotten.",
        _ => return None,
    })
}

/// The form.
pub async fn ask(user: Provisioning) -> Response {
    Page::new(asked(&user, Form { what: "patient".to_owned(), ..Form::default() }, FormErrors::default()))
        .into_response()
}

fn asked(user: &SignedIn, form: Form, errors: FormErrors) -> AskPage {
    AskPage {
        chrome: user.chrome("Forget what the EHR said"),
        errors,
        what: form.what,
        mrn: form.mrn,
        chosen: form.chosen,
        types: ResourceType::ALL.iter().map(|resource_type| resource_type.as_str()).collect(),
    }
}

/// What the purge would do, before it is done.
pub async fn review(
    State(portal): State<Portal>,
    user: Provisioning,
    CsrfForm(form): CsrfForm<Form>,
) -> Result<Response, Problem> {
    match sought(&portal, &user, &form).await? {
        Ok((subject, what)) => {
            let sealed = (what.to_string(), &subject);
            let handle = portal.web.keys().seal(PURPOSE, &user.account.id, &sealed, portal.web.random());
            let page = ReviewPage {
                chrome: user.chrome("Forget what the EHR said"),
                errors: FormErrors::default(),
                subject,
                consequences: consequences(&what),
                handle,
            };
            Ok(Page::new(page).into_response())
        }
        Err(errors) => {
            Ok(Page::new(asked(&user, form, errors)).status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

async fn sought(
    portal: &Portal,
    user: &Provisioning,
    form: &Form,
) -> Result<Result<(String, Forget), FormErrors>, Problem> {
    let wrong = |field, message| Ok(Err(FormErrors::one(field, message)));
    match form.what.as_str() {
        "patient" => {
            let Ok(mrn) = Mrn::parse(form.mrn.trim()) else {
                return wrong("mrn", "Enter an MRN: letters, digits and hyphens.");
            };
            let subject = format!("what is held of the patient with MRN {mrn}");
            let Some(patient) = patient_with(portal, user, mrn).await? else {
                return wrong("mrn", "No patient has this MRN. Check each digit.");
            };
            Ok(Ok((subject, Forget::Patient(patient))))
        }
        "type" => match ResourceType::parse(&form.chosen) {
            Some(resource_type) => {
                Ok(Ok((format!("what is held of every {resource_type}"), Forget::Type(resource_type))))
            }
            None => wrong("type", "Choose a type."),
        },
        "all" => Ok(Ok(("everything that is held".to_owned(), Forget::All))),
        _ => wrong("what-patient", "Choose what is to be forgotten."),
    }
}

fn consequences(what: &Forget) -> Vec<&'static str> {
    let mut all = match what {
        Forget::Patient(_) | Forget::PatientType(..) => vec![
            "Everything with something of this patient in it is forgotten: reads, searches, pages, what was included, and who the PCP is.",
            "So is what may be anybody’s: searches that name no patient, and contents of documents.",
        ],
        Forget::Type(
            ResourceType::Patient
            | ResourceType::Practitioner
            | ResourceType::PractitionerRole
            | ResourceType::Organization
            | ResourceType::Group,
        ) => vec![
            "Every answer for or with a resource of this type is forgotten.",
            "Who is whose PCP is forgotten as well, for all patients.",
        ],
        Forget::Type(_) | Forget::Resource(..) => {
            vec!["Every answer for or with a resource of this type is forgotten, of all patients."]
        }
        Forget::All => vec![
            "Everything that the EHR said is forgotten, and who is whose PCP.",
            "The EHR is asked for all of it again: expect slower pages for some minutes, most at a busy time.",
        ],
    };
    all.extend([
        "It holds on this node at once, and on every other within two seconds.",
        "The next request asks the EHR. While the EHR cannot be reached there is nothing to show in its place.",
        "Nothing is changed in the EHR, and nobody gains or loses access.",
        "The audit log says that you did it.",
    ]);
    all
}

/// Does it.
pub async fn confirm(
    State(portal): State<Portal>,
    user: Provisioning,
    CsrfForm(form): CsrfForm<Confirmed>,
) -> Result<Response, Problem> {
    let opened = portal.web.keys().open(PURPOSE, &user.account.id, &form.handle);
    let (what, subject): (String, String) = opened.ok_or(Problem::Unreadable)?;
    let what = Forget::parse(&what).ok_or(Problem::Unreadable)?;
    let by = PurgedBy {
        account: Some(user.account.id.clone()),
        way: "staff",
        request: Some(user.request.clone()),
        address: Some(user.address.0.clone()),
    };
    let message = match portal.upkeep.purges.order(&by, std::slice::from_ref(&what)).await {
        Ok(()) => {
            return Ok(Redirect::to(&format!("/staff/health?forgotten={}", what.word())).into_response());
        }
        Err(PurgeError::NotRecorded) => {
            "It is forgotten, but the audit log could not be written. Please do it once more."
        }
        Err(PurgeError::NotAnnounced) => {
            "It is forgotten on this node, but the others could not be told. Please do it once more."
        }
    };
    let page = ReviewPage {
        chrome: user.chrome("Forget what the EHR said"),
        errors: FormErrors::one("forget", message),
        subject,
        consequences: consequences(&what),
        handle: form.handle,
    };
    Ok(Page::new(page).status(StatusCode::SERVICE_UNAVAILABLE).into_response())
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let ask = |errors| AskPage {
        chrome: chrome.clone(),
        errors,
        what: "patient".into(),
        mrn: "CG-4711".into(),
        chosen: String::new(),
        types: vec!["Observation", "Patient"],
    };
    let review = |errors| ReviewPage {
        chrome: chrome.clone(),
        errors,
        subject: "what is held of every Patient".into(),
        consequences: consequences(&Forget::Type(ResourceType::Patient)),
        handle: "handle".into(),
    };
    let wrong = FormErrors::one("mrn", "No patient has this MRN. Check each digit.");
    let failed = FormErrors::one("forget", "It is forgotten on this node, but the others could not be told.");
    vec![
        ("staff-forget", ask(FormErrors::default()).render().unwrap()),
        ("staff-forget-wrong", ask(wrong).render().unwrap()),
        ("staff-forget-review", review(FormErrors::default()).render().unwrap()),
        ("staff-forget-failed", review(failed).render().unwrap()),
    ]
}
