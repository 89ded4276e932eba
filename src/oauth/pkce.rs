//! Proof Key for Code Exchange (RFC 7636), S256 alone (SMART App Launch 2.2, "Considerations for PKCE Support").

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// Whether `challenge` can be an S256 `code_challenge`: 43 characters of base64url without padding.
pub fn is_challenge(challenge: &str) -> bool {
    challenge.len() == 43 && URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether `verifier` is well-formed (RFC 7636 4.1) and its SHA-256 is `challenge`. Takes the same time wherever they differ.
pub fn verify(verifier: &str, challenge: &str) -> bool {
    if !is_verifier(verifier) {
        return false;
    }
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref()).as_bytes().ct_eq(challenge.as_bytes()).into()
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The pair of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn row_31_the_verifier_must_match() {
        assert!(verify(VERIFIER, CHALLENGE));
        assert!(!verify(VERIFIER, VERIFIER), "plain is not S256");
        assert!(!verify(CHALLENGE, CHALLENGE));
        assert!(!verify("", CHALLENGE));
        assert!(!verify(&VERIFIER[..42], CHALLENGE));
        assert!(!verify(&format!("{VERIFIER} "), CHALLENGE));
    }

    #[test]
    fn row_14_a_challenge_is_43_characters_of_base64url() {
        assert!(is_challenge(CHALLENGE));
        for wrong in ["", "abc", &format!("{CHALLENGE}="), &CHALLENGE.replace('-', "+"), &"A".repeat(44)] {
            assert!(!is_challenge(wrong), "{wrong}");
        }
    }
}
