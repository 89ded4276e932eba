//! Accounts, clients, rosters, sponsorships and grants in memory: what the policy asks, without a statement per request.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use ahash::RandomState;
use parking_lot::RwLock;
use smallvec::SmallVec;
use url::Url;

use crate::access::sources::{PrimaryCare, RelationshipSource, Standing, StandingProvider};
use crate::access::subject::{Actor, Subject};
use crate::domain::account::{Account, AccountKind, AccountState};
use crate::domain::client::{Client, ClientKind, ClientState};
use crate::domain::grant::Grant;
use crate::domain::ids::{AccountId, ClientId, FhirId, Npi, PracticeId, SponsorshipId};
use crate::domain::practice::{Practice, Sponsorship, SponsorshipState};

use super::grant_table::GrantTable;

type Map<K, V> = HashMap<K, V, RandomState>;

/// The relationships in memory, current to the last commit of this process and to a fraction of a second for others'.
#[derive(Default)]
pub struct Directory {
    state: RwLock<State>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.read();
        write!(f, "Directory({} accounts, {} grants)", state.people.len(), state.grants.len())
    }
}

/// Everything at once, so that a reload replaces it in one step.
#[derive(Default)]
pub(super) struct State {
    /// Accounts by identifier, as places in `people`.
    accounts: Map<AccountId, u32>,
    people: Vec<Person>,
    /// Patients with grants, numbered.
    patients: Map<FhirId, u32>,
    grants: GrantTable,
    practices: Map<PracticeId, Practice>,
    rosters: Map<Npi, SmallVec<[PracticeId; 2]>>,
    /// Accounts that hold, or once held, an NPI.
    providers: Map<Npi, SmallVec<[u32; 1]>>,
    organizations: Map<FhirId, PracticeId>,
    sponsorships: Map<SponsorshipId, (u32, u32)>,
    clients: Map<ClientId, Arc<Client>>,
    /// Origins of active clients' redirect URIs, and how many clients are there.
    origins: Map<String, usize>,
}

struct Person {
    id: AccountId,
    /// False too for one that is only named so far: by a sponsorship or grant that was read before the account.
    active: bool,
    role: Role,
    /// Active sponsorships: which, and by whom.
    sponsors: SmallVec<[(SponsorshipId, u32); 1]>,
}

enum Role {
    Provider(Npi),
    Sponsored,
    Other,
}

impl Directory {
    /// The client with this identifier.
    pub fn client(&self, id: &ClientId) -> Option<Arc<Client>> {
        self.state.read().clients.get(id).map(Arc::clone)
    }

    /// The active clients that users can launch, by name.
    pub fn launchable_clients(&self) -> Vec<Arc<Client>> {
        let state = self.state.read();
        let can = |client: &&Arc<Client>| {
            client.state == ClientState::Active
                && client.kind != ClientKind::Backend
                && client.launch_uri.is_some()
        };
        let mut clients: Vec<_> = state.clients.values().filter(can).map(Arc::clone).collect();
        drop(state);
        clients.sort_by(|a, b| (a.name.to_lowercase(), &a.id).cmp(&(b.name.to_lowercase(), &b.id)));
        clients
    }

    /// Whether an active client registered a redirect URI at this web origin (`https://app.example`).
    pub fn is_registered_origin(&self, origin: &str) -> bool {
        self.state.read().origins.contains_key(origin)
    }

    pub(super) fn replace(&self, state: State) {
        // The old one is freed after the lock is given up.
        let _old = std::mem::replace(&mut *self.state.write(), state);
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write());
    }
}

impl RelationshipSource for Directory {
    fn standing(&self, subject: &Subject) -> Standing {
        let state = self.state.read();
        if let Some(client) = &subject.client
            && state.clients.get(client).is_none_or(|client| client.state != ClientState::Active)
        {
            return Standing::default();
        }
        match &subject.actor {
            Actor::Account(account) => state.standing_of(account),
            Actor::Practice(practice) => Standing {
                active: state.practices.contains_key(practice),
                providers: SmallVec::new(),
                practice: state.practices.contains_key(practice).then(|| practice.clone()),
            },
        }
    }

