//! What can go wrong on the pages of the authorization endpoint, and how it is answered.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};

use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Visitor;

use super::error::{OAuthError, Way};
use super::redirect::ReplyTo;
use super::request::{AuthorizeRequest, Rejection};

/// Why a page of ours does not come.
#[derive(Debug)]
pub enum Failure {
    /// Said on a page of ours.
    Page(OAuthError),
    /// Said to the client.
    Redirect(ReplyTo, OAuthError),
    /// A problem that the portal's own pages have as well.
    Problem(Problem),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        debug_assert_eq!(error.way(), Way::Page, "{error:?} needs a client to be told to");
        Self::Page(error)
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Page(error) => Self::Page(error),
            Rejection::Redirect(reply, error) => Self::Redirect(reply, error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl AuthorizeRequest {
    /// `error`, told to the client.
    pub fn fail(&self, error: OAuthError) -> Failure {
        Failure::Redirect(self.reply.clone(), error)
    }

    /// A failure of ours: the cause to the log, `server_error` to the client.
    pub fn internal(&self, cause: &dyn std::fmt::Display) -> Failure {
        tracing::error!(client = %self.client.id, %cause, "an authorization request failed");
        self.fail(OAuthError::ServerErrorRedirect)
    }
}

#[derive(Template)]
#[template(path = "oauth/error.html")]
struct ErrorPage {
    chrome: Chrome,
    text: &'static str,
    code: &'static str,
}

/// The answer for a step's outcome.
pub fn answer(visitor: &Visitor, outcome: Result<Response, Failure>) -> Response {
    match outcome {
        Ok(response) => response,
        Err(Failure::Problem(problem)) => problem.into_response(),
        Err(Failure::Redirect(reply, error)) => {
            tracing::info!(error = error.name(), "an authorization request was refused");
            noted(Redirect::to(&reply.with_error(error)).into_response(), error)
        }
        Err(Failure::Page(error)) => {
            tracing::info!(error = error.name(), "an authorization request was refused on a page");
            let chrome = visitor.chrome("The app could not be connected");
            let page = Page::new(ErrorPage { chrome, text: error.text(), code: error.code() });
            noted(page.status(error.status()).into_response(), error)
        }
    }
}

/// The answer, marked for the log of the client's failures.
fn noted(mut response: Response, error: OAuthError) -> Response {
    response.extensions_mut().insert(error);
    response
}
