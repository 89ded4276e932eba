//! One child's page: whose it is, and whether whoever asks decides about the record now (S-05, D-07).

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::civil::Date;

use crate::access::doors::FamilyView;
use crate::accounts::families::Decider;
use crate::domain::clock::Timestamp;
use crate::domain::grant::GrantedBy;
use crate::domain::ids::FhirId;
use crate::domain::language::Language;
use crate::domain::majority::earliest;
use crate::portal::Portal;
use crate::portal::ask::unanswered;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::SignedIn;
use crate::words;

/// A child whose record the user decides about now. Only [`Child::load`] makes one: whoever has it was checked.
pub struct Child {
    /// What pages say of the child.
    pub words: ChildWords,
    /// What the EHR says.
    pub view: FamilyView,
    /// The user, as the one who decides.
    pub decider: Decider,
}

/// What pages say of a child.
#[derive(Clone, Debug)]
pub struct ChildWords {
    /// "Mia".
    pub name: String,
    /// The page.
    pub href: String,
    pub language: Language,
}

impl ChildWords {
    /// The sentence `key` with the child's name in it.
    pub fn say(&self, key: &str) -> String {
        words::say_with(self.language, key, &[("name", (&self.name).into())])
    }

    /// An address below the child's page.
    pub fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.href)
    }
}

/// Why there is no page of a child: something went wrong, or the user does not decide.
pub enum Stop {
    Problem(Problem),
    Page(Response),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Page(page) => page,
        }
    }
}

#[derive(Template)]
#[template(path = "portal/family/over.html")]
struct OverPage {
    chrome: Chrome,
    text: String,
    more: String,
}

/// What handles in addresses of children's pages are for.
const PURPOSE: &str = "child";

/// Where a child's page is; for this account alone.
pub fn href(portal: &Portal, user: &SignedIn, patient: &FhirId) -> String {
    let handle = portal.web.keys().seal(PURPOSE, &user.account.id, patient, portal.web.random());
    format!("/children/{handle}")
}

impl Child {
    /// The child whose page has this handle.
    pub async fn load(portal: &Portal, user: &SignedIn, handle: &str) -> Result<Self, Stop> {
        let patient: FhirId =
            portal.web.keys().open(PURPOSE, &user.account.id, handle).ok_or(Problem::NotFound)?;
        Self::of(portal, user, &patient, format!("/children/{handle}")).await
    }

    /// The child, if the user decides about its record now.
    pub async fn of(portal: &Portal, user: &SignedIn, patient: &FhirId, href: String) -> Result<Self, Stop> {
        let view = portal
            .records
            .family_view(&portal.caller(user), &user.account, patient, portal.mrn_system.as_deref())
            .await
            .map_err(unanswered)?;
        let language = user.language;
        let name = view.given_name.clone().unwrap_or_else(|| words::say(language, "family-your-child"));
        let words = ChildWords { name, href, language };
        let majority = portal.accounts.majority();
        let adult_at = earliest(&view.birth_date).and_then(|birth| majority.adult_at(birth));
        let Some(adult_at) = adult_at else {
            let text = words.say("family-no-birthday");
            return Err(Stop::Page(over(user, text, words.say("family-no-birthday-ask"))));
        };
        let own = portal.web.store().is_own_record(&user.account.id, patient).await;
        let own = own.map_err(Problem::internal)?;
        let of_age = adult_at <= portal.web.now();
        let acts_as = match (own, of_age) {
            (true, true) => GrantedBy::Patient,
            (false, false) => GrantedBy::Guardian,
            (own, _) => {
                let day = dates::day_in(language, dates::day_of(adult_at, &majority.zone));
                let places = [
                    ("name", (&words.name).into()),
                    ("day", (&day).into()),
                    ("age", usize::from(majority.age).into()),
                ];
                let key = if own { "family-not-of-age" } else { "family-of-age" };
                let text = words::say_with(language, key, &places);
                return Err(Stop::Page(over(user, text, words.say("family-of-age-more"))));
            }
        };
        let decider = Decider {
            account: user.account.id.clone(),
            patient: patient.clone(),
            acts_as,
            adult_at,
            initials: view.initials.clone(),
            language,
        };
        portal.accounts.note_family(&decider).await.map_err(Problem::internal)?;
        Ok(Self { words, view, decider })
    }

    /// The day on which the child comes of age, when that ends what the user decides and is near enough to be told of.
    pub fn birthday_ahead(&self, portal: &Portal) -> Option<Date> {
        let majority = portal.accounts.majority();
        let near = majority.announce_at(self.decider.adult_at) <= portal.web.now();
        (near && self.decider.acts_as == GrantedBy::Guardian)
            .then(|| dates::day_of(self.decider.adult_at, &majority.zone))
    }

    /// That a guardian's word ends on the birthday whatever is chosen, as a sentence.
    pub fn ends_at_most(&self, portal: &Portal) -> String {
        let (language, majority) = (self.words.language, portal.accounts.majority());
        let day = dates::day_in(language, dates::day_of(self.decider.adult_at, &majority.zone));
        let places = [
            ("name", (&self.words.name).into()),
            ("day", (&day).into()),
            ("age", usize::from(majority.age).into()),
        ];
        words::say_with(language, "family-choose-at-most", &places)
    }

    /// How long something holds, in words: to the end of a day, to the birthday, or until it is taken back.
    pub fn until(&self, portal: &Portal, by: GrantedBy, ends_at: Option<Timestamp>) -> String {
        let (language, majority) = (self.words.language, portal.accounts.majority());
        let Some(end) = ends_at else { return words::say(language, "family-until-revoked") };
        if by == GrantedBy::Guardian && end == self.decider.adult_at {
            let day = dates::day_in(language, dates::day_of(end, &majority.zone));
            let places = [
                ("name", (&self.words.name).into()),
                ("day", (&day).into()),
                ("age", usize::from(majority.age).into()),
            ];
            return words::say_with(language, "family-until-birthday", &places);
        }
        let last = Timestamp::from_millis(end.as_millis().saturating_sub(1));
        let day = dates::day_in(language, dates::day_of(last, &majority.zone));
        words::say_with(language, "family-until-day", &[("day", (&day).into())])
    }
}

/// The page of somebody who does not decide about a record.
fn over(user: &SignedIn, text: String, more: String) -> Response {
    let page = OverPage { chrome: user.translated("family-over"), text, more };
    Page::new(page).status(StatusCode::FORBIDDEN).into_response()
}

#[cfg(test)]
pub fn sample(language: Language) -> ChildWords {
    ChildWords { name: "Mia".into(), href: "/children/sealed".into(), language }
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let page = OverPage {
        chrome: chrome.clone(),
        text: "Mia turned 18 on 25 Nov 2026.".into(),
        more: words::say(chrome.language, "family-your-child"),
    };
    vec![("family-over", page.render().unwrap())]
}
