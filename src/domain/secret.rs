//! Secrets in their two forms: plain, shown once, and hashed, stored (STYLE.md 11).

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::random::Random;

/// What a token is for; gives it its prefix, so that a leaked one is recognised for what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// OAuth access token.
    Access,
    /// OAuth refresh token.
    Refresh,
    /// OAuth authorization code.
    Code,
    /// SMART EHR-launch handle (`launch`).
    Launch,
    /// Portal session cookie.
    Session,
    /// Client secret.
    ClientSecret,
    /// Lets a vendor register clients without an account (RFC 7591 3, "initial access token").
    InitialAccess,
    /// Lets a vendor manage one registration (RFC 7592).
    RegistrationAccess,
    /// A pushed authorization request (RFC 9126), the end of its `request_uri`.
    PushedRequest,
    /// Lets a new account's owner set it up (S-17), in a mailed link.
    SetUp,
    /// By which a browser is known again.
    Device,
    /// Handle of a registration that is being filled in.
    RegistrationDraft,
    /// The end of a mailed link to a registration's status page.
    RegistrationStatus,
    /// Form token against cross-site request forgery.
    Csrf,
}

impl TokenKind {
    /// The text that every token of this kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "cga_",
            Self::Refresh => "cgr_",
            Self::Code => "cgc_",
            Self::Launch => "cgl_",
            Self::Session => "cgs_",
            Self::ClientSecret => "cgk_",
            Self::InitialAccess => "cgi_",
            Self::RegistrationAccess => "cgm_",
            Self::PushedRequest => "cgp_",
            Self::SetUp => "cgu_",
            Self::Device => "cgd_",
            Self::RegistrationDraft => "cgq_",
            Self::RegistrationStatus => "cgv_",
            Self::Csrf => "cgf_",
        }
    }
}

/// A secret in plain. Leaves the process once, towards its owner; never stored, never printed.
#[derive(Clone)]
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// A new secret of 256 random bits with the prefix of its kind.
    pub fn generate(kind: TokenKind, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        random.fill(bytes.as_mut());
        Self(Zeroizing::new(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes.as_ref()))))
    }

    /// A secret that somebody presented; `None` when it lacks the prefix of `kind` or is absurdly long.
    pub fn presented(kind: TokenKind, text: &str) -> Option<Self> {
        (text.starts_with(kind.prefix()) && text.len() <= 128).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret itself, to hand to its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which it is stored and looked up.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(..)")
    }
}

/// Two lower-case hexadecimal digits a byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| DIGITS.get(usize::from(half)))
        .collect()
}

/// SHA-256 of a 256-bit random secret. A slow hash would add nothing against 256 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a secret's text.
    pub fn of(secret: &str) -> Self {
        let mut hash = [0_u8; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        Self(hash)
    }

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the stored form; `None` when it is not 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0_u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// The stored form: 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hexadecimal(&self.0)
    }

    /// Comparison whose time does not depend on where the two differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}
