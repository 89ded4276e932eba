//! Registration of clients: what vendors do, what staff decide, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::sources::{AuditSink, AuditUnavailable};
use chartgate::accounts::failures::{FailureLog, Refused, Whose};
use chartgate::accounts::registration::{
    Approval, Metadata, NewInitialToken, Registered, RegistrationError, Wrong, concerns,
};
use chartgate::accounts::{Accounts, AccountsError, By, NewClientAuth};
use chartgate::credentials::password::Passwords;
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::client::{Client, ClientAuth, ClientKind, ClientSecurity, ClientState};
use chartgate::domain::ids::{ClientId, Npi, PracticeId};
use chartgate::domain::practice::Practice;
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::TokenHash;
use chartgate::mail::letters::Letters;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::support::databases::{Database, Kind};

#[derive(Default)]
struct Log(Mutex<Vec<AuditEvent>>);

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        self.0.lock().push(event);
        Box::pin(async { Ok(()) })
    }
}

struct World {
    db: Database,
    log: Arc<Log>,
    accounts: Accounts,
}

const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-384","kid":"k","x":"XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX","y":"YYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYYY"}]}"#;

impl World {
    async fn new() -> Self {
        let db = Database::new(Kind::Sqlite).await;
        let log = Arc::new(Log::default());
        let random = Arc::new(SystemRandom);
        let passwords = Arc::new(Passwords::new(random.clone(), 2).unwrap());
        let accounts = Accounts::new(db.store.clone(), passwords, log.clone(), db.clock.clone(), random)
            .with_letters(Letters {
                hospital: "Harbor Children's".to_owned(),
                portal: "https://portal.example/".to_owned(),
                support: "help@hospital.example".to_owned(),
            });
        let practice = Practice {
            id: PracticeId::parse("oak").unwrap(),
            name: "Oak Street Pediatrics".to_owned(),
            address: "1 Oak Street".to_owned(),
            phone: "555 0100".to_owned(),
            organization: None,
            roster: vec![Npi::parse("1234567893").unwrap()],
        };
        db.store.insert_practice(&practice).await.unwrap();
        Self { db, log, accounts }
    }

    async fn register(&self, metadata: Metadata) -> Registered {
        self.accounts.register_client(metadata, None, &by()).await.unwrap()
    }

    async fn approved(&self, metadata: Metadata) -> Registered {
        let registered = self.register(metadata).await;
        let approval = approval(&registered.client, 0);
        self.accounts.approve_client(&registered.client.id, approval, &By::operator()).await.unwrap();
        registered
    }

    async fn update(&self, of: &Registered, metadata: Metadata) -> Result<Client, RegistrationError> {
        let registration = self.accounts.managed_client(&of.client.id, &of.management.hash()).await?;
        self.accounts.update_client(registration, metadata, &by()).await.map(|updated| updated.client)
    }

    fn live(&self, of: &Registered) -> Arc<Client> {
        self.db.store.client(&of.client.id).unwrap()
    }

    fn last(&self) -> String {
        self.log.0.lock().last().unwrap().what.clone()
    }

    async fn subjects(&self) -> Vec<String> {
        self.db.store.mails(20).await.unwrap().into_iter().map(|queued| queued.mail.subject).collect()
    }
}

fn by() -> By {
    By { address: Some("192.0.2.7".to_owned()), ..By::default() }
}

fn app() -> Metadata {
    Metadata {
        name: "Growth Charts".to_owned(),
        redirect_uris: vec!["https://growth.example/cb".to_owned(), "https://growth.example/cb2".to_owned()],
        launch_uri: Some("https://growth.example/launch".to_owned()),
        scope: "launch/patient openid offline_access patient/Observation.rs patient/Patient.rs".to_owned(),
        contacts: vec!["dev@growth.example".to_owned(), "boss@growth.example".to_owned()],
        ..Metadata::default()
    }
}

fn approval(client: &Client, revision: i64) -> Approval {
    Approval { revision, scope: client.scope.clone(), practice: None, security: ClientSecurity::default() }
}

