//! What the store costs where it is on a request's path (DESIGN.md 12): a token and a grant from memory, however many there
//! are; an audit event, by batches.
//!
//! `cargo bench --bench store`

#![expect(clippy::expect_used, reason = "a bench that cannot be set up may panic")]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chartgate::access::sources::RelationshipSource as _;
use chartgate::domain::account::{Account, AccountKind, AccountState};
use chartgate::domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use chartgate::domain::client::{
    AccessToken, Authorization, Client, ClientAuth, ClientDetails, ClientKind, ClientState, LaunchContext,
    Principal,
};
use chartgate::domain::clock::{Clock as _, SystemClock, Timestamp};
use chartgate::domain::grant::{DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{AccountId, AuthorizationId, ClientId, FhirId, GrantId, Npi};
use chartgate::domain::secret::TokenHash;
use chartgate::store::{Store, StoreOptions};
use divan::Bencher;

const GRANTS: usize = 200_000;
const TOKENS: usize = 50_000;
/// The grants' provider; one is enough, the key is the pair.
const PROVIDER: &str = "ana";

struct World {
    store: Store,
    runtime: tokio::runtime::Runtime,
    now: Timestamp,
    _directory: tempfile::TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite:{}", directory.path().join("bench.db").display());
    let now = SystemClock.now();
    let store = runtime.block_on(async {
        let options = StoreOptions::new(&url).synchronous(false);
        let store = Store::open_ready(&options, std::sync::Arc::new(SystemClock)).await.expect("a store");
        fill(&store, now).await;
        store
    });
    World { store, runtime, now, _directory: directory }
});

fn patient(n: usize) -> FhirId {
    FhirId::parse(&format!("p{}", n % (GRANTS / 2))).expect("an id")
}

fn token(n: usize) -> TokenHash {
    TokenHash::of(&format!("t{n}"))
}

async fn fill(store: &Store, now: Timestamp) {
    let account = AccountId::parse(PROVIDER).expect("an id");
    let client = ClientId::parse("app").expect("an id");
    let npi = Npi::parse("1234567893").expect("an NPI");
    let mut change = store.begin().await.expect("a transaction");
    let person = Account {
        id: account.clone(),
        kind: AccountKind::Provider { npi },
        email: "ana@kids.example".to_owned(),
        name: "Ana".to_owned(),
        phone: None,
        state: AccountState::Active,
        created_at: now,
    };
    change.insert_account(&person).await.expect("an account");
    let app = Client {
        id: client.clone(),
        name: "App".to_owned(),
        kind: ClientKind::Public,
        auth: ClientAuth::None,
        redirect_uris: vec![],
        launch_uri: None,
        scope: String::new(),
        practice: None,
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: now,
    };
    change.insert_client(&app).await.expect("a client");
    for n in 0..GRANTS {
        let grant = Grant {
            id: GrantId::parse(&format!("{n:032x}")).expect("an id"),
            patient: patient(n),
            provider: account.clone(),
            granted_by: GrantedBy::Guardian,
            kinds: DataKinds::ALL,
            covers_restricted: false,
            created_at: now,
            ends_at: None,
            revoked_at: None,
        };
        change.insert_grant(&grant).await.expect("a grant");
    }
    for n in 0..TOKENS {
        let id = AuthorizationId::parse(&format!("{n:032x}")).expect("an id");
        let authorization = Authorization {
            id: id.clone(),
            client: client.clone(),
            principal: Principal::Account(account.clone()),
            scope: "openid patient/*.rs".to_owned(),
            context: LaunchContext { patient: Some(patient(n)), ..LaunchContext::default() },
            nonce: None,
            authenticated_at: now,
            session: None,
            created_at: now,
            revoked_at: None,
        };
        change.insert_authorization(&authorization).await.expect("an authorization");
        let access = AccessToken {
            hash: token(n),
            authorization: id,
            scope: "openid patient/*.rs".to_owned(),
            bound_to: None,
            issued_at: now,
            expires_at: now.plus(Duration::from_hours(24)),
        };
        change.insert_access_token(&access).await.expect("a token");
    }
    change.commit().await.expect("a commit");
    for n in 0..TOKENS {
        store.subject_of(&token(n)).await.expect("a look-up").expect("a token");
    }
}

fn main() {
    LazyLock::force(&WORLD);
    divan::main();
}

/// Numbers that jump about, so that no look-up finds its line in the processor's cache.
fn jumping(below: usize) -> usize {
    static LAST: AtomicUsize = AtomicUsize::new(1);
    LAST.fetch_add(0x9E37_79B1, Ordering::Relaxed) % below
}

#[divan::bench]
fn token_from_memory(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| token(jumping(TOKENS)))
        .bench_values(|hash| WORLD.store.subject_in_memory(&hash).expect("it is in memory"));
}

#[divan::bench]
fn standing_of_its_subject(bencher: Bencher<'_, '_>) {
    let directory = WORLD.store.directory();
    bencher
        .with_inputs(|| WORLD.store.subject_in_memory(&token(jumping(TOKENS))).expect("it is in memory"))
        .bench_values(|token| directory.standing(&token.subject));
}

#[divan::bench]
fn grants_of_a_provider_for_a_patient(bencher: Bencher<'_, '_>) {
    let directory = WORLD.store.directory();
    let provider = AccountId::parse(PROVIDER).expect("an id");
    bencher
        .with_inputs(|| patient(jumping(GRANTS)))
        .bench_values(|patient| directory.grants(&provider, &patient));
}

/// One batch; divide by its size for one event.
#[divan::bench(args = [1, 16, 64, 512])]
fn audit_batch(bencher: Bencher<'_, '_>, events: usize) {
    let event = |n: usize| AuditEvent {
        at: WORLD.now,
        kind: AuditKind::Disclosure,
        outcome: AuditOutcome::Success,
        account: AccountId::parse(PROVIDER).ok(),
        practice: None,
        client: ClientId::parse("app").ok(),
        patients: vec![patient(n)],
        what: "Observation search".to_owned(),
        reason: Some("pcp".to_owned()),
        resources: 20,
        request: None,
        address: Some("192.0.2.1".to_owned()),
    };
    bencher
        .counter(divan::counter::ItemsCount::new(events))
        .with_inputs(|| (0..events).map(|_| event(jumping(GRANTS))).collect::<Vec<_>>())
        .bench_values(|batch| {
            WORLD.runtime.block_on(WORLD.store.append_audit(&batch)).expect("it is written")
        });
}
