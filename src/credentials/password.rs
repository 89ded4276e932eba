//! Password hashing: argon2id with 19 MiB, two passes, one lane (OWASP's floor), in a few threads of low priority.

use std::sync::{Arc, mpsc};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use parking_lot::Mutex;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Semaphore, oneshot};

use crate::domain::random::SharedRandom;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// How far behind everything else hashing stands (`nice`): with a busy processor it gets a tenth of the time, with an idle one all.
const NICENESS: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// Hashing failed: the library's or the thread's fault, never the password's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashError;

/// Hashes and verifies passwords without holding up anything else: the work happens on threads of its own, which give way to
/// whatever answers requests, and what does not fit waits its turn. Sign-ins take longer in a flood of them; reading does not.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    random: SharedRandom,
    turns: Arc<Semaphore>,
    threads: mpsc::Sender<Work>,
    /// What a password is compared with when there is no account: the work, and so the time, is the same.
    nobody: Arc<str>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords(..)")
    }
}

impl Passwords {
    /// A hasher of which `at_once` (at least 1) work at a time. Half the processors is a good number: sign-in floods then
    /// leave the other half to reading.
    pub fn new(random: SharedRandom, at_once: usize) -> Result<Self, HashError> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| HashError)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = nobody(&random).into();
        let at_once = at_once.max(1);
        let threads = threads(at_once)?;
        Ok(Self { argon2, random, turns: Arc::new(Semaphore::new(at_once)), threads, nobody })
    }

    /// The PHC string to store for `password`.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashError> {
        let (argon2, random) = (self.argon2.clone(), Arc::clone(&self.random));
        self.in_turn(move || hash_now(&argon2, &random, normalised(&password).as_bytes())).await?
    }

    /// Whether `password` is the one behind `stored`. With `None` it is not, after the same work.
    pub async fn verify(&self, stored: Option<String>, password: SecretString) -> Result<bool, HashError> {
        let argon2 = self.argon2.clone();
        let known = stored.is_some();
        let stored = stored.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        self.in_turn(move || {
            let matches = PasswordHash::new(&stored)
                .is_ok_and(|hash| argon2.verify_password(normalised(&password).as_bytes(), &hash).is_ok());
            matches && known
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HashError)?;
        let (done, result) = oneshot::channel();
        let work = move || {
            // Held by the work itself: a caller that gives up does not make room for a second hash at once.
            let _turn = turn;
            // The caller may have given up.
            let _ = done.send(work());
        };
        self.threads.send(Box::new(work)).map_err(|_| HashError)?;
        result.await.map_err(|_| HashError)
    }
}

/// As many threads as may hash at once; they end when nobody can send them work any more.
fn threads(count: usize) -> Result<mpsc::Sender<Work>, HashError> {
    let (sender, receiver) = mpsc::channel::<Work>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..count {
        let receiver = Arc::clone(&receiver);
        let run = move || {
            // Where this is not allowed hashing works all the same.
            let _ = rustix::process::nice(NICENESS);
            loop {
                let Ok(work) = ({ receiver.lock().recv() }) else { return };
                // A panic is this work's, not the thread's: its caller hears that nothing came of it.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            }
        };
        std::thread::Builder::new().name("password".into()).spawn(run).map_err(|_| HashError)?;
    }
    Ok(sender)
}

/// What no password hashes to, as far as anybody can find out: random bytes in the form of a hash. To make one takes no work.
fn nobody(random: &SharedRandom) -> String {
    use base64::Engine as _;
    let (mut salt, mut hash) = ([0; 16], [0; 32]);
    random.fill(&mut salt);
    random.fill(&mut hash);
    let text = |bytes: &[u8]| base64::prelude::BASE64_STANDARD_NO_PAD.encode(bytes);
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${}${}", text(&salt), text(&hash))
}

fn hash_now(argon2: &Argon2<'static>, random: &SharedRandom, password: &[u8]) -> Result<String, HashError> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    argon2
        .hash_password_with_salt(password, &salt)
        .map(|hash: PasswordHash| hash.to_string())
        .map_err(|_| HashError)
}

/// White space at either end is a slip of copy and paste; everything else counts as typed.
fn normalised(password: &SecretString) -> &str {
    password.expose_secret().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    /// An account that is not there costs the same work: its hash is one of the same form and parameters.
    #[test]
    fn nobodys_hash_is_read_as_a_hash_with_the_same_parameters() {
        let random: SharedRandom = SeededRandom::new(1);
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let (nobody, real) = (nobody(&random), hash_now(&argon2, &random, b"correct horse battery").unwrap());
        let (nobody, real) = (PasswordHash::new(&nobody).unwrap(), PasswordHash::new(&real).unwrap());
        assert_eq!((nobody.algorithm, nobody.version), (real.algorithm, real.version));
        assert_eq!(nobody.params.to_string(), real.params.to_string());
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
        assert_eq!(nobody.salt.unwrap().len(), real.salt.unwrap().len());
    }

    #[tokio::test]
    async fn verifies_its_own_hashes_and_nothing_else() {
        let passwords = Passwords::new(SeededRandom::new(1), 1).unwrap();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Some(hash.clone()), "correct horse battery".into()).await.unwrap());
        assert!(passwords.verify(Some(hash.clone()), " correct horse battery\n".into()).await.unwrap());
        assert!(!passwords.verify(Some(hash), "Correct horse battery".into()).await.unwrap());
        assert!(!passwords.verify(None, "correct horse battery".into()).await.unwrap());
        assert!(!passwords.verify(Some("junk".to_owned()), "junk".into()).await.unwrap());
        let again = passwords.hash("correct horse battery".into()).await.unwrap();
        assert_ne!(passwords.hash("correct horse battery".into()).await.unwrap(), again, "salted");
    }
}
