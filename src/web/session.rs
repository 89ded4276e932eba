//! Who is looking: extractors that page handlers take.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderMap, Method};

use super::address::ClientAddress;
use super::assets;
use super::cookies::Cookie;
use super::csrf::FormCookie;
use super::next::LocalPath;
use super::page::{Badge, Chrome, Switch, navigation, navigation_in};
use super::problem::Problem;
use super::state::Web;
use crate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use crate::domain::ids::RequestId;
use crate::domain::language::Language;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::domain::session::Session;
use crate::words;

/// The header by which our script says that it fetches a part of a page: such a request is never redirected to sign-in.
pub const FRAGMENT: &str = "x-fragment";

/// Whoever made the request, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    /// The portal.
    pub web: Web,
    /// The account, when a live session says so.
    pub account: Option<Arc<Account>>,
    /// That session.
    pub session: Option<Arc<Session>>,
    /// Whether the browser holds the cookie of a session that is over.
    pub ended: bool,
    /// Where the request went.
    pub here: LocalPath,
    /// The request's number.
    pub request: RequestId,
    /// The caller's network address.
    pub address: ClientAddress,
    /// In which language pages speak that are written in more than one: as chosen in this browser,
    /// else as the account has it, else as the browser wishes.
    pub language: Language,
    /// Notices that the account has not read.
    pub unread: u32,
    secret: String,
}

impl Visitor {
    /// Reads the cookies and looks the session up.
    pub async fn read(web: &Web, parts: &Parts) -> Result<Self, Problem> {
        let mut visitor = Self::nobody(web, parts);
        let Some(cookie) = Cookie::Session.read(web, &parts.headers) else {
            return Ok(visitor);
        };
        visitor.ended = true;
        let Some(token) = PlainToken::presented(TokenKind::Session, &cookie) else {
            return Ok(visitor);
        };
        let session = web.store().session(&token.hash()).await.map_err(Problem::internal)?;
        let Some(session) = session.filter(|session| is_live(web, session)) else {
            return Ok(visitor);
        };
        let account = web.store().account(&session.account).await.map_err(Problem::internal)?;
        let Some(account) = account.filter(|account| account.state == AccountState::Active) else {
            return Ok(visitor);
        };
        web.store().touch_session(&session).await.map_err(Problem::internal)?;
        if Cookie::Language.read(web, &parts.headers).is_none() {
            let chosen = web.store().chosen_preferences(&account.id).await.map_err(Problem::internal)?;
            visitor.language = chosen.map_or(visitor.language, |chosen| chosen.language);
        }
        visitor.unread = web.store().unread_notices(&account.id).await.map_err(Problem::internal)?;
        visitor.ended = false;
        visitor.secret = cookie;
        visitor.account = Some(Arc::new(account));
        visitor.session = Some(session);
        Ok(visitor)
    }

    /// The same request as if nobody were signed in.
    pub fn nobody(web: &Web, parts: &Parts) -> Self {
        let request = parts.extensions.get::<RequestId>().cloned();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        Self {
            web: web.clone(),
            account: None,
            session: None,
            ended: false,
            here: LocalPath::parse(target).unwrap_or_else(LocalPath::home),
            request: request.unwrap_or_else(|| RequestId::generate(web.random())),
            address: ClientAddress::of(&parts.extensions),
            language: language_of(web, &parts.headers),
            unread: 0,
            secret: parts.extensions.get::<FormCookie>().map(|cookie| cookie.0.clone()).unwrap_or_default(),
        }
    }

    /// The layout around a page that is written in English alone.
    pub fn chrome(&self, title: impl Into<String>) -> Chrome {
        let settings = self.web.settings();
        let account = self.account.as_deref();
        let path = self.here.as_str().split('?').next().unwrap_or_default();
        Chrome {
            title: title.into(),
            hospital: settings.hospital.clone(),
            support: settings.support_mailbox.clone(),
            support_phone: settings.support_phone.clone(),
            csrf: self.web.keys().form_token(&self.secret),
            user: account.map(Badge::of),
            nav: navigation(account, path),
            css: assets::url("app.css"),
            js: assets::url("app.js"),
            icon: assets::url("icon.svg"),
            request: self.request.to_string(),
            demo: settings.demo,
            language: Language::En,
            unread: self.unread,
            switch: None,
        }
    }

