//! Every error that the authorization server can answer, in one table: status, code, what the caller is told, and how it may
//! travel. Nothing else words an OAuth error.

use axum::http::StatusCode;

/// How an error may reach whoever caused it (RFC 6749 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A page of our own: client or redirect URI cannot be trusted, so nobody is redirected.
    Page,
    /// A redirect to the client's verified redirect URI.
    Redirect,
    /// A JSON body (RFC 6749 5.2) at the token, revocation and introspection endpoints.
    Json,
}

macro_rules! oauth_errors {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $way:ident, $text:literal;)+) => {
        /// An OAuth error. Closed: a new one is a new row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum OAuthError { $($(#[$doc])* #[error($text)] $name),+ }

        impl OAuthError {
            /// Every error, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The row's name, for the log.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// HTTP status where it is answered directly.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// The `error` code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The `error_description`: one plain sentence in ASCII (RFC 6749 5.2), without anything the caller sent.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// How it may travel.
            pub const fn way(self) -> Way {
                match self { $(Self::$name => Way::$way),+ }
            }
        }
    };
}

oauth_errors! {
    // Authorization endpoint, before client and redirect URI are known to be good.

    /// A request without any parameter.
    NoParameters = BAD_REQUEST, "invalid_request", Page,
        "The app sent no parameters. An authorization request begins in an app, not at this address.";
    /// RFC 6749 3.1: no parameter twice.
    RepeatedIdentity = BAD_REQUEST, "invalid_request", Page,
        "The app sent its client_id or redirect_uri more than once.";
    /// No `client_id`.
    NoClient = BAD_REQUEST, "invalid_request", Page, "The app did not say which app it is (client_id).";
    /// A `client_id` that is not registered, or is suspended: one answer for both.
    UnknownClient = BAD_REQUEST, "unauthorized_client", Page,
        "The app that sent you here is not registered with this hospital, or its registration is not active.";
    /// No `redirect_uri`.
    NoRedirectUri = BAD_REQUEST, "invalid_request", Page,
        "The app did not say where to return to (redirect_uri).";
    /// A `redirect_uri` that is not registered for the client, letter by letter.
    RedirectUriMismatch = BAD_REQUEST, "invalid_request", Page,
        "The address that the app wants to return to (redirect_uri) is not one that it registered.";
    /// A form of our own that was tampered with, or whose session ended.
    StaleForm = BAD_REQUEST, "invalid_request", Page,
        "This page is out of date. Go back to the app and start again.";
    /// A `request_uri` of ours that is unknown, used, expired or another client's (RFC 9126 4).
    UnknownRequestUri = BAD_REQUEST, "invalid_request_uri", Page,
        "The request that the app announced has expired or was used before. Go back to the app and start again.";
    /// More than any honest request holds.
    TooLong = BAD_REQUEST, "invalid_request", Page, "The app sent more than this server accepts.";

    /// A `post_logout_redirect_uri` that the client did not register, letter by letter, or without a client at all.
    LogoutRedirectUri = BAD_REQUEST, "invalid_request", Page,
        "The address that the app wants you to return to after signing out (post_logout_redirect_uri) is not one that it registered.";

    // Authorization endpoint, towards the client.

    /// RFC 6749 3.1: no parameter twice.
    RepeatedParameter = BAD_REQUEST, "invalid_request", Redirect, "A parameter was sent more than once.";
    /// `response_type` is missing.
    NoResponseType = BAD_REQUEST, "invalid_request", Redirect, "The parameter response_type is missing.";
    /// Anything but `code`.
    UnsupportedResponseType = BAD_REQUEST, "unsupported_response_type", Redirect,
        "The only response_type supported is code.";
    /// Anything but `query`.
    UnsupportedResponseMode = BAD_REQUEST, "invalid_request", Redirect,
        "The only response_mode supported is query.";
    /// PKCE is required of every client.
    NoCodeChallenge = BAD_REQUEST, "invalid_request", Redirect,
        "PKCE is required: the parameter code_challenge is missing.";
    /// `plain` or a missing method, which would mean `plain` (RFC 7636 4.3).
    CodeChallengeMethod = BAD_REQUEST, "invalid_request", Redirect,
        "The only code_challenge_method supported is S256.";
    /// Not 43 characters of base64url.
    MalformedCodeChallenge = BAD_REQUEST, "invalid_request", Redirect,
        "The code_challenge is not the base64url form of a SHA-256 hash.";
    /// SMART requires `aud`.
    NoAudience = BAD_REQUEST, "invalid_request", Redirect,
        "The parameter aud is missing: it names the FHIR server that the app will call.";
    /// `aud` names another server: a token for it must not be handed out here.
    WrongAudience = BAD_REQUEST, "invalid_request", Redirect,
        "The parameter aud does not name this FHIR server.";
    /// RFC 9101 is not supported.
    RequestNotSupported = BAD_REQUEST, "request_not_supported", Redirect,
        "Request objects are not supported.";
    /// A `request_uri` that is not one of ours: RFC 9101 is not supported beyond RFC 9126.
    RequestUriNotSupported = BAD_REQUEST, "request_uri_not_supported", Redirect,
        "The only request_uri supported is one from the pushed authorization request endpoint.";
    /// The client is registered to push its requests (RFC 9126 6).
    PushRequired = BAD_REQUEST, "invalid_request", Redirect,
        "This client has to push its authorization requests and send the request_uri.";
    /// FAPI 2.0 5.3.2.2: `https` redirects.
    RedirectUriNotHttps = BAD_REQUEST, "invalid_request", Redirect,
        "This client may only be answered to at an https address.";
    /// `dpop_jkt` is not a thumbprint.
    MalformedThumbprint = BAD_REQUEST, "invalid_request", Redirect,
        "The dpop_jkt is not the base64url form of a SHA-256 thumbprint.";
    /// `prompt` unknown, or `none` among others.
    MalformedPrompt = BAD_REQUEST, "invalid_request", Redirect,
        "The parameter prompt has an unknown value, or none together with another.";
    /// `nonce` with control characters, or longer than any client makes one.
    MalformedNonce = BAD_REQUEST, "invalid_request", Redirect,
        "The parameter nonce is too long or holds control characters.";
    /// `max_age` is not a number of seconds.
    MalformedMaxAge = BAD_REQUEST, "invalid_request", Redirect,
        "The parameter max_age is not a number of seconds.";
    /// The client may not use the code flow.
    CodeFlowForbidden = BAD_REQUEST, "unauthorized_client", Redirect,
        "This client is registered for backend services and cannot ask a user.";
    /// Nothing that was asked for can be granted to this client.
    NoScopeLeft = BAD_REQUEST, "invalid_scope", Redirect,
        "None of the scopes asked for can be granted to this client.";
    /// The `launch` handle is unknown, expired, used, or not for this client and user.
    UnknownLaunch = BAD_REQUEST, "invalid_request", Redirect,
        "The launch is unknown, has expired or was used before. Launch the app again from the portal.";
    /// The user said no.
    AccessDenied = FORBIDDEN, "access_denied", Redirect, "The user denied the request.";
    /// Staff and guardians reach no clinical data through apps (DESIGN.md 2.2).
    NotForThisAccount = FORBIDDEN, "access_denied", Redirect,
        "The account that is signed in is not one that can use clinical apps.";
    /// `prompt=none` and nobody is signed in, or not recently enough.
    LoginRequired = BAD_REQUEST, "login_required", Redirect, "The user has to sign in.";
    /// `prompt=none` and consent is needed.
    ConsentRequired = BAD_REQUEST, "consent_required", Redirect, "The user has to be asked.";
    /// `prompt=none` and a patient must be chosen.
    InteractionRequired = BAD_REQUEST, "interaction_required", Redirect, "The user has to choose a patient.";
    /// Our own failure, towards the client.
    ServerErrorRedirect = INTERNAL_SERVER_ERROR, "server_error", Redirect, "Something went wrong on our side.";
    /// The EHR or the database is away.
    UnavailableRedirect = SERVICE_UNAVAILABLE, "temporarily_unavailable", Redirect,
        "The hospital's system cannot be reached. Try again in a moment.";

    // Token, revocation and introspection endpoints.

    /// Not `application/x-www-form-urlencoded`, repeated or missing parameters.
    MalformedTokenRequest = BAD_REQUEST, "invalid_request", Json,
        "The request is not a form, a parameter is missing or was sent more than once.";
    /// Two ways of client authentication at once (RFC 6749 2.3).
    TwoAuthentications = BAD_REQUEST, "invalid_request", Json,
        "The client used more than one way of authentication.";
    /// An assertion of another type than a JWT (RFC 7521 4.2). 400 because no authentication was tried that could be tried again.
    AssertionType = BAD_REQUEST, "invalid_client", Json,
        "The client_assertion_type is not the one for JWT bearer assertions.";
    /// `grant_type` is missing or unknown.
    UnsupportedGrantType = BAD_REQUEST, "unsupported_grant_type", Json,
        "The grant_type is not supported.";
    /// Unknown client, wrong secret, bad assertion: one answer for all.
    InvalidClient = UNAUTHORIZED, "invalid_client", Json, "Client authentication failed.";
    /// RFC 9449 5: the proof does not count, or was used before.
    InvalidDpopProof = BAD_REQUEST, "invalid_dpop_proof", Json, "The DPoP proof is not valid for this request.";
    /// The client is registered for tokens bound to a key and shows none.
    NoDpopProof = BAD_REQUEST, "invalid_dpop_proof", Json,
        "This client has to show a key: the DPoP header is missing.";
    /// RFC 9449 8.
    UseDpopNonce = BAD_REQUEST, "use_dpop_nonce", Json,
        "The DPoP proof needs the nonce that comes with this answer.";
    /// RFC 9449 10.1: the pushed `dpop_jkt` is another key's.
    OtherThumbprint = BAD_REQUEST, "invalid_dpop_proof", Json,
        "The dpop_jkt is not the thumbprint of the key in the DPoP header.";
    /// RFC 9449 10, 5: the key is not the one to which code or refresh token is bound.
    OtherKey = BAD_REQUEST, "invalid_grant", Json,
        "The code or refresh token is bound to a key that the request does not show.";
    /// RFC 9126 2.1: no reference within a pushed request.
    NestedRequestUri = BAD_REQUEST, "invalid_request", Json, "A pushed request cannot hold a request_uri.";
    /// The grant type is not for this kind of client.
    GrantTypeForbidden = BAD_REQUEST, "unauthorized_client", Json,
        "This client is not registered for this grant_type.";
    /// The code is unknown, expired, used, or was given to another client.
    InvalidCode = BAD_REQUEST, "invalid_grant", Json,
        "The authorization code is unknown, has expired, was used before or is not yours.";
    /// The redirect URI is not the one of the authorization request.
    CodeRedirectUri = BAD_REQUEST, "invalid_grant", Json,
        "The redirect_uri is not the one of the authorization request.";
    /// The PKCE verifier is missing, malformed or wrong.
    CodeVerifier = BAD_REQUEST, "invalid_grant", Json,
        "The code_verifier is missing or does not match the code_challenge.";
    /// The refresh token is unknown, expired, revoked, rotated, or another client's.
    InvalidRefreshToken = BAD_REQUEST, "invalid_grant", Json,
        "The refresh token is unknown, has expired, was revoked or used before, or is not yours.";
    /// `online_access` and the user has signed out.
    UserOffline = BAD_REQUEST, "invalid_grant", Json, "The user is no longer signed in.";
    /// A scope outside what was granted, or nothing left of what was asked for.
    InvalidScope = BAD_REQUEST, "invalid_scope", Json,
        "The scope is malformed or exceeds what this client may have.";
    /// The token to be revoked is another client's.
    ForeignToken = BAD_REQUEST, "invalid_grant", Json, "The token was issued to another client.";
    /// The caller of introspection may not.
    IntrospectionForbidden = FORBIDDEN, "access_denied", Json, "This client may not introspect tokens.";
    /// No or bad bearer token at userinfo or introspection.
    InvalidToken = UNAUTHORIZED, "invalid_token", Json, "The access token is missing, unknown or has expired.";
    /// RFC 9449 7.1: the token is bound to a key and the proof is missing or does not count.
    ResourceProof = UNAUTHORIZED, "invalid_dpop_proof", Json,
        "The DPoP proof is missing or not valid for this request and token.";
    /// RFC 9449 9.
    ResourceNonce = UNAUTHORIZED, "use_dpop_nonce", Json,
        "The DPoP proof for the access token needs the nonce that comes with this answer.";
    /// The bearer token lacks the scope.
    InsufficientScope = FORBIDDEN, "insufficient_scope", Json, "The access token does not cover this request.";
    /// A redirect URI that cannot be registered (RFC 7591 3.2.2).
    InvalidRedirectUri = BAD_REQUEST, "invalid_redirect_uri", Json, "One of redirect_uris cannot be registered.";
    /// Anything else of the metadata.
    InvalidClientMetadata = BAD_REQUEST, "invalid_client_metadata", Json, "The client metadata cannot be registered.";
    /// Not a JWT.
    InvalidSoftwareStatement = BAD_REQUEST, "invalid_software_statement", Json,
        "The software_statement is not a signed JWT.";
    /// A JWT by somebody whom this server does not know: it knows nobody.
    UnapprovedSoftwareStatement = BAD_REQUEST, "unapproved_software_statement", Json,
        "No software statements are accepted here; send the metadata itself.";
    /// No or bad initial or registration access token (RFC 7591 3, RFC 7592 2).
    RegistrationToken = UNAUTHORIZED, "invalid_token", Json,
        "The token for this registration is missing, unknown, used up or has expired.";
    /// A registration that may not be changed now (RFC 7592 2.2).
    RegistrationSuspended = FORBIDDEN, "access_denied", Json,
        "The hospital has suspended this client; its registration cannot be changed until it is active again.";
    /// Changed by somebody else since it was read.
    RegistrationChanged = CONFLICT, "invalid_request", Json,
        "The registration was changed at the same moment; read it again.";
    /// Too many registrations from one address.
    RegistrationLimited = TOO_MANY_REQUESTS, "temporarily_unavailable", Json,
        "There were too many registrations from this address; try again later.";
    /// Too many registrations that wait for staff.
    RegistrationFull = SERVICE_UNAVAILABLE, "temporarily_unavailable", Json,
        "Too many registrations wait for the hospital; try again later, or write to its support.";
    /// More than any honest request holds.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "invalid_request", Json, "The request is larger than this server accepts.";
    /// The request did not come in time.
    BodyTooSlow = REQUEST_TIMEOUT, "invalid_request", Json, "The request did not come in time.";
    /// Too many failures, or requests, of this client from this address: `Retry-After` says when to come back.
    TooManyRequests = TOO_MANY_REQUESTS, "temporarily_unavailable", Json,
        "Too many requests or failures from here. Wait for as many seconds as Retry-After says.";
    /// Our own failure.
    ServerErrorJson = INTERNAL_SERVER_ERROR, "server_error", Json, "Something went wrong on our side.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6749 5.2: `error_description` is made of %x20-21 / %x23-5B / %x5D-7E.
    #[test]
    fn descriptions_are_of_the_allowed_characters_and_unique() {
        let mut seen = std::collections::HashSet::new();
        for error in OAuthError::ALL {
            assert!(
                error.text().bytes().all(|b| (0x20..=0x7e).contains(&b) && b != b'"' && b != b'\\'),
                "{error:?}"
            );
            assert!(seen.insert((error.way() as u8, error.text())), "{error:?} is worded like another");
        }
    }

    /// RFC 6749 4.1.2.1: a bad client or redirect URI never redirects.
    #[test]
    fn errors_about_client_and_redirect_uri_stay_here() {
        for error in [
            OAuthError::NoParameters,
            OAuthError::NoClient,
            OAuthError::UnknownClient,
            OAuthError::NoRedirectUri,
            OAuthError::RedirectUriMismatch,
            OAuthError::RepeatedIdentity,
        ] {
            assert_eq!(error.way(), Way::Page, "{error:?}");
            assert_eq!(error.status(), StatusCode::BAD_REQUEST, "{error:?}");
        }
    }

    /// RFC 6749 5.2: client authentication fails with 401, everything else about the request with 400.
    #[test]
    fn row_251_token_errors_have_the_statuses_of_rfc_6749() {
        for error in OAuthError::ALL.iter().filter(|e| e.way() == Way::Json) {
            let expected = match error.code() {
                _ if error.name().starts_with("Registration") => continue,
                // RFC 9449 7.1: where an access token is shown.
                _ if matches!(error, OAuthError::ResourceProof | OAuthError::ResourceNonce) => 401,
                // RFC 6749 leaves the choice to a server that was offered nothing it could have tried.
                "invalid_client" if *error == OAuthError::AssertionType => 400,
                _ if *error == OAuthError::BodyTooLarge => 413,
                _ if *error == OAuthError::BodyTooSlow => 408,
                // RFC 6585 4, RFC 9126 2.3.
                "temporarily_unavailable" => 429,
                "invalid_client" | "invalid_token" => 401,
                "access_denied" | "insufficient_scope" => 403,
                "server_error" => 500,
                _ => 400,
            };
            assert_eq!(error.status().as_u16(), expected, "{error:?}");
        }
    }
}
