//! Identifiers. Each kind is a type of its own so that one cannot be handed in for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use super::random::Random;

/// Why a text is not the identifier it was said to be. Never quotes the text: it may be PHI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(pub &'static str);

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes `text` if it has the form of this identifier.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.into())) } else { Err(InvalidId($what)) }
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), &self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        text_id!($(#[$doc])* $name, $what, is_own_id);

        impl $name {
            /// A new identifier of 128 random bits.
            pub fn generate(random: &dyn Random) -> Self {
                Self(random_hex(random).into())
            }
        }
    };
}

fn is_own_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn random_hex(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    super::secret::hexadecimal(&bytes)
}

/// FHIR R4 `id`: 1 to 64 of `[A-Za-z0-9\-.]`; but not `.` or `..`, which would climb in the path of a URL.
fn is_fhir_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !matches!(text, "." | "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

text_id!(
    /// A FHIR logical id in the hospital's EHR, of any resource type (R4 datatypes, `id`).
    FhirId, "FHIR id", is_fhir_id
);
text_id!(
    /// A medical record number as the hospital prints it. Never in a log or a URL.
    Mrn, "medical record number",
    |t| (1..=32).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);
text_id!(
    /// A National Provider Identifier: 10 digits whose last is the check digit (S-01).
    Npi, "NPI", npi_is_valid
);
own_id!(
    /// A person's account in the portal.
    AccountId, "account id"
);
own_id!(
    /// A clinic or group outside the hospital.
    PracticeId, "practice id"
);
own_id!(
    /// A guardian's permission for one provider.
    GrantId, "grant id"
);
own_id!(
    /// A provider's request to see a record.
    AccessRequestId, "access request id"
);
own_id!(
    /// Something that an account was told.
    NoticeId, "notice id"
);
own_id!(
    /// A family's invitation to a clinician; not its token.
    InvitationId, "invitation id"
);
own_id!(
    /// A sponsor's standing behind one sponsored user.
    SponsorshipId, "sponsorship id"
);
own_id!(
    /// A provider's registration.
    ProviderRegistrationId, "registration id"
);
own_id!(
    /// One upload of a document.
    UploadId, "upload id"
);
own_id!(
    /// An OAuth client.
    ClientId, "client id"
);
own_id!(
    /// An initial access token; not the token itself.
    InitialTokenId, "initial access token id"
);
own_id!(
    /// What a user authorized a client to do; every code and token hangs on one.
    AuthorizationId, "authorization id"
);
own_id!(
    /// A second factor of an account.
    FactorId, "second factor id"
);
own_id!(
    /// One HTTP request, for support and for logs.
    RequestId, "request id"
);

/// The Luhn check over the NPI with the prefix 80840 that ISO 7812 gives to US health (CMS, "NPI check digit").
fn npi_is_valid(text: &str) -> bool {
    if text.len() != 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    // 24 is what the prefix contributes to the Luhn sum.
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let weighted = if place % 2 == 1 { digit * 2 } else { digit };
            if weighted > 9 { weighted - 9 } else { weighted }
        })
        .sum();
    (sum + 24).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s01_npi_check_digit() {
        assert!(Npi::parse("1234567893").is_ok(), "the example in the CMS document");
        for wrong in ["1234567890", "123456789", "12345678931", "12345b7893", ""] {
            assert!(Npi::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn fhir_ids_are_of_the_r4_form() {
        assert!(FhirId::parse("a-1.B").is_ok());
        for wrong in ["", "a/b", "a b", "é", ".", "..", &"x".repeat(65)] {
            assert!(FhirId::parse(wrong).is_err(), "{wrong}");
        }
    }
}
