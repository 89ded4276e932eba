//! A provider's request to see one patient's record (S-32, S-41, S-42), and its life.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccessRequestId, AccountId, FhirId};

/// How long a request waits for an answer.
pub const OPEN_FOR: Duration = Duration::from_hours(24 * 60);

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// The provider is the PCP and the EHR does not say so: the hospital's support (S-32).
    Pcp,
    /// The provider is not the PCP: the patient or guardian (S-41).
    NonPcp,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// It waits for an answer.
    Asked,
    /// Yes: the family granted access, or the EHR names the provider's practice now.
    Granted,
    /// No.
    Refused,
    /// The provider took it back.
    Withdrawn,
    /// Nobody answered in time.
    Expired,
}

/// What can happen to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStep {
    /// Yes.
    Grant,
    /// No.
    Refuse,
    /// The provider takes it back.
    Withdraw,
    /// Its time is over.
    Expire,
    /// Support hands a PCP request on to the family.
    PassOn,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    /// Identifier.
    pub id: AccessRequestId,
    /// Who answers.
    pub kind: RequestKind,
    /// Whose record.
    pub patient: FhirId,
    /// Who wants to see it.
    pub provider: AccountId,
    /// The patient's initials, for mails and notices (D-13).
    pub initials: String,
    /// What the provider typed to find the patient, sealed: it tells support whom the request is about.
    pub sought: String,
    /// Why, in the provider's words.
    pub reason: String,
    /// Where the provider can be reached, as the provider gave it.
    pub contact: String,
    /// Where it stands.
    pub state: RequestState,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it ends without an answer.
    pub expires_at: Timestamp,
    /// When support handed it on to the family.
    pub passed_on_at: Option<Timestamp>,
    /// When it was answered, taken back or ended.
    pub answered_at: Option<Timestamp>,
    /// Whose answer it is.
    pub answered_by: Option<AccountId>,
    /// What the provider is told with a no.
    pub answer: Option<String>,
}

impl AccessRequest {
    /// Kind and state after `step`; `None` when the step cannot be taken from here.
    pub const fn after(&self, step: RequestStep) -> Option<(RequestKind, RequestState)> {
        match (self.state, step, self.kind) {
            (RequestState::Asked, RequestStep::Grant, kind) => Some((kind, RequestState::Granted)),
            (RequestState::Asked, RequestStep::Refuse, kind) => Some((kind, RequestState::Refused)),
            (RequestState::Asked, RequestStep::Withdraw, kind) => Some((kind, RequestState::Withdrawn)),
            (RequestState::Asked, RequestStep::Expire, kind) => Some((kind, RequestState::Expired)),
            (RequestState::Asked, RequestStep::PassOn, RequestKind::Pcp) => {
                Some((RequestKind::NonPcp, RequestState::Asked))
            }
            _ => None,
        }
    }

    /// Whether it waits for an answer at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == RequestState::Asked && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s42_a_request_only_goes_the_ways_that_there_are() {
        let steps = [
            (RequestStep::Grant, RequestState::Granted),
            (RequestStep::Refuse, RequestState::Refused),
            (RequestStep::Withdraw, RequestState::Withdrawn),
            (RequestStep::Expire, RequestState::Expired),
        ];
        let states = [
            RequestState::Asked,
            RequestState::Granted,
            RequestState::Refused,
            RequestState::Withdrawn,
            RequestState::Expired,
        ];
        for kind in [RequestKind::Pcp, RequestKind::NonPcp] {
            for state in states {
                let request = AccessRequest { kind, state, ..sample() };
                for (step, then) in steps {
                    let expected = (state == RequestState::Asked).then_some((kind, then));
                    assert_eq!(request.after(step), expected, "{kind:?} {state:?} {step:?}");
                }
                let passed = state == RequestState::Asked && kind == RequestKind::Pcp;
                let expected = passed.then_some((RequestKind::NonPcp, RequestState::Asked));
                assert_eq!(request.after(RequestStep::PassOn), expected);
            }
        }
        assert!(sample().is_open(Timestamp::from_millis(9)));
        assert!(!sample().is_open(Timestamp::from_millis(10)));
    }

    fn sample() -> AccessRequest {
        AccessRequest {
            id: AccessRequestId::parse("r1").unwrap(),
            kind: RequestKind::Pcp,
            patient: FhirId::parse("p1").unwrap(),
            provider: AccountId::parse("ana").unwrap(),
            initials: "M. T.".to_owned(),
            sought: String::new(),
            reason: String::new(),
            contact: String::new(),
            state: RequestState::Asked,
            asked_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(10),
            passed_on_at: None,
            answered_at: None,
            answered_by: None,
            answer: None,
        }
    }
}
