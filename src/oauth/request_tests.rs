use rstest::rstest;

use super::*;
use crate::oauth::testing;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn good() -> Params {
    Params::default()
        .with("response_type", "code")
        .with("client_id", "app")
        .with("redirect_uri", "https://app.example/cb")
        .with("scope", "launch/patient openid fhirUser patient/*.rs offline_access")
        .with("state", "s 1")
        .with("aud", "https://gate.example/fhir/r4")
        .with("code_challenge", CHALLENGE)
        .with("code_challenge_method", "S256")
}

fn verify(params: Params) -> Result<AuthorizeRequest, Rejection> {
    let endpoints = Endpoints::under("https://gate.example");
    AuthorizeRequest::verify(Some(testing::client("app")), params, &endpoints, None)
}

#[test]
fn a_good_request_is_taken() {
    let request = verify(good()).unwrap();
    assert_eq!(request.scopes.to_string(), "launch/patient openid fhirUser offline_access patient/*.rs");
    assert_eq!(request.reply.state.as_deref(), Some("s 1"));
}

#[rstest]
#[case::nothing(Params::default(), OAuthError::NoParameters)]
#[case::no_client(good().without("client_id"), OAuthError::NoClient)]
#[case::odd_client(good().with("client_id", "a b"), OAuthError::UnknownClient)]
#[case::no_redirect_uri(good().without("redirect_uri"), OAuthError::NoRedirectUri)]
#[case::repeated(Params::parse("client_id=a&client_id=a&redirect_uri=x").unwrap(), OAuthError::RepeatedIdentity)]
fn a_request_that_cannot_be_answered_to_anybody(#[case] params: Params, #[case] error: OAuthError) {
    assert_eq!(identify(&params).unwrap_err(), error);
}

#[test]
fn row_18_redirect_uris_match_letter_by_letter() {
    for uri in [
        "https://app.example/cb/",
        "https://app.example/cb?x",
        "https://APP.example/cb",
        "https://app.example/",
    ] {
        let rejection = verify(good().with("redirect_uri", uri)).unwrap_err();
        assert_eq!(rejection, Rejection::Page(OAuthError::RedirectUriMismatch), "{uri}");
    }
}

#[test]
fn an_unknown_and_a_suspended_client_are_one_answer() {
    let endpoints = Endpoints::under("https://gate.example");
    let suspended = Client { state: ClientState::Suspended, ..testing::client("app") };
    for client in [None, Some(suspended)] {
        let rejection = AuthorizeRequest::verify(client, good(), &endpoints, None).unwrap_err();
        assert_eq!(rejection, Rejection::Page(OAuthError::UnknownClient));
    }
}

#[rstest]
#[case::no_type(good().without("response_type"), OAuthError::NoResponseType)]
#[case::token(good().with("response_type", "token"), OAuthError::UnsupportedResponseType)]
#[case::fragment(good().with("response_mode", "fragment"), OAuthError::UnsupportedResponseMode)]
#[case::row_14_no_pkce(good().without("code_challenge"), OAuthError::NoCodeChallenge)]
#[case::row_15_plain(good().with("code_challenge_method", "plain"), OAuthError::CodeChallengeMethod)]
#[case::row_15_plain_by_default(good().without("code_challenge_method"), OAuthError::CodeChallengeMethod)]
#[case::bad_challenge(good().with("code_challenge", "short"), OAuthError::MalformedCodeChallenge)]
#[case::row_96_no_aud(good().without("aud"), OAuthError::NoAudience)]
#[case::row_96_aud(good().with("aud", "https://evil.example/fhir"), OAuthError::WrongAudience)]
#[case::scope(good().with("scope", "nonsense"), OAuthError::NoScopeLeft)]
#[case::no_scope(good().without("scope"), OAuthError::NoScopeLeft)]
#[case::prompt(good().with("prompt", "none login"), OAuthError::MalformedPrompt)]
#[case::odd_prompt(good().with("prompt", "dance"), OAuthError::MalformedPrompt)]
#[case::max_age(good().with("max_age", "-1"), OAuthError::MalformedMaxAge)]
#[case::request(good().with("request", "x"), OAuthError::RequestNotSupported)]
#[case::thumbprint(good().with("dpop_jkt", "short"), OAuthError::MalformedThumbprint)]
#[case::request_uri(good().with("request_uri", "x"), OAuthError::RequestUriNotSupported)]
#[case::repeated(Params::parse(&format!("{}&scope=openid", good().encode())).unwrap(), OAuthError::RepeatedParameter)]
fn what_is_wrong_is_told_to_the_client(#[case] params: Params, #[case] error: OAuthError) {
    match verify(params).unwrap_err() {
        Rejection::Redirect(reply, found) => {
            assert_eq!(found, error);
            assert_eq!(reply.redirect_uri, "https://app.example/cb");
            assert_eq!(reply.state.as_deref(), Some("s 1"));
        }
        Rejection::Page(found) => panic!("{found:?} stayed on our page"),
    }
}

#[test]
fn a_backend_client_cannot_ask_a_user() {
    let backend = Client { kind: ClientKind::Backend, ..testing::client("app") };
    let endpoints = Endpoints::under("https://gate.example");
    let rejection = AuthorizeRequest::verify(Some(backend), good(), &endpoints, None).unwrap_err();
    assert!(matches!(rejection, Rejection::Redirect(_, OAuthError::CodeFlowForbidden)));
}

#[test]
fn prompt_login_and_max_age_want_a_fresh_sign_in_once() {
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    let plain = verify(good()).unwrap();
    assert!(plain.accepts_sign_in(at(0), None, at(90_000)));
    let aged = verify(good().with("max_age", "60")).unwrap();
    assert!(aged.accepts_sign_in(at(0), None, at(60)) && !aged.accepts_sign_in(at(0), None, at(61)));
    for params in [good().with("prompt", "login"), good().with("max_age", "0")] {
        let first = verify(params).unwrap();
        assert!(!first.accepts_sign_in(at(0), None, at(100)));
        let back = verify(first.after_sign_in("sealed")).unwrap();
        assert_eq!(back.signed_in_after.as_deref(), Some("sealed"));
        let after = Some(at(100));
        assert!(back.accepts_sign_in(at(105), after, at(106)), "the sign-in that was asked for counts");
        assert!(!back.accepts_sign_in(at(99), after, at(106)), "the one before does not");
    }
}
