//! Values that a human writes: lengths of time, sizes, secrets.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time: `"30s"`, `"5m"`, `"1h 30m"`, `"90d"` (a day is 24 hours).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period(pub Duration);

impl Period {
    /// A period of whole seconds, for defaults.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a length of time such as \"30s\", \"5m\" or \"90d\"");
        let span: jiff::Span = text.parse().map_err(|_| wrong())?;
        let seconds =
            span.total(jiff::SpanTotal::from(jiff::Unit::Second).days_are_24_hours()).map_err(|_| wrong())?;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| wrong())
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}s", self.0.as_secs_f64()))
    }
}

/// A number of bytes: `"512KiB"`, `"256MiB"`, `"2GiB"`, or a plain number in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// A size in mebibytes, for defaults.
    pub const fn mebibytes(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a size such as \"512KiB\", \"256MiB\" or \"2GiB\"");
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = match text.get(digits.len()..).unwrap_or_default().trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.trim().parse().map_err(|_| wrong())?;
        count.checked_mul(unit).map(Self).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A secret given by value (`"..."`) or by file (`{ file = "/run/secrets/x" }`; a trailing line break is dropped).
#[derive(Clone)]
pub enum Secret {
    /// The secret itself.
    Value(SecretString),
    /// Where it stands.
    File(PathBuf),
}

impl Secret {
    /// Reads the secret.
    pub fn read(&self) -> Result<SecretString, String> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(path) => read_secret(path),
        }
    }
}

fn read_secret(path: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the secret file {} cannot be read: {error}", path.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(format!("the secret file {} is empty", path.display()));
    }
    Ok(SecretString::from(text.to_owned()))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Secret(..)"),
            Self::File(path) => write!(f, "Secret(file {})", path.display()),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a secret is \"text\" or { file = \"path\" }")]
        enum Form {
            Value(String),
            File(FileForm),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct FileForm {
            file: PathBuf,
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Value(text) => Self::Value(text.into()),
            Form::File(form) => Self::File(form.file),
        })
    }
}

impl Secret {
    /// Whether the value is given and empty: almost always a mistake in the environment.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Value(secret) if secret.expose_secret().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_as_people_write_them() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h 30m", 5400), ("90d", 7_776_000)] {
            assert_eq!(text.parse::<Period>().unwrap().0.as_secs(), seconds, "{text}");
        }
        for wrong in ["", "5", "five minutes", "-3s"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        assert_eq!("256MiB".parse::<ByteSize>().unwrap(), ByteSize::mebibytes(256));
        assert_eq!("10".parse::<ByteSize>().unwrap(), ByteSize(10));
        for wrong in ["", "MiB", "3MB", "99999999999GiB"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_never_shows() {
        let secret = Secret::Value("hunter2".to_owned().into());
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