fn fields(error: RegistrationError) -> Vec<&'static str> {
    match error {
        RegistrationError::Wrong(wrong) => wrong.iter().map(|Wrong { field, .. }| *field).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn row_19_a_registration_waits_for_staff_and_is_approved() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    assert_eq!(registered.client.state, ClientState::Pending);
    assert!(registered.secret.is_none());
    assert_eq!(world.last(), "client_register");
    assert_eq!(world.subjects().await, ["Harbor Children's: An app registration has arrived"]);
    let mail = world.db.store.mails(1).await.unwrap().remove(0).mail;
    assert!(
        !mail.body.contains("Growth"),
        "a stranger's words are not sent to an address that nobody confirmed"
    );

    let id = &registered.client.id;
    let narrowed = Approval {
        scope: "openid patient/Patient.rs patient/Condition.rs".to_owned(),
        ..approval(&registered.client, 0)
    };
    world.accounts.approve_client(id, narrowed, &By::operator()).await.unwrap();
    let live = world.live(&registered);
    assert_eq!(live.state, ClientState::Active);
    assert_eq!(live.scope, "openid patient/Patient.rs", "less than registered, never more");
    assert_eq!(world.last(), "client_approve");
    assert_eq!(world.subjects().await.iter().filter(|s| s.ends_with("Your app is approved")).count(), 2);
    let again = world.accounts.approve_client(id, approval(&live, 1), &By::operator()).await;
    assert!(matches!(again, Err(RegistrationError::State(_))), "{again:?}");
}

#[tokio::test]
async fn what_changed_since_staff_looked_is_not_approved() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    let swapped = Metadata { redirect_uris: vec!["https://evil.example/cb".to_owned()], ..app() };
    world.update(&registered, swapped).await.unwrap();
    let operator = By::operator();
    let seen = approval(&registered.client, 0);
    let stale = world.accounts.approve_client(&registered.client.id, seen, &operator).await;
    assert_eq!(stale, Err(RegistrationError::Changed));
    let refused = world.accounts.refuse_client(&registered.client.id, 0, "No.", &By::operator()).await;
    assert_eq!(refused, Err(RegistrationError::Changed));
    assert_eq!(world.live(&registered).state, ClientState::Pending);
}

#[tokio::test]
async fn of_two_staff_at_once_one_decides() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    let (id, operator) = (&registered.client.id, By::operator());
    let (yes, no) = tokio::join!(
        world.accounts.approve_client(id, approval(&registered.client, 0), &operator),
        world.accounts.refuse_client(id, 0, "Not now.", &operator),
    );
    assert_eq!([yes.is_ok(), no.is_ok()].iter().filter(|won| **won).count(), 1, "{yes:?} {no:?}");
}

#[tokio::test]
async fn a_refused_client_can_be_mended_and_waits_again() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    let id = &registered.client.id;
    let why = world.accounts.refuse_client(id, 0, " ", &By::operator()).await.unwrap_err();
    assert_eq!(fields(why), ["reason"]);
    world.accounts.refuse_client(id, 0, "Name your privacy policy.", &By::operator()).await.unwrap();
    let live = world.live(&registered);
    assert_eq!(
        (live.state, live.details.reason.as_deref()),
        (ClientState::Refused, Some("Name your privacy policy."))
    );
    let mended = Metadata { policy_uri: Some("https://growth.example/privacy".to_owned()), ..app() };
    let client = world.update(&registered, mended).await.unwrap();
    assert_eq!((client.state, client.details.reason), (ClientState::Pending, None));
    world.accounts.approve_client(id, approval(&live, 2), &By::operator()).await.unwrap();
}

type Change = fn(&mut Metadata);

