//! The invitation on paper: a page to print, with the token, a QR code and the MRN (S-50).
//!
//! The QR code leads to `/invitations` with the token in the fragment, which browsers do not send: it stands in no log of a server or
//! proxy between. What it names is a token that is of no use without the MRN, which is on the paper in print alone. Whoever types by hand
//! needs no code. The token is not stored; this page's address holds it, sealed for this account, so that the page can be printed again.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;
use serde::{Deserialize, Serialize};

use super::child::{Child, ChildWords, Stop};
use crate::domain::ids::InvitationId;
use crate::domain::invitation::{Invitation, InvitationToken};
use crate::domain::language::Language;
use crate::portal::Portal;
use crate::web::dates;
use crate::web::page::{Chrome, Page};
use crate::web::problem::Problem;
use crate::web::session::Guardian;
use crate::words;

const PURPOSE: &str = "invitation on paper";

#[derive(Serialize, Deserialize)]
struct Sheet {
    #[serde(rename = "i")]
    invitation: InvitationId,
    #[serde(rename = "t")]
    token: InvitationToken,
}

#[derive(Template)]
#[template(path = "portal/family/sheet.html")]
struct SheetPage {
    chrome: Chrome,
    child: ChildWords,
    /// What the family does with it, in its language.
    print: String,
    /// The paper is for a clinician, and in English.
    person: String,
    token: String,
    mrn: String,
    until: String,
    place: String,
    qr: String,
}

/// Where the paper of an invitation is printed; for this account alone.
pub fn href(
    portal: &Portal,
    user: &Guardian,
    child: &Child,
    invitation: &Invitation,
    token: InvitationToken,
) -> String {
    let sheet = Sheet { invitation: invitation.id.clone(), token };
    let sealed = portal.web.keys().seal(PURPOSE, &user.account.id, &sheet, portal.web.random());
    child.words.at(&format!("paper/{sealed}"))
}

pub async fn page(
    State(portal): State<Portal>,
    Path((handle, sealed)): Path<(String, String)>,
    user: Guardian,
) -> Result<Response, Stop> {
    let child = Child::load(&portal, &user, &handle).await?;
    let sheet: Sheet = portal.web.keys().open(PURPOSE, &user.account.id, &sealed).ok_or(Problem::NotFound)?;
    let found = portal.web.store().invitation_by_token(&sheet.token.hash()).await;
    let found = found.map_err(Problem::internal)?;
    let open = found.filter(|(invitation, _)| {
        invitation.id == sheet.invitation
            && invitation.patient == child.decider.patient
            && invitation.works_at(portal.web.now())
    });
    let (Some((invitation, _)), Some(mrn)) = (open, child.view.mrn.clone()) else {
        return Err(Problem::NotFound.into());
    };
    let zone = &portal.accounts.majority().zone;
    let place = portal.web.absolute("/invitations");
    let token = sheet.token.printed();
    let qr = qr(&format!("{place}#{token}")).ok_or_else(|| Problem::internal("a QR code was not made"))?;
    let page = SheetPage {
        chrome: user.translated_as(child.words.say("family-paper-title")),
        print: words::say_with(
            child.words.language,
            "family-paper-print",
            &[("person", (&invitation.name).into()), ("name", (&child.words.name).into())],
        ),
        person: invitation.name,
        token,
        mrn,
        until: dates::day_in(Language::En, dates::day_of(invitation.expires_at, zone)),
        place,
        qr,
        child: child.words,
    };
    Ok(Page::new(page).into_response())
}

/// A QR code as SVG, which stands in the page itself: nothing is fetched for it.
fn qr(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).build().ok()?;
    let svg = SvgBuilder::default().to_str(&code);
    svg.starts_with("<svg").then_some(svg)
}

#[cfg(test)]
pub fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let child = super::child::sample(chrome.language);
    let place = "https://gate.example/invitations".to_owned();
    let page = SheetPage {
        chrome: Chrome { title: child.say("family-paper-title"), ..chrome.clone() },
        print: words::say_with(
            chrome.language,
            "family-paper-print",
            &[("person", "Dr. Okoye".into()), ("name", "Mia".into())],
        ),
        person: "Dr. Okoye".into(),
        token: "ABCD-EFGH-JKMN-PQRS".into(),
        mrn: "CG-100123".into(),
        until: "24 May 2027".into(),
        qr: qr(&format!("{place}#ABCD-EFGH-JKMN-PQRS")).unwrap(),
        place,
        child,
    };
    vec![("family-paper", page.render().unwrap())]
}
