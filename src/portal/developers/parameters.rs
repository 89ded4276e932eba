//! What apps send, parameter by parameter. A test holds the list against what the authorization server reads.

/// One parameter.
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// When it must be there.
    pub needed: &'static str,
    /// What it says.
    pub what: &'static str,
}

const fn p(name: &'static str, needed: &'static str, what: &'static str) -> Parameter {
    Parameter { name, needed, what }
}

/// Of the authorization endpoint.
pub const AUTHORIZE: &[Parameter] = &[
    p("response_type", "always", "code"),
    p("client_id", "always", "The id that you were given."),
    p(
        "redirect_uri",
        "always",
        "One of the addresses that you registered, letter by letter. A port or a slash more is another address.",
    ),
    p("scope", "always", "What you ask for, separated by spaces."),
    p(
        "state",
        "recommended",
        "An unguessable value of yours. It comes back as it was; check it before you use the code.",
    ),
    p("aud", "always", "The FHIR base URL. Anything else is refused, so that no token goes astray."),
    p(
        "code_challenge",
        "always",
        "PKCE: SHA-256 of your code_verifier, in base64url without padding (43 characters). Also for clients with a secret.",
    ),
    p("code_challenge_method", "always", "S256. The method plain is refused."),
    p("launch", "EHR launch", "The handle with which the portal opened your launch page. It works once."),
    p("nonce", "optional", "Comes back inside the id_token."),
    p(
        "prompt",
        "optional",
        "none, login, consent or select_account. With none the user is never asked: you get a code or an error.",
    ),
    p("max_age", "optional", "Seconds since the user typed a password; longer ago, and they sign in again."),
    p("response_mode", "optional", "query"),
    p("request", "never", "Request objects are not supported."),
    p("dpop_jkt", "optional", "Thumbprint of the key to which the code is to be bound (RFC 9449 10)."),
    p("request_uri", "after a pushed request", "What the pushed authorization request endpoint returned."),
];

/// Of the token endpoint, whichever grant type.
pub const TOKEN: &[Parameter] = &[
    p("grant_type", "always", "authorization_code, refresh_token or client_credentials."),
    p("code", "authorization_code", "The code. It works once, within a minute."),
    p("redirect_uri", "authorization_code", "The same as in the authorization request."),
    p("code_verifier", "authorization_code", "The PKCE secret of 43 to 128 characters."),
    p("refresh_token", "refresh_token", "The latest one. Each works once; the answer holds the next."),
    p(
        "scope",
        "client_credentials; else optional",
        "For client_credentials: system scopes. For refresh_token: the same or less than was granted.",
    ),
    p("client_id", "public clients", "Clients with a secret or key name themselves by it."),
    p("client_secret", "client_secret_post", "Or as HTTP Basic (client_secret_basic)."),
    p("client_assertion_type", "private_key_jwt", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    p("client_assertion", "private_key_jwt", "A JWT that you sign; see below."),
];

/// Of revocation and introspection.
pub const ABOUT_TOKENS: &[Parameter] = &[
    p("token", "always", "The token that is asked about or to be revoked."),
    p("token_type_hint", "optional", "Not needed: the token says what it is."),
];

/// Of a client assertion: header and claims.
pub const ASSERTION: &[Parameter] = &[
    p("alg", "header", "One of the algorithms above. RS384 and ES384 are those of SMART."),
    p("kid", "header", "The id of the key in your key set."),
    p("jku", "header, optional", "If it is there, it must be the jwks_uri that you registered."),
    p("iss", "claim", "Your client_id."),
    p("sub", "claim", "Your client_id."),
    p("aud", "claim", "The token endpoint; of a client held to FAPI 2.0, the issuer."),
    p("exp", "claim", "At most five minutes ahead."),
    p("jti", "claim", "A value that you never use again; a second use is refused."),
    p("nbf", "claim, optional", "Not before. So is iat."),
];

/// Of a DPoP proof: header and claims.
pub const PROOF: &[Parameter] = &[
    p("typ", "header", "dpop+jwt"),
    p("alg", "header", "One of the algorithms below."),
    p("jwk", "header", "The public key, and nothing of the private one."),
    p("jti", "claim", "A value that you never use again."),
    p("htm", "claim", "The HTTP method."),
    p("htu", "claim", "The URL without query and fragment."),
    p("iat", "claim", "Now, in seconds."),
    p("ath", "claim, with an access token", "SHA-256 of the access token, in base64url."),
    p("nonce", "claim, once asked for", "The value of the header DPoP-Nonce."),
];

/// Of the answer to a token request.
pub const ANSWER: &[Parameter] = &[
    p("access_token", "always", "Opaque. Send it as Authorization: Bearer."),
    p("token_type", "always", "Bearer; DPoP where the token is bound to a key."),
    p("expires_in", "always", "Seconds."),
    p("scope", "always", "What was granted. It may be less than you asked for; read it."),
    p("refresh_token", "with offline_access or online_access", "For the next access token."),
    p("id_token", "with openid", "Who signed in: a JWT signed with RS256."),
    p("patient", "with a patient in context", "FHIR id of the patient."),
    p("encounter", "EHR launch with an open encounter", "FHIR id of the encounter."),
    p("need_patient_banner", "with a patient", "Whether your app must show who the patient is."),
    p("smart_style_url", "with a patient", "The portal's colours and sizes, as JSON."),
];

/// What the words among the scopes stand for.
pub const WORDS: &[(&str, &str)] = &[
    ("openid", "An id_token that says who signed in."),
    ("fhirUser", "With openid: the user's own FHIR resource, by URL, in the id_token."),
    ("profile", "With openid: the user's name at the userinfo endpoint."),
    ("launch", "EHR launch: take over patient and encounter that are open in the portal."),
    ("launch/patient", "Standalone launch: the user picks a patient."),
    ("launch/encounter", "The open encounter, where the launch brings one. It is not granted otherwise."),
    ("offline_access", "A refresh token that outlives the user's session."),
    ("online_access", "A refresh token for as long as the user is signed in."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_scope_word_is_explained() {
        let known: BTreeSet<_> = crate::fhir::scope::WORDS.iter().copied().collect();
        let told: BTreeSet<_> = WORDS.iter().map(|(word, _)| *word).collect();
        assert_eq!(told, known);
    }

    /// What the handlers of these files read from a request stands on the page.
    #[test]
    fn every_parameter_that_is_read_is_explained() {
        let told: BTreeSet<_> =
            [AUTHORIZE, TOKEN, ABOUT_TOKENS].iter().flat_map(|t| t.iter().map(|p| p.name)).collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oauth");
        for file in [
            "request",
            "token",
            "grant_code",
            "grant_refresh",
            "grant_backend",
            "client_auth",
            "revoke",
            "introspect",
            "par",
        ] {
            let text = std::fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for (at, call) in code.match_indices(".get(\"") {
                let name = code[at + call.len()..].split('"').next().unwrap();
                let of_scope = name.starts_with("__") || told.contains(name);
                assert!(of_scope, "{name}, read in src/oauth/{file}.rs, is on no page");
            }
        }
    }

    #[test]
    fn nothing_is_told_twice() {
        for table in [AUTHORIZE, TOKEN, ABOUT_TOKENS, ASSERTION, PROOF, ANSWER] {
            let names: BTreeSet<_> = table.iter().map(|p| p.name).collect();
            assert_eq!(names.len(), table.len());
        }
    }
}