#[tokio::test]
async fn what_widens_an_active_client_waits_and_what_narrows_it_holds_at_once() {
    let world = World::new().await;
    let registered = world.approved(app()).await;
    let before = world.live(&registered);
    let widening: [Change; 6] = [
        |m| m.scope.push_str(" patient/Condition.rs"),
        |m| m.redirect_uris.push("https://evil.example/cb".to_owned()),
        |m| m.launch_uri = Some("https://evil.example/launch".to_owned()),
        |m| m.name = "Hospital".to_owned(),
        |m| m.client_uri = Some("https://evil.example/".to_owned()),
        |m| m.post_logout_redirect_uris.push("https://evil.example/".to_owned()),
    ];
    for change in widening {
        let mut metadata = Metadata { contacts: vec!["new@growth.example".to_owned()], ..app() };
        change(&mut metadata);
        let client = world.update(&registered, metadata).await.unwrap();
        assert!(client.details.proposal.is_some());
        let live = world.live(&registered);
        assert_eq!(
            (&live.name, &live.scope, &live.redirect_uris),
            (&before.name, &before.scope, &before.redirect_uris)
        );
        assert_eq!(
            (&live.launch_uri, &live.details.client_uri),
            (&before.launch_uri, &before.details.client_uri)
        );
        assert_eq!(live.details.post_logout_redirect_uris, before.details.post_logout_redirect_uris);
        assert_eq!(live.details.contacts, ["new@growth.example"], "whom to write to is the vendor's to say");
        assert_eq!(live.state, ClientState::Active, "it goes on working meanwhile");
    }
    let narrowing = Metadata {
        scope: "patient/Patient.r".to_owned(),
        redirect_uris: vec!["https://growth.example/cb2".to_owned()],
        launch_uri: None,
        ..app()
    };
    let client = world.update(&registered, narrowing).await.unwrap();
    assert_eq!(client.details.proposal, None, "and takes back what was asked for before");
    let live = world.live(&registered);
    assert_eq!(
        (live.scope.as_str(), live.redirect_uris.len(), &live.launch_uri),
        ("patient/Patient.r", 1, &None)
    );
}

#[tokio::test]
async fn a_change_is_approved_as_staff_saw_it_or_refused() {
    let world = World::new().await;
    let registered = world.approved(app()).await;
    let id = &registered.client.id;
    let wide = Metadata { scope: format!("{} patient/Condition.rs", app().scope), ..app() };
    world.update(&registered, wide.clone()).await.unwrap();
    assert_eq!(world.accounts.approve_change(id, 1, &By::operator()).await, Err(RegistrationError::Changed));
    world.accounts.refuse_change(id, 2, "Not that.", &By::operator()).await.unwrap();
    assert_eq!(world.live(&registered).details.reason.as_deref(), Some("Not that."));
    assert_eq!(world.live(&registered).scope, registered.client.scope);
    world.update(&registered, wide.clone()).await.unwrap();
    world.accounts.approve_change(id, 4, &By::operator()).await.unwrap();
    let live = world.live(&registered);
    assert!(live.scope.ends_with("patient/Condition.rs"), "{}", live.scope);
    assert_eq!((live.details.proposal.as_deref(), live.details.reason.as_deref()), (None, None));
    assert!(matches!(
        world.accounts.approve_change(id, 5, &By::operator()).await,
        Err(RegistrationError::State(_))
    ));
}

#[tokio::test]
async fn keys_of_an_active_client_change_only_with_staff() {
    let world = World::new().await;
    let keyed =
        Metadata { kind: ClientKind::Confidential, auth: NewClientAuth::Keys(KEYS.to_owned()), ..app() };
    let registered = world.approved(keyed.clone()).await;
    let theirs =
        Metadata { auth: NewClientAuth::KeysUrl("https://evil.example/keys".to_owned()), ..keyed.clone() };
    let client = world.update(&registered, theirs).await.unwrap();
    assert!(client.details.proposal.is_some());
    assert_eq!(world.live(&registered).auth, ClientAuth::Keys { jwks: KEYS.to_owned() });
    for other in [Metadata { auth: NewClientAuth::Secret, ..keyed.clone() }, app()] {
        assert_eq!(
            fields(world.update(&registered, other).await.unwrap_err()),
            ["token_endpoint_auth_method"]
        );
    }
}

