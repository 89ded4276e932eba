//! Invitations from families to clinicians, and the token that each carries (S-50 to S-56, D-05).

use std::fmt;

use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::clock::Timestamp;
use super::grant::{DataKinds, GrantedBy};
use super::ids::{AccountId, FhirId, GrantId, InvitationId};
use super::random::Random;
use super::secret::TokenHash;

/// Digits and capitals that nobody takes for each other: no 0 and O, no 1, I and L. Their number is prime, which makes the check
/// character find every single wrong character and every two that changed places.
const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Characters of a token, the last of which is the check: 74 random bits.
const LENGTH: usize = 16;
/// Characters of a group as it is printed.
const GROUP: usize = 4;

/// The token of an invitation, in plain: printed or mailed once, never stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationToken(Zeroizing<String>);

impl InvitationToken {
    /// A new token.
    pub fn generate(random: &dyn Random) -> Self {
        let mut text = String::with_capacity(LENGTH);
        while text.len() < LENGTH - 1 {
            let mut byte = [0];
            random.fill(&mut byte);
            let [byte] = byte;
            // 248 is the largest multiple of 31 in a byte: each character is as likely as any other.
            if byte < 248
                && let Some(character) = ALPHABET.get(usize::from(byte % 31))
            {
                text.push(char::from(*character));
            }
        }
        if let Some(check) = check(&text) {
            text.push(char::from(check));
        }
        Self(Zeroizing::new(text))
    }

    /// Reads what somebody typed: in small letters too, with or without blanks and hyphens. `None` when it is not of the form of a
    /// token, which a typing mistake makes it.
    pub fn read(typed: &str) -> Option<Self> {
        if typed.len() > 64 {
            return None;
        }
        let text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let body = text.get(..LENGTH - 1)?;
        let whole = text.len() == LENGTH && text.as_bytes().last().copied() == check(body);
        whole.then(|| Self(Zeroizing::new(text)))
    }

    /// As it is printed: `ABCD-EFGH-JKMN-PQRS`.
    pub fn printed(&self) -> String {
        let groups: Vec<&str> =
            (0..LENGTH).step_by(GROUP).filter_map(|at| self.0.get(at..at + GROUP)).collect();
        groups.join("-")
    }

    /// The form in which it is stored and looked up.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken(..)")
    }
}

/// The check character: the sum of the values, each times its place, modulo 31. `None` when a character is none of ours.
fn check(body: &str) -> Option<u8> {
    let mut sum = 0;
    for (place, character) in body.bytes().enumerate() {
        sum += (place + 1) * ALPHABET.iter().position(|known| *known == character)?;
    }
    ALPHABET.get(sum % ALPHABET.len()).copied()
}

/// What binds a token to one MRN (S-53): stored instead of the number.
pub fn mrn_hash(invitation: &InvitationId, mrn: &str) -> TokenHash {
    let folded: String = mrn.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let folded =
        folded.strip_prefix("MRN").map_or(folded.as_str(), |rest| rest.trim_start_matches([':', '#']));
    TokenHash::of(&format!("{invitation} {folded}"))
}

/// When a token issued at `issued` expires: six calendar months later, at the same time of day at the hospital (S-54). The end of a
/// month that is too short is taken: 31 August, 28 February.
pub fn expiry(issued: Timestamp, zone: &TimeZone) -> Timestamp {
    let then = zone.to_datetime(issued.to_jiff()).checked_add(6.months());
    let then = then.and_then(|then| zone.to_timestamp(then));
    then.map_or(issued, |then| Timestamp::from_millis(then.as_millisecond()))
}

/// Where an invitation stands. That it expired is not a state: time tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can be used.
    Open,
    /// A provider used it; it does not work again (D-05).
    Used,
    /// The family took it back.
    Revoked,
}

/// What can happen to an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStep {
    /// A provider enters the token.
    Use,
    /// The family takes it back.
    Revoke,
}

impl InvitationState {
    /// The state after `step`; `None` when that is not possible.
    pub const fn after(self, step: InvitationStep) -> Option<Self> {
        match (self, step) {
            (Self::Open, InvitationStep::Use) => Some(Self::Used),
            (Self::Open, InvitationStep::Revoke) => Some(Self::Revoked),
            (Self::Used | Self::Revoked, _) => None,
        }
    }
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Identifier; not the token.
    pub id: InvitationId,
    /// Whose record.
    pub patient: FhirId,
    /// The patient's initials, for mails (D-13).
    pub initials: String,
    /// Who invited.
    pub invited_by: AccountId,
    /// As what.
    pub granted_by: GrantedBy,
    /// Whom, as the family calls them: "Dr. Okoye".
    pub name: String,
    /// Where it was mailed to; `None`: on paper.
    pub email: Option<String>,
    /// What may be seen.
    pub kinds: DataKinds,
    /// Whether resources labelled restricted are covered (D-11).
    pub covers_restricted: bool,
    /// When the grant that comes of it ends.
    pub grant_ends_at: Option<Timestamp>,
    /// Where it stands.
    pub state: InvitationState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the token stops working (S-54).
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// By whom.
    pub used_by: Option<AccountId>,
    /// What came of it.
    pub grant: Option<GrantId>,
}

