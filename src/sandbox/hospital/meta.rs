//! `meta`: version, time, profile and labels.

use serde_json::{Value, json};

use super::json as j;
use super::time;
use crate::domain::clock::Timestamp;

/// A security label: what it says, and of which system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Restricted (v3 Confidentiality R).
    Restricted,
    /// Very restricted (v3 Confidentiality V).
    VeryRestricted,
    /// Psychiatry (v3 `ActCode` PSY).
    Psychiatry,
    /// Sexuality and reproductive health (v3 `ActCode` SEX).
    ReproductiveHealth,
    /// Sexually transmitted disease (v3 `ActCode` STD).
    SexuallyTransmitted,
    /// Substance abuse (v3 `ActCode` ETH).
    SubstanceUse,
}

impl Label {
    /// The label with that code, if the hospital uses it.
    pub fn parse(code: &str) -> Option<Self> {
        [
            Self::Restricted,
            Self::VeryRestricted,
            Self::Psychiatry,
            Self::ReproductiveHealth,
            Self::SexuallyTransmitted,
            Self::SubstanceUse,
        ]
        .into_iter()
        .find(|label| label.parts().1 == code)
    }

    /// Code system's name, code, words.
    pub const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Restricted => ("v3-Confidentiality", "R", "restricted"),
            Self::VeryRestricted => ("v3-Confidentiality", "V", "very restricted"),
            Self::Psychiatry => ("v3-ActCode", "PSY", "psychiatry disorder information sensitivity"),
            Self::ReproductiveHealth => {
                ("v3-ActCode", "SEX", "sexuality and reproductive health information sensitivity")
            }
            Self::SexuallyTransmitted => {
                ("v3-ActCode", "STD", "sexually transmitted disease information sensitivity")
            }
            Self::SubstanceUse => ("v3-ActCode", "ETH", "substance abuse information sensitivity"),
        }
    }

    /// As a `Coding`.
    pub fn coding(self) -> Value {
        let (system, code, words) = self.parts();
        j::coding(&j::hl7(system), code, words)
    }
}

/// `meta` of a version.
pub fn meta(version: u32, updated: Timestamp, profiles: &[&str], labels: &[Label]) -> Value {
    let mut meta = json!({ "versionId": version.to_string(), "lastUpdated": time::instant(updated) });
    if !profiles.is_empty() {
        j::set(&mut meta, "profile", profiles.iter().map(|p| Value::String(j::us_core(p))).collect());
    }
    if !labels.is_empty() {
        j::set(&mut meta, "security", labels.iter().map(|label| label.coding()).collect());
    }
    meta
}