#[tokio::test]
async fn suspension_is_for_the_vendor_to_read_and_not_to_undo() {
    let world = World::new().await;
    let registered = world.approved(app()).await;
    let id = &registered.client.id;
    let other_node = world.db.other().await;
    world.accounts.suspend_client(id, "It asked too often.", &By::operator()).await.unwrap();
    assert_eq!(world.live(&registered).state, ClientState::Suspended);
    let seen = other_node.registration(id).await.unwrap().unwrap().client;
    assert_eq!(seen.details.reason.as_deref(), Some("It asked too often."));
    let undo = world.update(&registered, app()).await;
    assert!(matches!(undo, Err(RegistrationError::State(_))), "{undo:?}");
    world.accounts.reactivate_client(id, &By::operator()).await.unwrap();
    assert_eq!(world.live(&registered).state, ClientState::Active);
    let twice = world.accounts.reactivate_client(id, &By::operator()).await;
    assert!(matches!(twice, Err(RegistrationError::State(_))), "{twice:?}");
}

#[tokio::test]
async fn the_registration_access_token_is_the_vendors_alone() {
    let world = World::new().await;
    let (one, two) = (world.register(app()).await, world.register(app()).await);
    let mixed = world.accounts.managed_client(&one.client.id, &two.management.hash()).await;
    assert_eq!(mixed, Err(RegistrationError::NotYours));
    let unknown =
        world.accounts.managed_client(&ClientId::parse("zz").unwrap(), &one.management.hash()).await;
    assert_eq!(unknown, Err(RegistrationError::NotYours));
    let renewed = world.accounts.renew_management(&one.client.id, &By::operator()).await.unwrap();
    let old = world.accounts.managed_client(&one.client.id, &one.management.hash()).await;
    assert_eq!(old, Err(RegistrationError::NotYours), "it ended with the new one");
    let registration = world.accounts.managed_client(&one.client.id, &renewed.hash()).await.unwrap();
    world.accounts.delete_client(&registration, &by()).await.unwrap();
    assert_eq!(world.last(), "client_delete");
    assert!(world.db.store.client(&one.client.id).is_none());
    let gone = world.accounts.delete_client(&registration, &by()).await;
    assert_eq!(gone, Err(RegistrationError::Failed(AccountsError::Unknown)));
}

