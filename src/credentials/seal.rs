//! Sealing: authenticated encryption of what leaves the process and comes back (page handles) or lies on disk (private keys).

use std::fmt;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::domain::random::{Random, SystemRandom};

const KEY_LEN: usize = 32;

/// Why a sealing key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SealingKeyError {
    /// The file cannot be read or written.
    #[error("the key file cannot be read or written: {0}")]
    File(#[from] std::io::Error),
    /// Not 32 bytes in base64.
    #[error("a key is 32 bytes in base64, 43 characters or 44 with padding")]
    Form,
}

/// A 256-bit key to seal with: AES-256-GCM-SIV with random nonces, safe even if a nonce should repeat.
#[derive(Clone)]
pub struct SealingKey {
    bytes: Zeroizing<[u8; KEY_LEN]>,
}

impl SealingKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
    }

    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = [0; KEY_LEN];
        random.fill(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// From text: 32 bytes in base64 of either alphabet, with or without padding, white space around it ignored.
    pub fn parse(text: &str) -> Result<Self, SealingKeyError> {
        let text = Zeroizing::new(text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"));
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.as_str()).map_err(|_| SealingKeyError::Form)?);
        let bytes = <[u8; KEY_LEN]>::try_from(bytes.as_slice()).map_err(|_| SealingKeyError::Form)?;
        Ok(Self::from_bytes(bytes))
    }

    /// The key in this file; made, with mode 0600, when there is no such file. Of two processes that start at once both get
    /// the same key.
    pub fn load_or_create(path: &Path, random: &dyn Random) -> Result<Self, SealingKeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => return Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let key = Self::generate(random);
        let mut suffix = [0; 8];
        random.fill(&mut suffix);
        let draft = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(suffix)));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(URL_SAFE_NO_PAD.encode(key.bytes.as_ref()).as_bytes())?;
        file.sync_all()?;
        // A link, unlike a rename, fails when another process was first; then its key is the one.
        let linked = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        match linked {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::parse(&std::fs::read_to_string(path)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A key for one purpose, from which neither this key nor another purpose's can be computed (RFC 5869).
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> Self {
        let mut bytes = [0; KEY_LEN];
        let info = [purpose.as_bytes()];
        // Filling 32 bytes cannot exceed HKDF's limit of 255 blocks; were it to fail, a key nobody knows is the safe answer.
        if Salt::new(HKDF_SHA256, b"chartgate")
            .extract(self.bytes.as_ref())
            .expand(&info, HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes))
            .is_err()
        {
            SystemRandom.fill(&mut bytes);
        }
        Self::from_bytes(bytes)
    }

    /// The key itself, for a MAC under it.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// A reusable sealer under this key: the key schedule is computed once.
    pub fn sealer(&self) -> Sealer {
        Sealer { key: UnboundKey::new(&AES_256_GCM_SIV, self.bytes.as_ref()).ok().map(LessSafeKey::new) }
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// Could not be sealed. Does not happen short of a broken cryptographic library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it could not be sealed")]
pub struct SealError;

/// Seals and opens. `bound_to` (associated data) must be the same both times: the subject, the client, the key's id.
pub struct Sealer {
    // None cannot happen: the length of the key is fixed by its type.
    key: Option<LessSafeKey>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

impl Sealer {
    /// `plain` sealed, as base64url without padding; 38 characters longer than `plain` would be.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8], random: &dyn Random) -> Result<String, SealError> {
        let key = self.key.as_ref().ok_or(SealError)?;
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut sealed)
            .map_err(|_| SealError)?;
        let mut whole = Vec::with_capacity(NONCE_LEN + sealed.len());
        whole.extend_from_slice(&nonce);
        whole.append(&mut sealed);
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// What was sealed; `None` when `text` was not sealed by this key for `bound_to`.
    pub fn open(&self, text: &str, bound_to: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let whole = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let length = self.key.as_ref()?.open_in_place(nonce, Aad::from(bound_to), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn opens_only_under_the_same_key_and_binding() {
        let random = SeededRandom::new(1);
        let key = SealingKey::generate(&*random);
        let sealed = key.sealer().seal(b"next link", b"ana", &*random).unwrap();
        assert_eq!(key.sealer().open(&sealed, b"ana").unwrap().as_slice(), b"next link");
        assert!(key.sealer().open(&sealed, b"ben").is_none(), "bound to another subject");
        assert!(key.derive("other").sealer().open(&sealed, b"ana").is_none(), "another key");
        let mut spoiled = sealed.clone().into_bytes();
        spoiled[20] ^= 1;
        assert!(key.sealer().open(std::str::from_utf8(&spoiled).unwrap(), b"ana").is_none());
        for wrong in ["", "AAAA", "not base64!", &sealed[1..]] {
            assert!(key.sealer().open(wrong, b"ana").is_none(), "{wrong}");
        }
    }

    #[test]
    fn derived_keys_differ_by_purpose_and_not_by_call() {
        let key = SealingKey::from_bytes([7; 32]);
        assert_eq!(key.derive("a").bytes(), key.derive("a").bytes());
        assert_ne!(key.derive("a").bytes(), key.derive("b").bytes());
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        let first = SealingKey::load_or_create(&path, &SystemRandom).unwrap();
        let second = SealingKey::load_or_create(&path, &SystemRandom).unwrap();
        assert_eq!(first.bytes(), second.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft left behind");
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(SealingKey::load_or_create(&path, &SystemRandom), Err(SealingKeyError::Form)));
    }
}