impl Invitation {
    /// Whether its token works at `now`. It does not when what it would give has ended already.
    pub fn works_at(&self, now: Timestamp) -> bool {
        self.state == InvitationState::Open
            && now < self.expires_at
            && self.grant_ends_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn s52_a_token_is_read_as_people_type_it() {
        let random = SeededRandom::new(3);
        for _ in 0..50 {
            let token = InvitationToken::generate(&*random);
            let printed = token.printed();
            assert_eq!(printed.len(), 19, "{printed}");
            for typed in [
                printed.clone(),
                printed.to_lowercase(),
                printed.replace('-', ""),
                format!(" {} ", printed.replace('-', " ")),
            ] {
                assert_eq!(InvitationToken::read(&typed).unwrap().hash(), token.hash(), "{typed}");
            }
        }
        for wrong in ["", "AAAA", "OOOO-0000-IIII-1111", "ABCD-EFGH-JKMN-PQRS-T", "ÄBCD-EFGH-JKMN-PQRS"] {
            assert!(InvitationToken::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_single_typing_mistake_and_swap_is_noticed() {
        let token = InvitationToken::generate(&*SeededRandom::new(4)).printed().replace('-', "");
        for place in 0..LENGTH {
            for other in ALPHABET {
                let mut typed = token.clone().into_bytes();
                if typed[place] != *other {
                    typed[place] = *other;
                    assert!(InvitationToken::read(std::str::from_utf8(&typed).unwrap()).is_none());
                }
            }
            for other in place + 1..LENGTH - 1 {
                let mut typed = token.clone().into_bytes();
                typed.swap(place, other);
                if typed != token.as_bytes() {
                    assert!(InvitationToken::read(std::str::from_utf8(&typed).unwrap()).is_none());
                }
            }
        }
    }

    #[test]
    fn d05_an_invitation_is_used_or_taken_back_once() {
        use InvitationState::{Open, Revoked, Used};
        assert_eq!(Open.after(InvitationStep::Use), Some(Used));
        assert_eq!(Open.after(InvitationStep::Revoke), Some(Revoked));
        for over in [Used, Revoked] {
            assert_eq!(over.after(InvitationStep::Use), None);
            assert_eq!(over.after(InvitationStep::Revoke), None);
        }
    }

    #[test]
    fn s53_an_mrn_is_compared_as_people_write_it() {
        let id = InvitationId::parse("one").unwrap();
        let hash = mrn_hash(&id, "CG-100123");
        for same in ["cg-100123", " CG-100123 ", "MRN CG-100123", "mrn: cg-100123"] {
            assert!(mrn_hash(&id, same).matches(&hash), "{same}");
        }
        assert!(!mrn_hash(&id, "CG-100124").matches(&hash));
        assert!(!mrn_hash(&InvitationId::parse("two").unwrap(), "CG-100123").matches(&hash));
    }

    proptest! {
        /// S-54 against a second way to count: by year and month, with the day cut to the month's length.
        #[test]
        fn s54_a_token_expires_six_calendar_months_after_issue(
            seconds in 946_684_800_i64..4_102_444_800,
            zone in prop::sample::select(vec!["UTC", "America/New_York", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia"]),
        ) {
            let zone = TimeZone::get(zone).unwrap();
            let issued = Timestamp::from_millis(seconds * 1000);
            let from = zone.to_datetime(issued.to_jiff());
            let to = zone.to_datetime(expiry(issued, &zone).to_jiff());
            let months = i32::from(from.year()) * 12 + i32::from(from.month()) - 1 + 6;
            prop_assert_eq!(i32::from(to.year()), months.div_euclid(12));
            prop_assert_eq!(i32::from(to.month()), months.rem_euclid(12) + 1);
            prop_assert_eq!(to.day(), from.day().min(to.days_in_month()));
            // The same time of day, unless the clocks were put forward over it.
            let gap = i32::from(to.hour()) * 60 + i32::from(to.minute()) - i32::from(from.hour()) * 60 - i32::from(from.minute());
            prop_assert!((0..=60).contains(&gap), "{} {}", from, to);
        }
    }
}
