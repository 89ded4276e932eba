//! The product as it runs: the whole app over a database and the EHR's HTTP, on a port of its own, with a clock that the run moves.

use std::sync::Arc;
use std::time::Duration;

use chartgate::app::{App, Surroundings};
use chartgate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use chartgate::domain::client::{
    AccessToken, Authorization, Client, ClientAuth, ClientDetails, ClientKind, ClientState, LaunchContext,
    Principal,
};
use chartgate::domain::clock::{Clock as _, ManualClock, Timestamp};
use chartgate::domain::grant::{DataKind, DataKinds, Grant, GrantedBy};
use chartgate::domain::ids::{
    AccountId, AuthorizationId, ClientId, FhirId, GrantId, Npi, PracticeId, SponsorshipId,
};
use chartgate::domain::practice::{Practice, Sponsorship, SponsorshipState};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use chartgate::domain::session::Session;
use chartgate::store::Store;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::judge::{Asker, World};
use super::ward::Served;

pub const BASE: &str = "https://gate.example/fhir/r4";
pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// The running server.
pub struct Running {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub ehr: Served,
    address: String,
    http: reqwest::Client,
    stop: CancellationToken,
    config: String,
    // Removed with the last node.
    folder: Arc<tempfile::TempDir>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn practice_of(id: &str, world: &World) -> Practice {
    let practice = &world.practices[id];
    Practice {
        id: PracticeId::parse(id).unwrap(),
        name: format!("Practice {id}"),
        address: "1 Main Street".to_owned(),
        phone: "555 0199".to_owned(),
        organization: practice.organization.map(|id| FhirId::parse(id).unwrap()),
        roster: practice.roster.iter().map(|npi| Npi::parse(npi).unwrap()).collect(),
    }
}

fn grant_id(at: usize) -> GrantId {
    GrantId::parse(&format!("grant-{at}")).unwrap()
}

fn sponsorship_id(sponsored: &str, sponsor: &str) -> SponsorshipId {
    SponsorshipId::parse(&format!("{sponsored}-{sponsor}")).unwrap()
}

impl Running {
    /// The server over this EHR with the people of this world.
    pub async fn start(ehr: Served, world: &World) -> Self {
        Self::start_even(ehr, world, "0s").await
    }

    /// The same where refusals leave at multiples of a step alone.
    pub async fn start_even(ehr: Served, world: &World, step: &str) -> Self {
        // Memory where there is some: every answer waits for the audit log.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let config = format!(
            "[server]\npublic_url = \"https://gate.example\"\n[database]\nurl = \"sqlite:{}\"\nmaster_key = \"{}\"\n\
             [ehr]\nbase_url = \"{}\"\nretries = 0\nbreaker_failures = 1000\nprivate_network = true\n[access]\npractice_systems_use_grants = {}\neven_refusals = \"{step}\"\n\
             # Whoever asks comes from one address, and the clock stands still.\n[limits]\naddress_per_minute = 0\n\
             unauthenticated_per_minute = 0\nuser_per_minute = 0\napp_per_minute = 0\nsystem_per_minute = 0\n",
            folder.path().join("test.db").display(),
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            ehr.base,
            world.systems_use_grants,
        );
        let running = Self::node(ehr, config, ManualClock::new(world.now), Arc::new(folder)).await;
        running.people(world).await;
        running
    }

    /// One more node over the same database and EHR, whose clock shows `now`.
    pub async fn beside(&self, now: Timestamp) -> Self {
        let folder = Arc::clone(&self.folder);
        Self::node(self.ehr.clone(), self.config.clone(), ManualClock::new(now), folder).await
    }

    async fn node(
        ehr: Served,
        config: String,
        clock: Arc<ManualClock>,
        folder: Arc<tempfile::TempDir>,
    ) -> Self {
        let parsed = chartgate::config::parse(&config, "the test's configuration").unwrap();
        let surroundings = Surroundings { clock: clock.clone(), random: Arc::new(SystemRandom), demo: false };
        let app = App::build(&parsed, &surroundings).await.unwrap();
        let store = app.store.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let asked = ehr.asked.lock().len();
        tokio::spawn(app.serve(listener, None, stop.clone()));
        #[expect(clippy::disallowed_methods, reason = "the test's own client")]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let running = Self { store, clock, ehr, address, http, stop, config, folder };
        running.ready(asked).await;
        running
    }

