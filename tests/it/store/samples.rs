//! Sample rows.

use chartgate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use chartgate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use chartgate::domain::client::{
    AccessToken, Authorization, AuthorizationCode, Client, ClientAuth, ClientDetails, ClientKind,
    ClientState, LaunchContext, Principal, RefreshToken,
};
use chartgate::domain::clock::Timestamp;
use chartgate::domain::grant::{DataKind, DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{
    AccountId, AuthorizationId, ClientId, FhirId, GrantId, Npi, PracticeId, SponsorshipId,
};
use chartgate::domain::practice::{Practice, Sponsorship, SponsorshipState};
use chartgate::domain::secret::TokenHash;
use chartgate::domain::session::Session;
use std::time::Duration;

use crate::support::databases::START;

/// Valid NPIs.
pub const NPIS: [&str; 3] = ["1234567893", "1679576722", "1245319599"];

pub fn npi(n: usize) -> Npi {
    Npi::parse(NPIS[n]).unwrap()
}

pub fn account_id(text: &str) -> AccountId {
    AccountId::parse(text).unwrap()
}

pub fn patient(text: &str) -> FhirId {
    FhirId::parse(text).unwrap()
}

pub fn account(id: &str, kind: AccountKind) -> Account {
    Account {
        id: account_id(id),
        kind,
        email: format!("{id}@kids.example"),
        name: format!("Dr. {id}"),
        phone: Some("555 0100".to_owned()),
        state: AccountState::Active,
        created_at: START,
    }
}

pub fn provider(id: &str, n: usize) -> Account {
    account(id, AccountKind::Provider { npi: npi(n) })
}

pub fn sponsored(id: &str) -> Account {
    account(id, AccountKind::Sponsored)
}

pub fn staff(id: &str) -> Account {
    account(id, AccountKind::Staff { role: StaffRole::Support })
}

pub fn practice(id: &str, organization: Option<&str>, roster: &[usize]) -> Practice {
    Practice {
        id: PracticeId::parse(id).unwrap(),
        name: format!("Practice {id}"),
        address: "1 Main Street".to_owned(),
        phone: "555 0199".to_owned(),
        organization: organization.map(patient),
        roster: roster.iter().map(|n| npi(*n)).collect(),
    }
}

pub fn sponsorship(id: &str, sponsor: &str, sponsored: &str) -> Sponsorship {
    Sponsorship {
        id: SponsorshipId::parse(id).unwrap(),
        sponsor: account_id(sponsor),
        sponsored: account_id(sponsored),
        state: SponsorshipState::Active,
        created_at: START,
    }
}

pub fn grant(id: &str, provider: &str, of: &str) -> Grant {
    Grant {
        id: GrantId::parse(id).unwrap(),
        patient: patient(of),
        provider: account_id(provider),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::of(&[DataKind::Visits, DataKind::Labs]),
        covers_restricted: true,
        created_at: START,
        ends_at: Some(START.plus(Duration::from_hours(24))),
        revoked_at: None,
    }
}

pub fn client(id: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: format!("App {id}"),
        kind: ClientKind::Confidential,
        auth: ClientAuth::Secret { hash: TokenHash::of("secret").to_hex() },
        redirect_uris: vec!["https://app.example/callback".to_owned()],
        launch_uri: Some("https://app.example/launch".to_owned()),
        scope: "launch openid patient/*.rs".to_owned(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: START,
    }
}

pub fn authorization(id: &str, client: &str, account: &str) -> Authorization {
    Authorization {
        id: AuthorizationId::parse(id).unwrap(),
        client: ClientId::parse(client).unwrap(),
        principal: Principal::Account(account_id(account)),
        scope: "openid launch patient/Observation.rs".to_owned(),
        context: LaunchContext {
            patient: Some(patient("p1")),
            encounter: Some(patient("e1")),
            need_patient_banner: true,
            intent: None,
            fhir_context: Vec::new(),
        },
        nonce: Some("n-1".to_owned()),
        authenticated_at: START,
        session: None,
        created_at: START,
        revoked_at: None,
    }
}

pub fn code(text: &str, authorization: &str) -> AuthorizationCode {
    AuthorizationCode {
        hash: TokenHash::of(text),
        authorization: AuthorizationId::parse(authorization).unwrap(),
        redirect_uri: "https://app.example/callback".to_owned(),
        code_challenge: "challenge".to_owned(),
        bound_to: None,
        expires_at: START.plus(Duration::from_mins(1)),
    }
}

pub fn access_token(text: &str, authorization: &str) -> AccessToken {
    AccessToken {
        hash: TokenHash::of(text),
        authorization: AuthorizationId::parse(authorization).unwrap(),
        scope: "openid launch patient/Observation.rs".to_owned(),
        bound_to: None,
        issued_at: START,
        expires_at: START.plus(Duration::from_hours(1)),
    }
}

pub fn refresh_token(text: &str, authorization: &str) -> RefreshToken {
    RefreshToken {
        hash: TokenHash::of(text),
        authorization: AuthorizationId::parse(authorization).unwrap(),
        bound_to: None,
        expires_at: START.plus(Duration::from_hours(24 * 90)),
    }
}

pub fn session(text: &str, account: &str) -> Session {
    Session {
        hash: TokenHash::of(text),
        account: account_id(account),
        authenticated_at: START,
        seen_at: START,
        expires_at: START.plus(Duration::from_hours(12)),
    }
}

pub fn event(at: Timestamp, patients: &[&str]) -> AuditEvent {
    AuditEvent {
        at,
        kind: AuditKind::Disclosure,
        outcome: AuditOutcome::Success,
        account: Some(account_id("ana")),
        practice: None,
        client: None,
        patients: patients.iter().map(|id| patient(id)).collect(),
        what: "Observation search".to_owned(),
        reason: Some("pcp".to_owned()),
        resources: 3,
        request: None,
        address: Some("192.0.2.1".to_owned()),
    }
}
