//! Rank 1: keys, sealing and password hashing. No storage, no HTTP.

pub mod blocklist;
pub mod codes;
pub mod csrf;
pub mod dpop;
pub mod jwk;
pub mod password;
pub mod seal;
pub mod signing;
pub mod strength;
pub mod totp;

/// Makes aws-lc the cryptography of `rustls` and `jsonwebtoken`. First thing in `main` and in tests; safe to call again.
pub fn install_crypto_provider() {
    // Err means that somebody installed one before us, which is the same one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
