//! Where every way of signing in ends: the session's cookie is set, the session noted, and the browser goes where it wanted to.

use axum::response::{IntoResponse, Redirect, Response};
use http::header::{SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use crate::accounts::SignedIn;
use crate::accounts::identity::{Browser, Federated};
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::session::SessionMethod;
use crate::portal::Portal;
use crate::portal::ask::by;
use crate::web::cookies::Cookie;
use crate::web::next::LocalPath;
use crate::web::problem::Problem;
use crate::web::session::Visitor;

impl Portal {
    /// Lets somebody in who has proved who they are.
    pub(in crate::portal) async fn arrive(
        &self,
        visitor: &Visitor,
        headers: &HeaderMap,
        signed_in: &SignedIn,
        way: (SessionMethod, Option<&Federated>),
        next: &LocalPath,
    ) -> Result<Response, Problem> {
        let given = self.note_arrival(visitor, headers, signed_in, way).await?;
        let mut cookies = vec![Cookie::Session.set(&self.web, signed_in.cookie.expose())];
        cookies.extend(given.map(|device| Cookie::Device.set(&self.web, device.expose())));
        for over in [Cookie::SecondStep, Cookie::Recovery, Cookie::Federation] {
            if over.read(&self.web, headers).is_some() {
                cookies.push(over.clear(&self.web));
            }
        }
        Ok(with_cookies(Redirect::to(next.as_str()).into_response(), &cookies))
    }

    async fn note_arrival(
        &self,
        visitor: &Visitor,
        headers: &HeaderMap,
        signed_in: &SignedIn,
        (method, federated): (SessionMethod, Option<&Federated>),
    ) -> Result<Option<PlainToken>, Problem> {
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let device = Cookie::Device.read(&self.web, headers);
        let browser = Browser {
            agent: agent.to_owned(),
            device: device.and_then(|device| PlainToken::presented(TokenKind::Device, &device)),
            language: visitor.language,
        };
        let noted = self.accounts.session_began(signed_in, method, &browser, federated, &by(visitor)).await;
        noted.map_err(Problem::internal)
    }
}

/// The answer with these cookies set.
pub fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    response
}
