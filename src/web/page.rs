//! The layout around every page, and the answer that a page is.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::headers::page_policy;
use super::problem::Problem;
use crate::domain::account::{Account, AccountKind, StaffRole};
use crate::domain::language::Language;
use crate::words;

/// What `base.html` needs. Each page template has one in a field `chrome`; [`super::session::Visitor::chrome`] makes it.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// The page's title, without the hospital's name.
    pub title: String,
    /// The hospital's name.
    pub hospital: String,
    /// Support mailbox (S-80).
    pub support: String,
    /// Support telephone.
    pub support_phone: Option<String>,
    /// The form token of this browser, for the hidden field `csrf`.
    pub csrf: String,
    /// Who is signed in.
    pub user: Option<Badge>,
    /// Places for this kind of user.
    pub nav: Vec<NavItem>,
    /// URL of the style sheet.
    pub css: String,
    /// URL of the script.
    pub js: String,
    /// URL of the icon.
    pub icon: String,
    /// The request id, for support.
    pub request: String,
    /// Whether this is the demo.
    pub demo: bool,
    /// Notices that the account has not read.
    pub unread: u32,
    /// The page's language.
    pub language: Language,
    /// The way to the same page in another language; `None`: it is written in one alone.
    pub switch: Option<Switch>,
}

/// The way to the same page in another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Which language.
    pub to: Language,
    /// The page.
    pub back: String,
}

impl Chrome {
    /// What the link to the notices says, with how many are unread.
    pub fn notices(&self) -> String {
        let count = usize::try_from(self.unread).unwrap_or(usize::MAX);
        words::say_with(self.language, "notices-link", &[("count", count.into())])
    }

    /// The sentence `key` in the page's language.
    pub fn say(&self, key: &str) -> String {
        words::say(self.language, key)
    }

    /// The same with values in its places.
    pub fn say_with(&self, key: &str, values: &[(&'static str, words::Value<'_>)]) -> String {
        words::say_with(self.language, key, values)
    }

    /// The sentence `key` in the page's language, with the hospital's name in it.
    pub fn say_hospital(&self, key: &str) -> String {
        self.say_with(key, &[("hospital", (&self.hospital).into())])
    }
}

/// Who is signed in, as the header says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// As printed: "Dr. Ana Ellis".
    pub name: String,
    /// What kind of user, in a word or two.
    pub role: String,
}

impl Badge {
    /// The badge of an account, in English.
    pub fn of(account: &Account) -> Self {
        Self::of_in(account, Language::En)
    }

    /// The badge of an account.
    pub fn of_in(account: &Account, language: Language) -> Self {
        let role = match account.kind {
            AccountKind::Provider { .. } => "frame-provider",
            AccountKind::Sponsored => "frame-sponsored",
            AccountKind::Guardian { .. } => "frame-family",
            AccountKind::Staff { role: StaffRole::Provisioning } => "frame-provisioning",
            AccountKind::Staff { role: StaffRole::Support } => "frame-support",
        };
        Self { name: account.name.clone(), role: words::say(language, role) }
    }
}

/// One place in the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavItem {
    /// Where.
    pub href: &'static str,
    /// What the link says.
    pub label: String,
    /// Whether it says it in English on a page that is not: the places of clinicians and staff are English pages.
    pub english: bool,
    /// Whether the page is there or below it.
    pub current: bool,
}

const PROVIDER: &[(&str, &str)] =
    &[("/", "Patients"), ("/gallery", "Apps"), ("/my-staff", "My staff"), ("/help", "Help")];
const SPONSORED: &[(&str, &str)] =
    &[("/", "Patients"), ("/gallery", "Apps"), ("/my-sponsors", "My sponsors"), ("/help", "Help")];
/// With the keys of what they say, since these pages are in each language.
const FAMILY: &[(&str, &str)] = &[("/", "frame-nav-family"), ("/help", "frame-nav-help")];
/// Before those of all staff, the queue of each role (S-06).
const SUPPORT: (&str, &str) = ("/staff/requests", "Requests");
const PROVISIONING: (&str, &str) = ("/staff/registrations", "Registrations");
const STAFF: &[(&str, &str)] = &[
    ("/staff/accounts", "Accounts"),
    ("/staff/practices", "Practices"),
    ("/staff/clients", "Apps"),
    ("/staff/audit", "Audit log"),
    ("/staff/mail", "Mail"),
    ("/staff/health", "System"),
    ("/help", "Help"),
];