    /// The layout around a page that is written in each language: in the reader's, with the way to the other. `title` is the key of
    /// the title's sentence.
    pub fn translated(&self, title: &str) -> Chrome {
        self.translated_as(words::say(self.language, title))
    }

    /// The same with a title that was put together.
    pub fn translated_as(&self, title: String) -> Chrome {
        let account = self.account.as_deref();
        let path = self.here.as_str().split('?').next().unwrap_or_default();
        Chrome {
            language: self.language,
            user: account.map(|account| Badge::of_in(account, self.language)),
            nav: navigation_in(account, path, self.language),
            switch: Some(Switch { to: self.language.other(), back: self.here.as_str().to_owned() }),
            ..self.chrome(title)
        }
    }
}

/// The language that was chosen in this browser, else the one that the browser asks for.
fn language_of(web: &Web, headers: &HeaderMap) -> Language {
    let chosen = Cookie::Language.read(web, headers).and_then(|tag| Language::parse(&tag));
    chosen.unwrap_or_else(|| {
        let wish = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        wish.map_or(Language::En, Language::accepted)
    })
}

fn is_live(web: &Web, session: &Session) -> bool {
    let now = web.now();
    now < session.expires_at && now.since(session.seen_at) < web.settings().session_idle
}

impl<S> FromRequestParts<S> for Visitor
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Self::read(&Web::from_ref(state), parts).await
    }
}

/// Somebody who is signed in, of whatever kind. Without a session a page sends the browser to sign in and back; a form gets
/// a page that says so (every POST address answers GET with the page that holds its form, so that the way back is one).
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub account: Arc<Account>,
    /// Since when and until when.
    pub session: Arc<Session>,
    /// The request and the layout.
    pub visitor: Visitor,
}

impl SignedIn {
    fn of(visitor: Visitor, method: &Method, headers: &HeaderMap) -> Result<Self, Problem> {
        if let (Some(account), Some(session)) = (visitor.account.clone(), visitor.session.clone()) {
            return Ok(Self { account, session, visitor });
        }
        let next = visitor.here;
        let page = matches!(*method, Method::GET | Method::HEAD) && !headers.contains_key(FRAGMENT);
        Err(if page { Problem::SignInNeeded { next } } else { Problem::SessionEnded { next } })
    }
}

impl Deref for SignedIn {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl<S> FromRequestParts<S> for SignedIn
where
    Web: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::read(&Web::from_ref(state), parts).await?;
        Self::of(visitor, &parts.method, &parts.headers)
    }
}

macro_rules! only_for {
    ($(#[$doc:meta])* $name:ident, $whose:literal, $pattern:pat) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub SignedIn);

        impl Deref for $name {
            type Target = SignedIn;

            fn deref(&self) -> &SignedIn {
                &self.0
            }
        }

        impl<S> FromRequestParts<S> for $name
        where
            Web: FromRef<S>,
            S: Send + Sync,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let user = SignedIn::from_request_parts(parts, state).await?;
                match &user.account.kind {
                    $pattern => Ok(Self(user)),
                    _ => Err(Problem::WrongRole { whose: $whose }),
                }
            }
        }
    };
}

only_for!(
    /// A provider or a sponsored user.
    Clinician, "providers and their practice staff", AccountKind::Provider { .. } | AccountKind::Sponsored
);
only_for!(
    /// A patient or guardian.
    Guardian, "patients and guardians", AccountKind::Guardian { .. }
);
only_for!(
    /// Hospital staff of either role.
    Staff, "hospital staff", AccountKind::Staff { .. }
);
only_for!(
    /// Hospital staff who answer requests (S-06).
    Support, "the hospital's support staff", AccountKind::Staff { role: StaffRole::Support }
);
only_for!(
    /// Hospital staff who approve accounts and clients (S-06).
    Provisioning, "the hospital's provisioning staff", AccountKind::Staff { role: StaffRole::Provisioning }
);
