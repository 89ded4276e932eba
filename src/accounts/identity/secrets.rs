//! What people choose: passwords, answers, second factors; checked before anything is stored.

use secrecy::{ExposeSecret as _, SecretString};

use crate::accounts::{Accounts, AccountsError};
use crate::credentials::codes;
use crate::credentials::strength::{self, WeakPassword};
use crate::credentials::totp::TotpSecret;
use crate::domain::account::Account;
use crate::domain::identity::{Factor, FactorKind, QUESTIONS, Question};
use crate::domain::ids::{AccountId, FactorId};
use crate::domain::secret::TokenHash;
use crate::store::Transaction;

/// Recovery codes of an account.
const CODES: usize = 10;
/// Characters of a recovery code: 59 bits.
const CODE_LENGTH: usize = 12;
/// Shortest answer, in characters that count.
const SHORTEST_ANSWER: usize = 3;
/// Longest answer, in bytes.
const LONGEST_ANSWER: usize = 200;

/// A question and its answer as typed.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Which question; `None` when none was chosen.
    pub question: Option<Question>,
    /// What was typed.
    pub answer: SecretString,
}

/// An authenticator app that somebody adds: the secret that we gave it and a code that it shows.
#[derive(Clone, Debug)]
pub struct ChosenTotp {
    /// The secret.
    pub secret: TotpSecret,
    /// What was typed.
    pub code: String,
}

/// Codes for when the second factor is lost: shown now and never again.
#[derive(Clone, Debug, Default)]
pub struct RecoveryCodes(Vec<String>);

impl RecoveryCodes {
    /// The codes, in groups for the eye.
    pub fn shown(&self) -> Vec<String> {
        self.0.iter().map(|code| codes::grouped(code)).collect()
    }

    /// Whether there are none to show.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is wrong with something chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// The password is not good enough (D-03).
    Password(WeakPassword),
    /// No question was chosen at this place.
    NoQuestion(usize),
    /// The question at this place was chosen before.
    QuestionTwice(usize),
    /// The answer at this place is too short to count.
    ShortAnswer(usize),
    /// The answer at this place was given before.
    AnswerTwice(usize),
    /// The code is not the one that the app shows now.
    Code,
}

impl Accounts {
    /// What is wrong with a new password of this person; with a second factor it may be shorter (D-03).
    pub(super) fn password_problem(
        account: &Account,
        password: &SecretString,
        second_factor: bool,
    ) -> Option<SecretProblem> {
        strength::check(password.expose_secret(), &account.email, &account.name, second_factor)
            .err()
            .map(SecretProblem::Password)
    }

    /// What is wrong with chosen questions and answers (D-02). Nothing counts as wrong where the hospital does without them.
    pub(super) fn answer_problems(&self, answers: &[Answer]) -> Vec<SecretProblem> {
        if !self.identity.settings.questions_required {
            return Vec::new();
        }
        let mut problems = Vec::new();
        let mut questions = Vec::new();
        let mut given = Vec::new();
        for place in 0..QUESTIONS {
            let answer = answers.get(place);
            match answer.and_then(|answer| answer.question) {
                None => problems.push(SecretProblem::NoQuestion(place)),
                Some(question) if questions.contains(&question) => {
                    problems.push(SecretProblem::QuestionTwice(place));
                }
                Some(question) => questions.push(question),
            }
            let typed = answer.map_or_else(String::new, |answer| normalised(&answer.answer));
            if typed.chars().count() < SHORTEST_ANSWER {
                problems.push(SecretProblem::ShortAnswer(place));
            } else if given.contains(&typed) {
                problems.push(SecretProblem::AnswerTwice(place));
            } else {
                given.push(typed);
            }
        }
        problems
    }

    /// The answers as they are stored; none where the hospital does without them.
    pub(super) async fn hashed_answers(
        &self,
        answers: &[Answer],
    ) -> Result<Vec<(Question, String)>, AccountsError> {
        let mut hashed = Vec::new();
        if !self.identity.settings.questions_required {
            return Ok(hashed);
        }
        for answer in answers.iter().take(QUESTIONS) {
            let Some(question) = answer.question else { continue };
            hashed.push((question, self.hashed(normalised(&answer.answer).into()).await?));
        }
        Ok(hashed)
    }

    /// The PHC string of something secret.
    pub(super) async fn hashed(&self, secret: SecretString) -> Result<String, AccountsError> {
        self.passwords.hash(secret).await.map_err(|_| AccountsError::Unavailable)
    }

    /// Adds an authenticator app in `transaction`; `step` is the period of the code by which it was proved.
    pub(super) async fn insert_totp(
        &self,
        transaction: &mut Transaction,
        account: &AccountId,
        secret: &TotpSecret,
        name: String,
        step: u64,
    ) -> Result<(), AccountsError> {
        let id = FactorId::generate(&*self.random);
        let factor = Factor {
            sealed: self.seal(secret.bytes(), id.as_str())?,
            id,
            account: account.clone(),
            kind: FactorKind::Totp,
            name,
            credential: None,
            created_at: self.now(),
            used_at: None,
        };
        Ok(transaction.insert_factor(&factor, step).await?)
    }

    /// Replaces the account's recovery codes in `transaction`.
    pub(super) async fn renew_recovery_codes(
        &self,
        transaction: &mut Transaction,
        account: &AccountId,
    ) -> Result<RecoveryCodes, AccountsError> {
        let codes: Vec<String> = (0..CODES).map(|_| codes::generate(CODE_LENGTH, &*self.random)).collect();
        let hashes: Vec<TokenHash> = codes.iter().map(|code| recovery_hash(account, code)).collect();
        transaction.set_recovery_codes(account, &hashes).await?;
        Ok(RecoveryCodes(codes))
    }
}

/// A recovery code as it is stored. Salted with the account; a slow hash would add little to 59 random bits.
pub(super) fn recovery_hash(account: &AccountId, typed: &str) -> TokenHash {
    TokenHash::of(&format!("recovery code of {account}: {}", codes::typed(typed)))
}

/// An answer as it is compared; a longer one than anybody types is none.
pub(super) fn normalised(answer: &SecretString) -> String {
    let answer = answer.expose_secret();
    if answer.len() > LONGEST_ANSWER { String::new() } else { Question::normalised(answer) }
}
