//! What goes wrong, said to a person: what happened, what to do, whom to ask (UX principle 6).

use std::time::Duration;

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::next::LocalPath;
use super::page::Chrome;
use super::session::Visitor;
use super::state::Web;
use crate::domain::language::Language;
use crate::words::{say, say_with};

/// Everything that a page handler can fail with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No such page, or nothing there for this user: the two are one answer.
    NotFound,
    /// Nobody is signed in; the user goes to sign in and returns to `next`.
    SignInNeeded {
        /// Where the user was going.
        next: LocalPath,
    },
    /// A form arrived after its session had ended.
    SessionEnded {
        /// Where the form was.
        next: LocalPath,
    },
    /// The form's token is missing or not this browser's.
    FormExpired {
        /// Where the form was.
        back: LocalPath,
    },
    /// The page is for another kind of user.
    WrongRole {
        /// Who it is for, in the plural: "hospital staff".
        whose: &'static str,
    },
    /// The form or address cannot be understood.
    Unreadable,
    /// The form is larger than any of ours.
    TooLarge,
    /// The form did not come in time.
    TooSlow,
    /// Too many attempts of something that is limited.
    TooMany {
        /// What there was too much of: "searches".
        what: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// The EHR cannot be reached, so nothing can be decided or shown.
    HospitalUnreachable {
        /// When to try again, if known.
        retry_after: Option<Duration>,
    },
    /// A fault of ours. The cause goes to the log, not to the page.
    Internal {
        /// For the log: no PHI, no secret.
        cause: String,
    },
}

/// What a page says of a problem.
struct Wording {
    title: String,
    what: String,
    todo: String,
    link: (String, String),
}

impl Problem {
    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    /// The status that the answer has.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignInNeeded { .. } | Self::SessionEnded { .. } => StatusCode::UNAUTHORIZED,
            Self::FormExpired { .. } | Self::WrongRole { .. } => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::HospitalUnreachable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after, .. } => Some(*retry_after),
            Self::HospitalUnreachable { retry_after } => Some(retry_after.unwrap_or(Duration::from_secs(30))),
            _ => None,
        }
    }

    /// What the page says: its title, what happened and what to do, under one name in the words.
    fn wording(&self, language: Language) -> Wording {
        // English says for whom and of what; in other languages these are only met by families, who need no more.
        let or = |english: &str, key: &str| match language {
            Language::En => english.to_owned(),
            Language::Es => say(language, key),
        };
        let name = match self {
            Self::NotFound => "problem-not-found",
            Self::SignInNeeded { .. } | Self::SessionEnded { .. } => "problem-session",
            Self::FormExpired { .. } => "problem-form",
            Self::WrongRole { .. } => "problem-role",
            Self::Unreadable => "problem-unreadable",
            Self::TooLarge => "problem-large",
            Self::TooSlow => "problem-slow",
            Self::TooMany { .. } => "problem-many",
            Self::HospitalUnreachable { .. } => "problem-hospital",
            Self::Internal { .. } => "problem-internal",
        };
        let part = |end: &str| say(language, &format!("{name}-{end}"));
        let (what, todo) = match self {
            Self::WrongRole { whose } => {
                let whose = or(whose, "problem-role-others");
                (say_with(language, "problem-role-what", &[("whose", (&whose).into())]), part("todo"))
            }
            Self::TooMany { what, retry_after } => {
                let (what, wait) = (or(what, "problem-many-attempts"), wait_words_in(language, *retry_after));
                (
                    say_with(language, "problem-many-what", &[("what", (&what).into())]),
                    say_with(language, "problem-many-todo", &[("wait", (&wait).into())]),
                )
            }
            _ => (part("what"), part("todo")),
        };
        let link = match self {
            Self::SignInNeeded { next } | Self::SessionEnded { next } => (next.sign_in_url(), part("link")),
            Self::FormExpired { back } => (back.as_str().to_owned(), part("link")),
            _ => ("/".to_owned(), say(language, "problem-home")),
        };
        Wording { title: say(language, name), what, todo, link }
    }
}

/// A waiting time in English words, rounded up.
pub fn wait_words(wait: Duration) -> String {
    wait_words_in(Language::En, wait)
}

/// A waiting time in words, rounded up.
pub fn wait_words_in(language: Language, wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    let (key, count) =
        if seconds < 60 { ("problem-seconds", seconds) } else { ("problem-minutes", seconds.div_ceil(60)) };
    say_with(language, key, &[("count", usize::try_from(count).unwrap_or(usize::MAX).into())])
}

#[derive(Template)]
#[template(path = "web/problem.html")]
struct ProblemPage {
    chrome: Chrome,
    wording: Wording,
}

impl IntoResponse for Problem {
    /// A bare answer that carries the problem; [`show`] turns it into a page.
    fn into_response(self) -> Response {
        if let Self::SignInNeeded { next } = &self {
            return Redirect::to(&next.sign_in_url()).into_response();
        }
        let mut response = self.status().into_response();
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns a [`Problem`] in the answer into its page, in the layout that the user knows.
pub async fn show(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let seen = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let visitor = Visitor::read(&web, &seen).await.unwrap_or_else(|_| Visitor::nobody(&web, &seen));
    if let Problem::Internal { cause } = &problem {
        tracing::error!(request = %visitor.request, cause, "a page failed");
    }
    // Clinicians and staff read English pages; a page between them is one too.
    let reads_english = visitor.account.as_ref().is_some_and(|account| !account.kind.is_family());
    let language = if reads_english { Language::En } else { visitor.language };
    let wording = problem.wording(language);
    let chrome = if reads_english {
        visitor.chrome(wording.title.clone())
    } else {
        // The address of a form answers GET too, so that the switch leads somewhere.
        visitor.translated_as(wording.title.clone())
    };
    let page =
        ProblemPage { chrome, wording }.render().unwrap_or_else(|_| "Something went wrong.".to_owned());
    let (mut head, _) = response.into_parts();
    head.headers.remove(http::header::CONTENT_LENGTH);
    head.headers.remove(LOCATION);
    head.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(head, page.into())
}

/// The page of a problem, for tests that look at every page.
#[cfg(test)]
pub(crate) fn sample(problem: &Problem, chrome: Chrome) -> String {
    ProblemPage { wording: problem.wording(chrome.language), chrome }.render().unwrap_or_default()
}
