//! Time-based one-time passwords (RFC 6238): what an authenticator app shows. Six digits, thirty seconds, SHA-1, as every app has them.

use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::domain::clock::Timestamp;
use crate::domain::random::Random;

/// Bytes of a secret (RFC 4226 4, R6).
const LENGTH: usize = 20;

/// The secret that an authenticator app and we share.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; LENGTH]>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

impl TotpSecret {
    /// A new secret.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The secret of these bytes; `None` when it is not as long as ours are.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(<[u8; LENGTH]>::try_from(bytes).ok()?)))
    }

    /// Its bytes, to be sealed.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// The secret as people type it who cannot scan: base32 in groups of four.
    pub fn text(&self) -> String {
        super::codes::grouped(&self.secret().to_base32()).replace('-', " ")
    }

    /// The `otpauth:` address that the QR code holds; `None` when a name cannot stand in one.
    pub fn uri(&self, issuer: &str, account: &str) -> Option<String> {
        let tidy = |text: &str| text.replace(':', " ");
        let totp = Builder::new()
            .with_secret(self.secret())
            .with_account_name(tidy(account))
            .with_issuer(Some(tidy(issuer)))
            .build()
            .ok()?;
        totp.to_url().ok()
    }

    /// The period of which `code` is the code, if it is of now, of the one before or of the one after. The caller sees to it that each
    /// period is taken once (RFC 6238 5.2).
    pub fn period_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        let code = super::codes::typed(code);
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.totp()?.check(&code, u64::try_from(now.as_seconds()).ok()?)
    }

    /// The code of a moment: what an app would show, for tests.
    pub fn code_at(&self, at: Timestamp) -> Option<String> {
        Some(self.totp()?.generate(u64::try_from(at.as_seconds()).ok()?).to_string())
    }

    fn secret(&self) -> Secret {
        Secret::new_stack(*self.0)
    }

    fn totp(&self) -> Option<Totp> {
        Builder::new().with_secret(self.secret()).build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn the_codes_are_those_of_the_specification() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            let at = Timestamp::from_millis(second * 1000);
            assert_eq!(secret.code_at(at).unwrap(), code);
            assert_eq!(secret.period_of(code, at), Some(u64::try_from(second).unwrap() / 30));
            let (late, too_late) = (Timestamp::from_millis((second + 29) * 1000), (second + 61) * 1000);
            assert!(secret.period_of(code, late).is_some());
            assert_eq!(secret.period_of(code, Timestamp::from_millis(too_late)), None);
        }
        for bad in ["", "28708", "2870822", "28708x", "-87082", "٢٨٧٠٨٢"] {
            assert_eq!(secret.period_of(bad, Timestamp::from_millis(59_000)), None, "{bad}");
        }
    }

    #[test]
    fn the_address_in_the_qr_code_names_the_hospital_and_the_account() {
        let secret = TotpSecret::from_bytes(b"12345678901234567890").unwrap();
        let uri = secret.uri("Lakeside: Children's", "ana@kids.example").unwrap();
        assert!(uri.starts_with("otpauth://totp/Lakeside"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert_eq!(secret.text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }
}