    fn grants(&self, provider: &AccountId, patient: &FhirId) -> SmallVec<[Grant; 1]> {
        let state = self.state.read();
        let (Some(number), Some(place)) = (state.accounts.get(provider), state.patients.get(patient)) else {
            return SmallVec::new();
        };
        state.grants.get((*number, provider), (*place, patient))
    }

    fn npi_of(&self, account: &AccountId) -> Option<Npi> {
        let state = self.state.read();
        let person = state.accounts.get(account).and_then(|number| state.person(*number));
        match &person.filter(|person| person.active)?.role {
            Role::Provider(npi) => Some(npi.clone()),
            Role::Sponsored | Role::Other => None,
        }
    }

    fn providers_of(&self, practice: &PracticeId) -> SmallVec<[AccountId; 4]> {
        let state = self.state.read();
        let roster = state.practices.get(practice).map(|practice| practice.roster.as_slice());
        let accounts = |npi| state.providers.get(npi).into_iter().flatten().map(move |number| (npi, *number));
        let people = roster.unwrap_or_default().iter().flat_map(accounts).filter_map(|(npi, number)| {
            let holds = |person: &&Person| matches!(&person.role, Role::Provider(own) if own == npi);
            state.person(number).filter(holds)
        });
        people.filter(|person| person.active).map(|person| person.id.clone()).collect()
    }

    fn practices_of(&self, primary_care: &PrimaryCare) -> SmallVec<[PracticeId; 2]> {
        let state = self.state.read();
        let mut practices = SmallVec::new();
        let by_npi = primary_care.npis.iter().filter_map(|npi| state.rosters.get(npi)).flatten();
        let by_organization = primary_care.organizations.iter().filter_map(|id| state.organizations.get(id));
        for practice in by_npi.chain(by_organization) {
            if !practices.contains(practice) {
                practices.push(practice.clone());
            }
        }
        practices
    }

    fn roster_of(&self, practice: &PracticeId) -> PrimaryCare {
        let state = self.state.read();
        let rostered = state.rosters.iter().filter(|(_, practices)| practices.contains(practice));
        let organizations = state.organizations.iter().filter(|(_, of)| *of == practice);
        PrimaryCare {
            npis: rostered.map(|(npi, _)| npi.clone()).collect(),
            organizations: organizations.map(|(id, _)| id.clone()).collect(),
            ..PrimaryCare::default()
        }
    }
}

impl State {
    fn standing_of(&self, account: &AccountId) -> Standing {
        let Some(person) = self.accounts.get(account).and_then(|number| self.person(*number)) else {
            return Standing::default();
        };
        if !person.active {
            return Standing::default();
        }
        let providers = match &person.role {
            Role::Provider(npi) => SmallVec::from_iter([self.provider(person, npi, false)]),
            Role::Sponsored => person
                .sponsors
                .iter()
                .filter_map(|(_, sponsor)| self.person(*sponsor))
                .filter(|sponsor| sponsor.active)
                .filter_map(|sponsor| match &sponsor.role {
                    Role::Provider(npi) => Some(self.provider(sponsor, npi, true)),
                    Role::Sponsored | Role::Other => None,
                })
                .collect(),
            Role::Other => SmallVec::new(),
        };
        Standing { active: true, providers, practice: None }
    }

    fn provider(&self, person: &Person, npi: &Npi, sponsor: bool) -> StandingProvider {
        StandingProvider {
            account: person.id.clone(),
            sponsor,
            practices: self.rosters.get(npi).cloned().unwrap_or_default(),
        }
    }

    fn person(&self, number: u32) -> Option<&Person> {
        self.people.get(number as usize)
    }

    /// The account's number; a new one, not active, when it was not heard of before.
    fn number(&mut self, id: &AccountId) -> u32 {
        if let Some(number) = self.accounts.get(id) {
            return *number;
        }
        let number = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        self.people.push(Person {
            id: id.clone(),
            active: false,
            role: Role::Other,
            sponsors: SmallVec::new(),
        });
        self.accounts.insert(id.clone(), number);
        number
    }

