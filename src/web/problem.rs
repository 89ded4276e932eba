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
    status: StatusCode,
    title: &'static str,
    what: String,
    todo: String,
    link: Option<(String, &'static str)>,
}

impl Problem {
    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }

    /// The status that the answer has.
    pub fn status(&self) -> StatusCode {
        self.wording().status
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after, .. } => Some(*retry_after),
            Self::HospitalUnreachable { retry_after } => Some(retry_after.unwrap_or(Duration::from_secs(30))),
            _ => None,
        }
    }

    fn wording(&self) -> Wording {
        let home = || Some(("/".to_owned(), "Go to the home page"));
        let (status, title, what, todo, link) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "This page is not here",
                "The address may be mistyped, or the page may no longer be there for you.".to_owned(),
                "Check the address, or start again from the home page.".to_owned(),
                home(),
            ),
            Self::SignInNeeded { next } | Self::SessionEnded { next } => (
                StatusCode::UNAUTHORIZED,
                "Your session has ended",
                "You were signed out because nothing happened for a while. What you sent was not carried out.".to_owned(),
                "Sign in and you will be back where you were.".to_owned(),
                Some((next.sign_in_url(), "Sign in")),
            ),
            Self::FormExpired { back } => (
                StatusCode::FORBIDDEN,
                "This form could not be accepted",
                "The page was open for too long, or your browser did not send the cookie that belongs to it.".to_owned(),
                "Open the page again and repeat what you did. If it happens again, allow cookies for this site.".to_owned(),
                Some((back.as_str().to_owned(), "Open the page again")),
            ),
            Self::WrongRole { whose } => (
                StatusCode::FORBIDDEN,
                "This page is for others",
                format!("You are signed in, but this page is for {whose}."),
                "Go to your own home page. If you think that you need this page, write to support.".to_owned(),
                home(),
            ),
            Self::Unreadable => (
                StatusCode::BAD_REQUEST,
                "What was sent cannot be read",
                "The form arrived incomplete, so nothing was done.".to_owned(),
                "Go back, open the page again and repeat what you did.".to_owned(),
                home(),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That was too much at once",
                "The form holds more than this page accepts, so nothing was done.".to_owned(),
                "Go back and shorten what you entered.".to_owned(),
                home(),
            ),
            Self::TooMany { what, retry_after } => (
                StatusCode::TOO_MANY_REQUESTS,
                "Take a short break",
                format!("There were too many {what} in a short time. This limit protects patients."),
                format!("Try again in {}.", wait_words(*retry_after)),
                home(),
            ),
            Self::HospitalUnreachable { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The hospital\u{2019}s records cannot be reached",
                "The portal is running, but the hospital\u{2019}s record system does not answer, or not properly.".to_owned(),
                "Try again in a minute. If a patient cannot wait, call the hospital.".to_owned(),
                home(),
            ),
            Self::Internal { .. } => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "The page could not be made. You did nothing wrong.".to_owned(),
                "Try again in a minute. If it happens again, write to support with the number below.".to_owned(),
                home(),
            ),
        };
        Wording { status, title, what, todo, link }
    }
}

/// A waiting time in words, rounded up.
pub fn wait_words(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    match seconds {
        1 => "1 second".to_owned(),
        2..=59 => format!("{seconds} seconds"),
        60..=119 if seconds == 60 => "1 minute".to_owned(),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
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
    let wording = problem.wording();
    let chrome = visitor.chrome(wording.title);
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
    ProblemPage { chrome, wording: problem.wording() }.render().unwrap_or_default()
}