/// The navigation of an account's kind on an English page; `path` is where the user is.
pub fn navigation(account: Option<&Account>, path: &str) -> Vec<NavItem> {
    navigation_in(account, path, Language::En)
}

/// The navigation of an account's kind; `path` is where the user is.
pub fn navigation_in(account: Option<&Account>, path: &str, language: Language) -> Vec<NavItem> {
    let staff: Vec<_>;
    let (places, translated) = match account.map(|account| &account.kind) {
        None => return Vec::new(),
        Some(AccountKind::Provider { .. }) => (PROVIDER, false),
        Some(AccountKind::Sponsored) => (SPONSORED, false),
        Some(AccountKind::Guardian { .. }) => (FAMILY, true),
        Some(AccountKind::Staff { role }) => {
            let first = match role {
                StaffRole::Support => SUPPORT,
                StaffRole::Provisioning => PROVISIONING,
            };
            staff = std::iter::once(first).chain(STAFF.iter().copied()).collect();
            (&*staff, false)
        }
    };
    let say = |label: &str| if translated { words::say(language, label) } else { label.to_owned() };
    let here = |href: &str| match href {
        "/" => path == "/" || path.starts_with("/patients") || path.starts_with("/children"),
        other => path == other || path.strip_prefix(other).is_some_and(|rest| rest.starts_with('/')),
    };
    let english = !translated && language != Language::En;
    places
        .iter()
        .map(|(href, label)| NavItem { href, label: say(label), english, current: here(href) })
        .collect()
}

/// A rendered page.
#[derive(Debug)]
pub struct Page<T> {
    template: T,
    status: StatusCode,
    form_targets: Vec<String>,
}

impl<T: Template> Page<T> {
    /// A page that answers 200.
    pub const fn new(template: T) -> Self {
        Self { template, status: StatusCode::OK, form_targets: Vec::new() }
    }

    /// The same page with another status: 422 for a form with errors, 403 for a refusal.
    #[must_use]
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Lets the page's form end, after redirects, at `origin` (see [`super::headers::form_target`]).
    #[must_use]
    pub fn allow_form_to(mut self, origin: Option<String>) -> Self {
        self.form_targets.extend(origin);
        self
    }
}

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let html = match self.template.render() {
            Ok(html) => html,
            Err(cause) => return Problem::internal(cause).into_response(),
        };
        let mut response = (self.status, html).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if !self.form_targets.is_empty()
            && let Ok(policy) = HeaderValue::from_str(&page_policy(&self.form_targets))
        {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

#[cfg(test)]
impl Chrome {
    /// A layout with plausible contents, for tests that render templates.
    pub fn sample(title: &str, account: Option<&Account>, path: &str) -> Self {
        Self {
            title: title.into(),
            hospital: "Lakeside Children\u{2019}s Hospital".into(),
            support: "support@lakeside.example".into(),
            support_phone: Some("(555) 010-0199".into()),
            csrf: "cgf_sample".into(),
            user: account.map(Badge::of),
            nav: navigation(account, path),
            css: super::assets::url("app.css"),
            js: super::assets::url("app.js"),
            icon: super::assets::url("icon.svg"),
            request: "0123456789abcdef0123456789abcdef".into(),
            demo: true,
            language: Language::En,
            unread: 2,
            switch: None,
        }
    }

    /// The same for a page that is written in each language.
    pub fn sample_in(language: Language, title: &str, account: Option<&Account>, path: &str) -> Self {
        Self {
            language,
            user: account.map(|account| Badge::of_in(account, language)),
            nav: navigation_in(account, path, language),
            switch: Some(Switch { to: language.other(), back: path.to_owned() }),
            ..Self::sample(&words::say(language, title), account, path)
        }
    }
}