    pub(super) fn put_account(&mut self, account: Account) {
        let number = self.number(&account.id);
        if let AccountKind::Provider { npi } = &account.kind {
            let holders = self.providers.entry(npi.clone()).or_default();
            if !holders.contains(&number) {
                holders.push(number);
            }
        }
        if let Some(person) = self.people.get_mut(number as usize) {
            person.active = account.state == AccountState::Active;
            person.role = match account.kind {
                AccountKind::Provider { npi } => Role::Provider(npi),
                AccountKind::Sponsored => Role::Sponsored,
                AccountKind::Guardian { .. } | AccountKind::Staff { .. } => Role::Other,
            };
        }
    }

    pub(super) fn drop_account(&mut self, id: &AccountId) {
        let number = self.accounts.get(id).copied();
        if let Some(person) = number.and_then(|number| self.people.get_mut(number as usize)) {
            person.active = false;
        }
    }

    pub(super) fn put_practice(&mut self, practice: Practice) {
        self.drop_practice(&practice.id);
        for npi in &practice.roster {
            self.rosters.entry(npi.clone()).or_default().push(practice.id.clone());
        }
        if let Some(organization) = &practice.organization {
            self.organizations.insert(organization.clone(), practice.id.clone());
        }
        self.practices.insert(practice.id.clone(), practice);
    }

    pub(super) fn drop_practice(&mut self, id: &PracticeId) {
        let Some(old) = self.practices.remove(id) else { return };
        for npi in &old.roster {
            if let Some(practices) = self.rosters.get_mut(npi) {
                practices.retain(|practice| practice != id);
                if practices.is_empty() {
                    self.rosters.remove(npi);
                }
            }
        }
        if let Some(organization) = &old.organization {
            // Another practice may have taken it over already.
            if self.organizations.get(organization) == Some(id) {
                self.organizations.remove(organization);
            }
        }
    }

    pub(super) fn put_sponsorship(&mut self, sponsorship: &Sponsorship) {
        self.drop_sponsorship(&sponsorship.id);
        if sponsorship.state != SponsorshipState::Active {
            return;
        }
        let sponsored = self.number(&sponsorship.sponsored);
        let sponsor = self.number(&sponsorship.sponsor);
        if let Some(person) = self.people.get_mut(sponsored as usize) {
            person.sponsors.push((sponsorship.id.clone(), sponsor));
        }
        self.sponsorships.insert(sponsorship.id.clone(), (sponsored, sponsor));
    }

    pub(super) fn drop_sponsorship(&mut self, id: &SponsorshipId) {
        if let Some((sponsored, _)) = self.sponsorships.remove(id)
            && let Some(person) = self.people.get_mut(sponsored as usize)
        {
            person.sponsors.retain(|(sponsorship, _)| sponsorship != id);
        }
    }

    pub(super) fn put_grant(&mut self, grant: &Grant) {
        let provider = self.number(&grant.provider);
        let next = u32::try_from(self.patients.len()).unwrap_or(u32::MAX);
        let patient = *self.patients.entry(grant.patient.clone()).or_insert(next);
        self.grants.remove(provider, patient, &grant.id);
        if grant.revoked_at.is_none() {
            self.grants.insert(provider, patient, grant);
        }
    }

    pub(super) fn put_client(&mut self, client: Client) {
        self.drop_client(&client.id);
        for origin in origins_of(&client) {
            *self.origins.entry(origin).or_default() += 1;
        }
        self.clients.insert(client.id.clone(), Arc::new(client));
    }

    pub(super) fn drop_client(&mut self, id: &ClientId) {
        let Some(old) = self.clients.remove(id) else { return };
        for origin in origins_of(&old) {
            if let Some(count) = self.origins.get_mut(&origin) {
                *count -= 1;
                if *count == 0 {
                    self.origins.remove(&origin);
                }
            }
        }
    }
}

/// The web origins of an active client, each once. Schemes of native apps have none.
fn origins_of(client: &Client) -> HashSet<String> {
    let uris = client.redirect_uris.iter().filter(|_| client.state == ClientState::Active);
    uris.filter_map(|uri| Url::parse(uri).ok())
        .filter(|url| matches!(url.scheme(), "https" | "http"))
        .map(|url| url.origin().ascii_serialization())
        .collect()
}
