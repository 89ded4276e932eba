//! What a vendor can do about a failure, by the name of the reason or, for reasons without a line of their own, by the code.

/// One sentence or two.
pub fn hint(error: &str, code: &str) -> &'static str {
    by_name(error).unwrap_or_else(|| by_code(code))
}

fn by_name(error: &str) -> Option<&'static str> {
    Some(match error {
        "RedirectUriMismatch" | "NoRedirectUri" => {
            "Send redirect_uri letter by letter as registered: scheme, host, port, path and a slash at the end all count."
        }
        "UnknownClient" => "The registration is not active: its state stands at the top of this page.",
        "NoCodeChallenge" | "CodeChallengeMethod" | "MalformedCodeChallenge" => {
            "Send code_challenge (base64url of the SHA-256 of the verifier, without padding) and code_challenge_method=S256."
        }
        "CodeVerifier" => {
            "Send the code_verifier whose SHA-256 was the code_challenge of this very authorization request."
        }
        "NoAudience" | "WrongAudience" => {
            "Send aud with the FHIR base URL, as the discovery document was found under it."
        }
        "InvalidCode" => {
            "A code works once, within 60 seconds, for the client that it was given to. Look for a request that is sent twice."
        }
        "CodeRedirectUri" => "Repeat the redirect_uri of the authorization request at the token endpoint.",
        "InvalidRefreshToken" => {
            "Each refresh answers with a new refresh token: keep that one, and never use the same one twice, not in parallel \
             either. Otherwise the user has to authorize the app again."
        }
        "UserOffline" => {
            "online_access ends when the user signs out. Ask for offline_access if the app needs more."
        }
        "NoScopeLeft" | "InvalidScope" => {
            "Ask for scopes that are registered for this app; they stand on this page. To get more, change the registration."
        }
        "UnknownLaunch" => {
            "Send the launch value as it came to the launch address, once, within five minutes."
        }
        "MalformedTokenRequest" | "RepeatedParameter" | "RepeatedIdentity" => {
            "Send a form (application/x-www-form-urlencoded) with every parameter once."
        }
        "TwoAuthentications" => "Send the secret in the header or in the form, or an assertion: one of them.",
        "AccessDenied" => "The user said no. Nothing is wrong with the request.",
        "LoginRequired" | "ConsentRequired" | "InteractionRequired" => {
            "The request said prompt=none, but the user has to be asked. Send it again without."
        }
        "FhirToken" => {
            "Refresh the access token when it expires (expires_in), and stop when the user has taken it back."
        }
        "FhirScope" => {
            "The token does not cover this type of resource, or reading or searching it. Ask for the scope."
        }
        _ => return None,
    })
}

fn by_code(code: &str) -> &'static str {
    match code {
        "invalid_client" => {
            "Check client_id and secret, or the assertion: iss and sub are the client_id, aud is the token endpoint, exp within \
             five minutes, jti new each time, kid one of the registered keys."
        }
        "request_not_supported" | "request_uri_not_supported" | "invalid_request_uri" => {
            "Send the parameters themselves; or push them first (PAR) and use the request_uri once, within its time."
        }
        "invalid_redirect_uri"
        | "invalid_client_metadata"
        | "invalid_software_statement"
        | "unapproved_software_statement" => {
            "The description says which member is wrong; send all of them again."
        }
        "use_dpop_nonce" => {
            "Repeat the request with a proof that holds the nonce of the answer\u{2019}s DPoP-Nonce header."
        }
        "invalid_dpop_proof" => {
            "The DPoP proof is a JWT for this very method and address, fresh, with a new jti, signed by the key that the token \
             is bound to, and with ath where an access token is sent."
        }
        "invalid_token" => "The token has ended. Get a new one.",
        "unauthorized_client" => "This kind of client cannot do this; look at what is registered.",
        "unsupported_grant_type" => "Use authorization_code, refresh_token or client_credentials.",
        "unsupported_response_type" => "Send response_type=code.",
        "invalid_grant" => {
            "The code or token has ended, or is not this app\u{2019}s. Start the authorization again."
        }
        "invalid_scope" | "insufficient_scope" => "Ask for scopes that are registered for this app.",
        "access_denied" => "Not allowed; nothing about the form of the request is wrong.",
        "server_error" | "temporarily_unavailable" => {
            "This was on our side, or passes by itself. Try again later; write to support with the request\u{2019}s number if it stays."
        }
        _ => "Compare the request with the developers\u{2019} pages.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_its_own_hint_or_that_of_its_code() {
        assert!(hint("CodeVerifier", "invalid_grant").contains("code_verifier"));
        assert!(hint("SomethingNew", "invalid_client").contains("client_id"));
        assert!(!hint("SomethingNew", "something_new").is_empty());
    }
}
