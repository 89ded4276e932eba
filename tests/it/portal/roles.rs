//! A sweep of every page as each kind of person: whom it is for, and nobody else (S-06).

use axum::body::Body;
use http::{Method, Request, StatusCode};

use super::world::{Jar, World};

/// Whom a page is for.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Everybody,
    SignedIn,
    Clinicians,
    Staff,
    /// Staff who approve accounts and clients.
    Deciders,
    /// Staff who answer requests.
    Answerers,
}

use For::{Answerers, Clinicians, Deciders, Everybody, SignedIn, Staff};

impl For {
    /// Whether a page for `self` is for a person of this kind.
    fn lets_in(self, kind: Self) -> bool {
        self == SignedIn || self == kind || (self == Staff && matches!(kind, Deciders | Answerers))
    }
}

/// Every page that answers GET.
const PAGES: &[(&str, For)] = &[
    ("/", SignedIn),
    ("/sign-in", Everybody),
    ("/help", Everybody),
    ("/help/find-a-patient", Everybody),
    ("/help/sponsored-access", Everybody),
    ("/help/request-pcp-access", Everybody),
    ("/help/request-non-pcp-access", Everybody),
    ("/help/privacy", Everybody),
    ("/help/browsers", Everybody),
    ("/developers", Everybody),
    ("/developers/start", Everybody),
    ("/developers/endpoints", Everybody),
    ("/developers/launch", Everybody),
    ("/developers/scopes", Everybody),
    ("/developers/parameters", Everybody),
    ("/developers/backend", Everybody),
    ("/developers/hardening", Everybody),
    ("/developers/fhir", Everybody),
    ("/developers/errors", Everybody),
    ("/developers/limits", Everybody),
    ("/developers/examples", Everybody),
    ("/developers/examples/app.mjs", Everybody),
    ("/patients/at-the-hospital", Clinicians),
    ("/patients/saved", Clinicians),
    ("/patients/handle", Clinicians),
    ("/patients/handle/apps", Clinicians),
    ("/gallery", Clinicians),
    ("/my-staff", Clinicians),
    ("/my-sponsors", Clinicians),
    ("/account/apps", SignedIn),
    ("/account/apps/none/disconnect", SignedIn),
    ("/staff/accounts", Staff),
    ("/staff/accounts/none", Staff),
    ("/staff/accounts/none/suspend", Staff),
    ("/staff/practices", Staff),
    ("/staff/practices/none", Staff),
    ("/staff/clients", Staff),
    ("/staff/clients/none", Staff),
    ("/staff/clients/none/remove", Deciders),
    ("/staff/registration-tokens", Deciders),
    ("/staff/registrations", Deciders),
    ("/staff/registrations/none", Deciders),
    ("/staff/registrations/none/documents/identity/none", Deciders),
    ("/register", Everybody),
    ("/register/you", Everybody),
    ("/register/sent", Everybody),
    ("/developers/register", Everybody),
    ("/developers/apps", Everybody),
    ("/staff/audit", Staff),
    ("/staff/audit/disclosures", Staff),
    ("/staff/health", Staff),
    ("/staff/mail", Staff),
    ("/staff/requests", Answerers),
    ("/staff/requests/none", Answerers),
    ("/staff/requests/none/refuse", Answerers),
    ("/requests/handle/pcp", Clinicians),
    ("/requests/handle/sponsor", Clinicians),
    ("/requests/handle/withdraw", Clinicians),
    ("/help/patient-portal-sign-up", Everybody),
    ("/notices", SignedIn),
    ("/notices/read", SignedIn),
    ("/account/notices", SignedIn),
    ("/staff/health/forget", Deciders),
];

/// Every form.
const FORMS: &[(&str, For)] = &[
    ("/requests/handle/non-pcp", Clinicians),
    ("/requests/handle/sponsor", Clinicians),
    ("/requests/handle/withdraw", Clinicians),
    ("/notices/read", SignedIn),
    ("/account/notices", SignedIn),
    ("/staff/requests/none/corrected", Answerers),
    ("/staff/requests/none/refuse", Answerers),
    ("/staff/requests/none/pass-on", Answerers),
    ("/staff/mail", Staff),
    ("/patients/search", Clinicians),
    ("/patients/save", Clinicians),
    ("/patients/unsave", Clinicians),
    ("/gallery/open", Clinicians),
    ("/my-staff/invite", Clinicians),
    ("/my-staff/still", Clinicians),
    ("/my-staff/none/remove", Clinicians),
    ("/my-sponsors/none/accept", Clinicians),
    ("/account/apps/none/disconnect", SignedIn),
    ("/account/apps/none/ask-again", SignedIn),
    ("/staff/accounts/none/suspend", Staff),
    ("/staff/accounts/none/reactivate", Staff),
    ("/staff/accounts/none/explain", Staff),
    ("/staff/clients/none/approve", Deciders),
    ("/staff/clients/none/suspend", Deciders),
    ("/staff/clients/none/token", Deciders),
    ("/staff/clients/none/remove", Deciders),
    ("/staff/registration-tokens", Deciders),
    ("/staff/registration-tokens/none/revoke", Deciders),
    ("/staff/registrations/none/approve", Deciders),
    ("/staff/registrations/none/refuse", Deciders),
    ("/staff/registrations/none/documents/identity", Deciders),
    ("/staff/audit/patient", Staff),
    ("/staff/audit/disclosures", Staff),
    ("/staff/health/forget", Deciders),
    ("/staff/health/forget/confirm", Deciders),
];

#[tokio::test]
async fn s06_every_page_is_for_whom_it_is_for() {
    let world = World::new().await;
    let people =
        [("ana", Clinicians), ("jo", Clinicians), ("gus", SignedIn), ("sue", Answerers), ("kim", Deciders)];
    for (who, kind) in people {
        let mut jar = world.sign_in(who).await;
        for (path, whose) in PAGES {
            let status = world.get(&mut jar, path).await.status;
            let allowed = matches!(whose, Everybody | SignedIn) || whose.lets_in(kind);
            assert_eq!(status != StatusCode::FORBIDDEN, allowed, "{who} at {path}: {status}");
        }
        for (path, whose) in FORMS {
            let status = world.submit(&mut jar, "/help", path, &[]).await.status;
            assert_eq!(status != StatusCode::FORBIDDEN, whose.lets_in(kind), "{who} sends {path}: {status}");
        }
    }
}

#[tokio::test]
async fn nobody_who_is_not_signed_in_gets_past_sign_in() {
    let world = World::new().await;
    for (path, whose) in PAGES {
        let answer = world.get(&mut Jar::default(), path).await;
        if *whose == Everybody {
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        } else {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
            assert!(answer.header("location").starts_with("/sign-in"), "{path}");
        }
    }
    for (path, _) in FORMS {
        let answer = world.post(&mut Jar::default(), path, &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(answer.body.contains("Sign in"), "{path}");
    }
    // What the script fetches is not sent to sign in: it would take the form for the list.
    let request = Request::get("/patients/saved").header("x-fragment", "1").body(Body::empty()).unwrap();
    assert_eq!(world.send(&mut Jar::default(), request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_page_answers_another_method() {
    let world = World::new().await;
    let mut jar = world.sign_in("sue").await;
    for (path, _) in PAGES {
        let request = Request::builder().method(Method::DELETE).uri(*path).body(Body::empty()).unwrap();
        assert_eq!(world.send(&mut jar, request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