#[tokio::test]
async fn a_rotated_secret_ends_the_old_one() {
    let world = World::new().await;
    let secret = Metadata { kind: ClientKind::Confidential, auth: NewClientAuth::Secret, ..app() };
    let registered = world.register(secret).await;
    let hash = |client: &Client| match &client.auth {
        ClientAuth::Secret { hash } => hash.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(hash(&registered.client), registered.secret.as_ref().unwrap().hash().to_hex());
    let registration =
        world.accounts.managed_client(&registered.client.id, &registered.management.hash()).await.unwrap();
    let new = world.accounts.rotate_secret(registration, &by()).await.unwrap();
    assert_eq!(hash(&world.live(&registered)), new.hash().to_hex());
    let public = world.register(app()).await;
    let registration =
        world.accounts.managed_client(&public.client.id, &public.management.hash()).await.unwrap();
    assert!(matches!(
        world.accounts.rotate_secret(registration, &by()).await,
        Err(RegistrationError::State(_))
    ));
}

fn invitation() -> NewInitialToken {
    NewInitialToken {
        label: "Growth Charts Ltd".to_owned(),
        kinds: vec![ClientKind::Public],
        scope: "launch/patient openid patient/*.rs".to_owned(),
        at_once: true,
        practice: None,
        uses: 1,
        life: Duration::from_hours(24),
    }
}

/// A hospital may take registrations with a token alone.
#[tokio::test]
async fn where_registration_is_not_open_a_token_still_lets_in() {
    let mut world = World::new().await;
    world.accounts = world.accounts.with_open_registration(false);
    let error = world.accounts.register_client(app(), None, &by()).await.unwrap_err();
    assert_eq!(error, RegistrationError::Closed);
    let (_, token) = world.accounts.add_initial_token(invitation(), &By::operator()).await.unwrap();
    let registered = world.accounts.register_client(app(), Some(&token), &by()).await.unwrap();
    assert_eq!(registered.client.state, ClientState::Active);
}

#[tokio::test]
async fn an_initial_access_token_lets_in_within_its_bounds() {
    let world = World::new().await;
    let operator = By::operator();
    let (_, token) = world.accounts.add_initial_token(invitation(), &operator).await.unwrap();
    let wrong_kind = Metadata { kind: ClientKind::Confidential, auth: NewClientAuth::Secret, ..app() };
    let error = world.accounts.register_client(wrong_kind, Some(&token), &by()).await.unwrap_err();
    assert_eq!(fields(error), ["token_endpoint_auth_method"], "and the use is not spent");
    let registered = world.accounts.register_client(app(), Some(&token), &by()).await.unwrap();
    assert_eq!(registered.client.state, ClientState::Active);
    assert_eq!(registered.client.scope, "launch/patient openid patient/Observation.rs patient/Patient.rs");
    assert!(registered.client.details.initial_token.is_some());
    let again = world.accounts.register_client(app(), Some(&token), &by()).await.unwrap_err();
    assert_eq!(again, RegistrationError::InitialToken);

    let careful = NewInitialToken { at_once: false, uses: 5, ..invitation() };
    let (stored, token) = world.accounts.add_initial_token(careful, &operator).await.unwrap();
    let registered = world.accounts.register_client(app(), Some(&token), &by()).await.unwrap();
    assert_eq!(registered.client.state, ClientState::Pending);
    world.accounts.revoke_initial_token(&stored.id, &operator).await.unwrap();
    let late = world.accounts.register_client(app(), Some(&token), &by()).await.unwrap_err();
    assert_eq!(late, RegistrationError::InitialToken);
    let twice = world.accounts.revoke_initial_token(&stored.id, &operator).await;
    assert_eq!(twice, Err(RegistrationError::Failed(AccountsError::Unknown)));
}

#[tokio::test]
async fn a_practice_system_acts_only_for_a_practice_that_staff_bound() {
    let world = World::new().await;
    let system = Metadata {
        kind: ClientKind::Backend,
        auth: NewClientAuth::Keys(KEYS.to_owned()),
        redirect_uris: vec![],
        launch_uri: None,
        scope: "system/*.rs".to_owned(),
        practice: Some("1234567893".to_owned()),
        ..app()
    };
    let registered = world.register(system.clone()).await;
    let (id, operator) = (&registered.client.id, By::operator());
    let unbound =
        world.accounts.approve_client(id, approval(&registered.client, 0), &operator).await.unwrap_err();
    assert_eq!(fields(unbound), ["practice"]);
    let nowhere =
        Approval { practice: Some(PracticeId::parse("elm").unwrap()), ..approval(&registered.client, 0) };
    let dangling = world.accounts.approve_client(id, nowhere, &operator).await;
    assert!(matches!(dangling, Err(RegistrationError::Failed(_))), "{dangling:?}");
    let bound =
        Approval { practice: Some(PracticeId::parse("oak").unwrap()), ..approval(&registered.client, 0) };
    world.accounts.approve_client(id, bound, &operator).await.unwrap();
    assert_eq!(world.live(&registered).practice.as_ref().unwrap().as_str(), "oak");

    let unbound =
        NewInitialToken { kinds: vec![ClientKind::Backend], scope: "system/*.rs".into(), ..invitation() };
    let error = world.accounts.add_initial_token(unbound.clone(), &operator).await.unwrap_err();
    assert_eq!(fields(error), ["practice"]);
    let bound = NewInitialToken { practice: PracticeId::parse("oak").ok(), ..unbound };
    let (_, token) = world.accounts.add_initial_token(bound, &operator).await.unwrap();
    let registered = world.accounts.register_client(system, Some(&token), &by()).await.unwrap();
    assert_eq!(
        (registered.client.state, world.live(&registered).practice.is_some()),
        (ClientState::Active, true)
    );
}

#[tokio::test]
async fn marks_of_security_fit_the_client() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    let (id, operator) = (&registered.client.id, By::operator());
    let fapi = ClientSecurity { fapi: true, ..ClientSecurity::default() };
    let marked = Approval { security: fapi, ..approval(&registered.client, 0) };
    assert_eq!(fields(world.accounts.approve_client(id, marked, &operator).await.unwrap_err()), ["fapi"]);
    let bound = ClientSecurity { bound_tokens: true, ..ClientSecurity::default() };
    let marked = Approval { security: bound, ..approval(&registered.client, 0) };
    world.accounts.approve_client(id, marked, &operator).await.unwrap();
    world.update(&registered, app()).await.unwrap();
    assert_eq!(world.live(&registered).details.security, bound, "the vendor cannot lift what staff demand");
    world.accounts.set_client_security(id, ClientSecurity::default(), &operator).await.unwrap();
    assert_eq!(world.live(&registered).details.security, ClientSecurity::default());
}