    /// Waits until the EHR's CapabilityStatement has been read: what is offered depends on it.
    async fn ready(&self, asked: usize) {
        for _ in 0..2000 {
            if self.ehr.asked.lock().iter().skip(asked).any(|url| url.ends_with("/metadata")) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the EHR was not asked what it can do");
    }

    async fn people(&self, world: &World) {
        let npi = |npi: &str| Npi::parse(npi).unwrap();
        let mut accounts: Vec<(&str, AccountKind)> = world
            .providers
            .iter()
            .map(|(name, own)| (*name, AccountKind::Provider { npi: npi(own) }))
            .collect();
        accounts.extend(world.sponsored.keys().map(|name| (*name, AccountKind::Sponsored)));
        accounts.push(("gus", AccountKind::Guardian { patients: vec![FhirId::parse("p0").unwrap()] }));
        accounts.push(("sue", AccountKind::Staff { role: StaffRole::Support }));
        for (name, kind) in accounts {
            let account = Account {
                id: AccountId::parse(name).unwrap(),
                kind,
                email: format!("{name}@practice.example"),
                name: format!("Dr. {name}"),
                phone: None,
                state: AccountState::Active,
                created_at: NOW,
            };
            self.store.insert_account(&account).await.unwrap();
        }
        for practice in world.practices.keys() {
            self.store.insert_practice(&practice_of(practice, world)).await.unwrap();
        }
        for (at, grant) in world.grants.iter().enumerate() {
            self.add_grant(at, grant).await;
        }
        for (sponsored, sponsors) in &world.sponsored {
            for sponsor in sponsors {
                self.sponsor(sponsored, sponsor, true).await;
            }
        }
        for (client, practice) in
            [("app", None), ("other", None), ("sys-north", Some("north")), ("sys-south", Some("south"))]
        {
            self.store.insert_client(&client_of(client, practice)).await.unwrap();
        }
        for name in &world.suspended {
            self.suspend(name, true).await;
        }
    }

    pub async fn add_grant(&self, at: usize, grant: &super::judge::Grant) {
        let kinds: Vec<DataKind> = grant
            .kinds
            .iter()
            .map(|kind| match *kind {
                "visits" => DataKind::Visits,
                "notes" => DataKind::Notes,
                "medications" => DataKind::Medications,
                _ => DataKind::Labs,
            })
            .collect();
        let stored = Grant {
            id: grant_id(at),
            patient: FhirId::parse(grant.patient).unwrap(),
            provider: AccountId::parse(grant.provider).unwrap(),
            granted_by: GrantedBy::Guardian,
            kinds: DataKinds::of(&kinds),
            covers_restricted: grant.restricted,
            created_at: NOW,
            ends_at: grant.until,
            revoked_at: None,
        };
        self.store.insert_grant(&stored).await.unwrap();
        if grant.revoked {
            self.revoke_grant(at).await;
        }
    }

    pub async fn revoke_grant(&self, at: usize) {
        self.store.revoke_grant(&grant_id(at)).await.unwrap();
    }

    /// Suspends an account or a client, or lets it act again.
    pub async fn suspend(&self, name: &str, suspended: bool) {
        if let Ok(client) = ClientId::parse(name)
            && self.store.directory().client(&client).is_some()
        {
            let state = if suspended { ClientState::Suspended } else { ClientState::Active };
            self.store.set_client_state(&client, state).await.unwrap();
            return;
        }
        let state = if suspended { AccountState::Suspended } else { AccountState::Active };
        self.store.set_account_state(&AccountId::parse(name).unwrap(), state).await.unwrap();
    }

    pub async fn set_practice(&self, id: &str, world: &World) {
        self.store.update_practice(&practice_of(id, world)).await.unwrap();
    }

    /// Begins a sponsorship, or suspends it and takes it up again.
    pub async fn sponsor(&self, sponsored: &str, sponsor: &str, active: bool) {
        let id = sponsorship_id(sponsored, sponsor);
        let state = if active { SponsorshipState::Active } else { SponsorshipState::Suspended };
        let stored = Sponsorship {
            id: id.clone(),
            sponsor: AccountId::parse(sponsor).unwrap(),
            sponsored: AccountId::parse(sponsored).unwrap(),
            state,
            created_at: NOW,
        };
        if !self.store.set_sponsorship_state(&id, state).await.unwrap() {
            self.store.insert_sponsorship(&stored).await.unwrap();
        }
    }

    /// The cookie of a browser in which this account has signed in.
    pub async fn signed_in(&self, account: &str) -> String {
        let token = PlainToken::generate(TokenKind::Session, &SystemRandom);
        let now = self.clock.now();
        let session = Session {
            hash: token.hash(),
            account: AccountId::parse(account).unwrap(),
            authenticated_at: now,
            seen_at: now,
            expires_at: now.plus(Duration::from_hours(12)),
        };
        self.store.insert_session(&session).await.unwrap();
        format!("__Host-chartgate={}", token.expose())
    }

    /// A token for this asker, and what it hangs on.
    pub async fn token(&self, asker: &Asker) -> (String, AuthorizationId) {
        let token = PlainToken::generate(TokenKind::Access, &SystemRandom);
        let principal = match asker.actor.strip_prefix("system:") {
            Some(practice) => Principal::Practice(PracticeId::parse(practice).unwrap()),
            None => Principal::Account(AccountId::parse(asker.actor).unwrap()),
        };
        let patient = asker.launch.map(|id| FhirId::parse(id).unwrap());
        let now = self.clock.now();
        let authorization = Authorization {
            id: AuthorizationId::generate(&SystemRandom),
            client: ClientId::parse(asker.client).unwrap(),
            principal,
            session: None,
            scope: asker.scopes.join(" "),
            context: LaunchContext { patient, ..LaunchContext::default() },
            nonce: None,
            authenticated_at: now,
            created_at: now,
            revoked_at: None,
        };
        self.store.insert_authorization(&authorization).await.unwrap();
        let stored = AccessToken {
            hash: token.hash(),
            authorization: authorization.id.clone(),
            scope: authorization.scope.clone(),
            bound_to: None,
            issued_at: now,
            expires_at: now.plus(Duration::from_hours(24 * 365)),
        };
        self.store.insert_access_token(&stored).await.unwrap();
        (token.expose().to_owned(), authorization.id)
    }

    /// Asks over the wire. `path` is below the FHIR base.
    pub async fn ask(&self, request: &Wire<'_>) -> Answer {
        let bearer = request.token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<(&str, &str)> =
            bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        if request.body.is_some() {
            headers.push(("content-type", request.media_type));
        }
        let method = if request.body.is_some() { "POST" } else { "GET" };
        self.send(method, &format!("/fhir/r4{}", request.path), &headers, request.body).await
    }

    /// Any request to any path.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut asked = self.http.request(method, format!("http://{}{path}", self.address));
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        if let Some(body) = body {
            asked = asked.body(body.to_owned());
        }
        let response = asked.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask(&Wire { path, token: Some(token), body: None, media_type: "" }).await
    }
}

/// A request as it goes over the wire.
pub struct Wire<'a> {
    pub path: &'a str,
    pub token: Option<&'a str>,
    pub body: Option<&'a str>,
    pub media_type: &'a str,
}

pub fn client_of(id: &str, practice: Option<&str>) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        name: format!("App {id}"),
        kind: if practice.is_some() { ClientKind::Backend } else { ClientKind::Public },
        auth: ClientAuth::None,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        launch_uri: None,
        scope: "user/*.rs patient/*.rs system/*.rs".to_owned(),
        practice: practice.map(|id| PracticeId::parse(id).unwrap()),
        trusted: false,
        state: ClientState::Active,
        details: ClientDetails::default(),
        created_at: NOW,
    }
}
