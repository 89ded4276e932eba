//! Parts of forms that several of these pages have: questions with answers, an authenticator app to add.

use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::QRBuilder;
use serde::{Deserialize, Serialize};

use crate::accounts::identity::{Answer, SecretProblem};
use crate::credentials::strength::{MIN_CHARS, WeakPassword};
use crate::credentials::totp::TotpSecret;
use crate::domain::identity::{QUESTIONS, Question};
use crate::domain::ids::AccountId;
use crate::domain::language::Language;
use crate::portal::Portal;
use crate::web::forms::FormErrors;
use crate::web::page::Chrome;
use crate::words::{say, say_with};

const QUESTION_FIELDS: [&str; QUESTIONS] = ["question1", "question2", "question3"];
const ANSWER_FIELDS: [&str; QUESTIONS] = ["answer1", "answer2", "answer3"];

/// Questions and answers as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnswersForm {
    question1: String,
    answer1: String,
    question2: String,
    answer2: String,
    question3: String,
    answer3: String,
}

impl AnswersForm {
    fn pairs(&self) -> [(&str, &str); QUESTIONS] {
        [(&self.question1, &self.answer1), (&self.question2, &self.answer2), (&self.question3, &self.answer3)]
    }

    /// What was chosen.
    pub fn answers(&self) -> Vec<Answer> {
        self.pairs()
            .into_iter()
            .map(|(question, answer)| Answer { question: Question::parse(question), answer: answer.into() })
            .collect()
    }

    /// The fields of the page.
    pub fn fields(&self, language: Language) -> Vec<QuestionField> {
        let names = QUESTION_FIELDS.into_iter().zip(ANSWER_FIELDS);
        self.pairs()
            .into_iter()
            .zip(names)
            .map(|((question, answer), (question_id, answer_id))| QuestionField {
                question_id,
                answer_id,
                choices: Question::ALL
                    .into_iter()
                    .map(|one| Choice {
                        word: one.word(),
                        label: say(language, one.key()),
                        chosen: one.word() == question,
                    })
                    .collect(),
                answer: answer.to_owned(),
            })
            .collect()
    }
}

/// One question with its answer, as the page prints it.
#[derive(Clone, Debug)]
pub struct QuestionField {
    /// Name and id of the list.
    pub question_id: &'static str,
    /// Name and id of the answer.
    pub answer_id: &'static str,
    /// The list.
    pub choices: Vec<Choice>,
    /// What was typed.
    pub answer: String,
}

/// A question of the list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Value.
    pub word: &'static str,
    /// What it says.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// An authenticator app to add, as the page prints it.
#[derive(Clone, Debug)]
pub struct TotpField {
    /// The QR code, an SVG of ours.
    pub svg: String,
    /// The key for those who cannot scan.
    pub key: String,
    /// The secret for the form to bring back, sealed for this account.
    pub sealed: String,
}

#[derive(Serialize, Deserialize)]
struct SealedSecret {
    #[serde(rename = "s")]
    bytes: Vec<u8>,
}

const PURPOSE: &str = "authenticator";

impl Portal {
    /// An authenticator app for this account to add: the secret that the form brought back, or a new one.
    pub(super) fn totp_field(&self, account: &AccountId, email: &str, brought: &str) -> TotpField {
        let secret =
            self.totp_secret(account, brought).unwrap_or_else(|| TotpSecret::generate(self.web.random()));
        let uri = secret.uri(&self.web.settings().hospital, email).unwrap_or_default();
        let kept = SealedSecret { bytes: secret.bytes().to_vec() };
        TotpField {
            svg: qr_svg(&uri),
            key: secret.text(),
            sealed: self.web.keys().seal(PURPOSE, account, &kept, self.web.random()),
        }
    }

    /// The secret that a form brought back.
    pub(super) fn totp_secret(&self, account: &AccountId, brought: &str) -> Option<TotpSecret> {
        let kept: SealedSecret = self.web.keys().open(PURPOSE, account, brought)?;
        TotpSecret::from_bytes(&kept.bytes)
    }
}

/// A QR code as SVG; empty when the text is too long for one.
fn qr_svg(text: &str) -> String {
    let built = QRBuilder::new(text).build();
    built.map(|code| SvgBuilder::default().to_str(&code)).unwrap_or_default()
}

/// Adds what is wrong with chosen secrets to a form whose password field is `password` and whose code field is `code`.
pub fn add_problems(errors: &mut FormErrors, problems: &[SecretProblem], chrome: &Chrome) {
    let field =
        |fields: [&'static str; QUESTIONS], place: usize| fields.get(place).copied().unwrap_or("answer1");
    for problem in problems {
        match *problem {
            SecretProblem::Password(weak) => errors.add("password", weak_words(chrome, weak)),
            SecretProblem::NoQuestion(place) => {
                errors.add(field(QUESTION_FIELDS, place), chrome.say("identity-wrong-no-question"));
            }
            SecretProblem::QuestionTwice(place) => {
                errors.add(field(QUESTION_FIELDS, place), chrome.say("identity-wrong-question-twice"));
            }
            SecretProblem::ShortAnswer(place) => {
                errors.add(field(ANSWER_FIELDS, place), chrome.say("identity-wrong-short-answer"));
            }
            SecretProblem::AnswerTwice(place) => {
                errors.add(field(ANSWER_FIELDS, place), chrome.say("identity-wrong-answer-twice"));
            }
            SecretProblem::Code => errors.add("code", chrome.say("identity-wrong-code")),
        }
    }
}

fn weak_words(chrome: &Chrome, weak: WeakPassword) -> String {
    match weak {
        WeakPassword::Short(least) if least < MIN_CHARS => {
            chrome.say_with("identity-weak-short", &[("least", least.into())])
        }
        WeakPassword::Short(least) => {
            chrome.say_with("identity-weak-short-alone", &[("least", least.into())])
        }
        WeakPassword::Long => chrome.say("identity-weak-long"),
        WeakPassword::Common => chrome.say("identity-weak-common"),
        WeakPassword::Personal => chrome.say("identity-weak-personal"),
        WeakPassword::Pattern => chrome.say("identity-weak-pattern"),
        WeakPassword::Guessable => chrome.say("identity-weak-guessable"),
    }
}

/// What is wrong with a password typed twice, before its strength is looked at.
pub fn check_twice(errors: &mut FormErrors, chrome: &Chrome, password: &str, again: &str) {
    if password.is_empty() {
        errors.add("password", chrome.say("identity-wrong-no-password"));
    } else if password != again {
        errors.add("again", chrome.say("identity-wrong-again"));
    }
}

/// The sentence about passwords beside the field.
pub fn password_hint(language: Language, second_factor: bool) -> String {
    let least = crate::credentials::strength::MIN_CHARS_WITH_SECOND_FACTOR;
    let least = if second_factor { least } else { MIN_CHARS };
    say_with(language, "identity-password-hint", &[("least", least.into())])
}