#[tokio::test]
async fn registrations_from_one_address_are_slowed_down() {
    let world = World::new().await;
    for _ in 0..11 {
        world.register(app()).await;
    }
    let wrong = world.accounts.register_client(Metadata::default(), None, &by()).await.unwrap_err();
    assert!(fields(wrong).contains(&"client_name"), "what is wrong is said all the same");
    let limited = world.accounts.register_client(app(), None, &by()).await.unwrap_err();
    assert_eq!(limited, RegistrationError::Limited(Duration::from_secs(1)));
    let elsewhere = By { address: Some("192.0.2.8".to_owned()), ..By::default() };
    world.accounts.register_client(app(), None, &elsewhere).await.unwrap();
}

#[tokio::test]
async fn staff_are_told_what_to_look_at() {
    let world = World::new().await;
    let metadata = Metadata {
        redirect_uris: vec!["com.growth.app:/cb".to_owned(), "https://other.example/cb".to_owned()],
        scope: "offline_access patient/*.rs user/Patient.rs".to_owned(),
        client_uri: Some("https://growth.example/".to_owned()),
        ..app()
    };
    let found = concerns(&world.register(metadata).await.client).join("\n");
    for word in [
        "offline_access",
        "every kind of record of the patient",
        "every patient whom",
        "private scheme",
        "another web site",
        "privacy policy",
    ] {
        assert!(found.contains(word), "{word}: {found}");
    }
    assert!(!found.contains("home page.\nIt names no home"), "{found}");
}

#[tokio::test]
async fn failures_are_noted_beside_the_request_and_strangers_do_not_flood_the_log() {
    let world = World::new().await;
    let registered = world.register(app()).await;
    let id = &registered.client.id;
    let log = FailureLog::new(world.db.store.clone(), world.db.clock.clone());
    let refused = |whose, error| Refused {
        whose,
        endpoint: "/oauth/token".to_owned(),
        error,
        code: "invalid_client",
        description: "No.".to_owned(),
        request: None,
    };
    let named = |id: &ClientId| Whose::Client { id: id.clone(), proven: false };
    for _ in 0..50 {
        log.note(refused(named(id), "InvalidClient"));
    }
    log.note(refused(Whose::Client { id: id.clone(), proven: true }, "InvalidCode"));
    log.note(refused(named(&ClientId::parse("nobody").unwrap()), "InvalidClient"));
    for n in 0..5000 {
        log.note(refused(Whose::Token(TokenHash::of(&n.to_string())), "invalid_token"));
    }
    log.note(refused(named(id), "UnsupportedGrantType"));
    assert_eq!(world.db.store.failures_of(id, 10).await.unwrap(), [], "nothing is written on the way");
    assert_eq!(log.write().await.unwrap(), 3);
    let found = world.db.store.failures_of(id, 10).await.unwrap();
    let mut counts: Vec<_> = found.iter().map(|f| (f.error.as_str(), f.count, f.proven)).collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [("InvalidClient", 50, false), ("InvalidCode", 1, true), ("UnsupportedGrantType", 1, false)]
    );
    assert_eq!(log.write().await.unwrap(), 0);
}
