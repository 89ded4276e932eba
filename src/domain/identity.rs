//! How people prove who they are, beside a password.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, FactorId};

/// How many secure questions an account has (D-02).
pub const QUESTIONS: usize = 3;

/// A secure question of the list (D-02). What it says is among the words, under `identity-question-` and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// The first concert.
    Concert,
    /// The first job.
    Job,
    /// The teacher best remembered.
    Teacher,
    /// The street of the childhood.
    Street,
    /// The first pet.
    Pet,
    /// The book read most often.
    Book,
    /// The place of the first holiday away from home.
    Holiday,
    /// The childhood friend.
    Friend,
    /// The first dish learnt.
    Dish,
    /// The first car or bicycle.
    Wheels,
}

impl Question {
    /// Every question, in the order of the list.
    pub const ALL: [Self; 10] = [
        Self::Concert,
        Self::Job,
        Self::Teacher,
        Self::Street,
        Self::Pet,
        Self::Book,
        Self::Holiday,
        Self::Friend,
        Self::Dish,
        Self::Wheels,
    ];

    /// The word used in storage and in forms.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Concert => "concert",
            Self::Job => "job",
            Self::Teacher => "teacher",
            Self::Street => "street",
            Self::Pet => "pet",
            Self::Book => "book",
            Self::Holiday => "holiday",
            Self::Friend => "friend",
            Self::Dish => "dish",
            Self::Wheels => "wheels",
        }
    }

    /// The question of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.word() == word)
    }

    /// The key of its sentence.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Concert => "identity-question-concert",
            Self::Job => "identity-question-job",
            Self::Teacher => "identity-question-teacher",
            Self::Street => "identity-question-street",
            Self::Pet => "identity-question-pet",
            Self::Book => "identity-question-book",
            Self::Holiday => "identity-question-holiday",
            Self::Friend => "identity-question-friend",
            Self::Dish => "identity-question-dish",
            Self::Wheels => "identity-question-wheels",
        }
    }

    /// An answer as it is compared: case, spaces and punctuation do not count (D-02).
    pub fn normalised(answer: &str) -> String {
        answer.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    }
}

/// What a mailed pass code is for (D-01). A code for one does not do the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassCodePurpose {
    /// A new password (S-22).
    Password,
    /// New secure questions (S-24, S-26).
    Questions,
}

impl PassCodePurpose {
    /// The word used in storage and in the audit log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Questions => "questions",
        }
    }
}

/// Where a set-up link stands (S-17). Expiry is told by its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetUpState {
    /// It works.
    Open,
    /// The account was set up through it.
    Used,
    /// A newer one took its place.
    Void,
}

impl SetUpState {
    /// Where a link stands after it was used or replaced; `None` when that is not possible any more.
    pub const fn after(self, step: SetUpStep) -> Option<Self> {
        match (self, step) {
            (Self::Open, SetUpStep::Use) => Some(Self::Used),
            (Self::Open, SetUpStep::Replace) => Some(Self::Void),
            (Self::Used | Self::Void, _) => None,
        }
    }
}

/// What happens to a set-up link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetUpStep {
    /// The account is set up.
    Use,
    /// A new link is made.
    Replace,
}

/// A set-up link as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// Whose.
    pub account: AccountId,
    /// Where it stands.
    pub state: SetUpState,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// What kind of second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// An authenticator app (RFC 6238).
    Totp,
}

/// A second factor as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Identifier.
    pub id: FactorId,
    /// Whose.
    pub account: AccountId,
    /// What kind.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    /// Of a kind that has one, the identifier of the credential; an authenticator app has none.
    pub credential: Option<String>,
    /// The TOTP secret, sealed.
    pub sealed: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    pub used_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d02_case_spaces_and_marks_do_not_count_in_answers() {
        assert_eq!(Question::normalised("  St. James'  Road "), "stjamesroad");
        assert_eq!(Question::normalised("PEÑA"), "peña");
        for question in Question::ALL {
            assert_eq!(Question::parse(question.word()), Some(question));
            assert!(question.key().ends_with(question.word()));
        }
    }

    #[test]
    fn s17_a_set_up_link_works_once() {
        assert_eq!(SetUpState::Open.after(SetUpStep::Use), Some(SetUpState::Used));
        assert_eq!(SetUpState::Used.after(SetUpStep::Use), None);
        assert_eq!(SetUpState::Void.after(SetUpStep::Use), None);
    }
}
