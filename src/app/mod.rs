//! The product, put together. `serve`, `demo` and the tests build it the same way.

pub mod adapters;
mod background;
mod brands;
mod developers;
mod internal;
pub mod keys;
pub mod options;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::access::authorizer::{AccessSettings, Authorizer};
use crate::access::forget::Forgets;
use crate::access::sources::AuditSink;
use crate::accounts::Accounts;
use crate::accounts::failures::FailureLog;
use crate::accounts::federation::Provider;
use crate::audit::AuditLog;
use crate::cache::Cache;
use crate::config::{Config, ProviderSection};
use crate::credentials::install_crypto_provider;
use crate::credentials::password::Passwords;
use crate::domain::clock::SharedClock;
use crate::domain::ids::ClientId;
use crate::domain::random::SharedRandom;
use crate::ehr::{Ehr, EhrPrimaryCare, PanelRoute};
use crate::facade::{self, Facade};
use crate::hooks::{self, Hooks};
use crate::oauth::{self, endpoints::Endpoints, keys::IdTokenKeys};
use crate::outbound::{Outbound, Purpose};
use crate::portal::{self, CHILDRENS_ID, PATIENT_PORTAL, Providers, Upkeep};
use crate::records::panel::Panels;
use crate::records::purges::Purges;
use crate::records::{Offer, Records};
use crate::server::Server;
use crate::store::Store;
use crate::telemetry;
use crate::tls::TlsFiles;
use crate::web::address::from_proxy;
use crate::web::{Web, request_line};

use self::adapters::{CachedEhr, Holders};
use self::background::Background;
use self::keys::KeyRing;

/// `client_id` of the record viewer, through which the portal opens records.
pub const VIEWER: &str = "record-viewer";

/// Why the product cannot be built; a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

impl BuildError {
    fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// What differs between a running product and a test of it.
#[derive(Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: SharedClock,
    /// The source of randomness.
    pub random: SharedRandom,
    /// Whether pages say that no patient is real.
    pub demo: bool,
}

/// The product, ready to be served.
pub struct App {
    /// The public routes.
    pub router: Router,
    /// Health and metrics, for the internal listener.
    pub internal: Router,
    /// The database.
    pub store: Store,
    /// The password hasher.
    pub passwords: Arc<Passwords>,
    /// What the EHR said before.
    pub cache: Arc<Cache>,
    background: Background,
    tls: Option<Arc<TlsFiles>>,
    drain: Duration,
}

impl App {
    /// Builds everything: opens the database, brings its schema up to date, makes the first signing key. Nothing listens yet,
    /// and the EHR need not be up.
    pub async fn build(config: &Config, surroundings: &Surroundings) -> Result<Self, BuildError> {
        install_crypto_provider();
        // Before anything that counts.
        let metrics = telemetry::metrics();
        let Surroundings { clock, random, demo } = surroundings.clone();
        let master = options::master_key(config)?;
        let store =
            Store::open_ready(&options::store(config), clock.clone()).await.map_err(BuildError::new)?;

        let previous = options::previous_master_keys(config)?;
        let ring = KeyRing::new(store.clone(), &master).with_previous(&previous);
        let keys = Arc::new(IdTokenKeys::new(ring.ready(&*clock, &*random).await?));

        let outbound = Outbound::new(&options::outbound(config)?).map_err(BuildError::new)?;
        let ehr_options = options::ehr(config)?;
        let ehr = Arc::new(
            Ehr::connect(&ehr_options, &outbound, clock.clone(), random.clone()).map_err(BuildError::new)?,
        );
        let route = options::panel_route(config, &clock)?;
        let panel_file = if let PanelRoute::Roster { file, .. } = &route { Some(file.clone()) } else { None };
        let primary_care = EhrPrimaryCare::new(ehr.clone(), ehr_options.primary_care, clock.clone());
        let primary_care = Arc::new(primary_care.by(route));
        let cache = Arc::new(Cache::new(options::cache(config)?, clock.clone()));
        let (audit_log, writer) = AuditLog::new(store.clone());
        let audit: Arc<dyn AuditSink> = Arc::new(audit_log.clone());

        let records = Arc::new(records(
            config,
            surroundings,
            &master,
            &store,
            primary_care.clone(),
            &cache,
            &ehr,
            &audit,
        )?);
        let holders: Arc<dyn Forgets> = Arc::new(Holders {
            cache: cache.clone(),
            primary_care: primary_care.clone(),
            records: records.clone(),
        });
        store.tell_of_purges(holders.clone());
        let purges = Arc::new(Purges::new(store.clone(), holders, audit.clone(), clock.clone()));
        let web =
            Web::new(store.clone(), clock.clone(), random.clone(), &master, options::web(config, demo)?);
        let passwords = Arc::new(
            Passwords::new(random.clone(), config.identity.password_checks).map_err(BuildError::new)?,
        );
        let pieces = Pieces {
            config,
            surroundings,
            store: &store,
            web,
            records,
            upkeep: Upkeep { ehr: ehr.clone(), primary_care, cache: cache.clone(), audit: audit_log, purges },
            audit,
            outbound,
        };
        let failures = Arc::new(FailureLog::new(store.clone(), clock.clone()));
        let accounts = Arc::new(pieces.accounts(passwords.clone())?);
        let digest = options::digest(config)?;
        let router = pieces.router(keys.clone(), accounts.clone(), &failures)?;

        let mail = options::mail(config)?;
        let background = Background {
            ring,
            keys,
            key_life: config.oauth.key_life.0,
            random: surroundings.random.clone(),
            store: store.clone(),
            clock,
            ehr,
            panel_file,
            cache: cache.clone(),
            writer,
            failures,
            accounts,
            mail,
            metrics: metrics.clone(),
            digest,
        };
        let tls = match &config.server.tls {
            Some(files) => {
                let files = TlsFiles::open(files.certificate.clone(), files.key.clone());
                Some(Arc::new(files.map_err(BuildError::new)?))
            }
            None => None,
        };
        let internal = internal::router(store.clone(), metrics);
        Ok(Self { router, internal, store, passwords, cache, background, tls, drain: config.server.drain.0 })
    }

    /// Serves until `stop` is cancelled, then lets what is under way finish and closes the database.
    pub async fn serve(self, listener: TcpListener, internal: Option<TcpListener>, stop: CancellationToken) {
        let ended = CancellationToken::new();
        let background = self.background.start(&ended);
        if let Some(tls) = &self.tls {
            drop(tokio::spawn(Arc::clone(tls).watch(ended.clone())));
        }
        if let Some(internal) = internal {
            let server = Server::new(internal, None, self.internal);
            drop(tokio::spawn(server.run(ended.clone(), Duration::from_secs(1))));
        }
        Server::new(listener, self.tls, self.router).run(stop, self.drain).await;
        ended.cancel();
        background.finish().await;
        self.store.close().await;
    }
}

#[expect(clippy::too_many_arguments, reason = "the pipeline is where everything meets")]
fn records(
    config: &Config,
    surroundings: &Surroundings,
    master: &crate::credentials::seal::SealingKey,
    store: &Store,
    primary_care: Arc<EhrPrimaryCare>,
    cache: &Arc<Cache>,
    ehr: &Arc<Ehr>,
    audit: &Arc<dyn AuditSink>,
) -> Result<Records, BuildError> {
    let clock = surroundings.clock.clone();
    let settings = AccessSettings { practice_systems_use_grants: config.access.practice_systems_use_grants };
    let authorizer = Authorizer::new(clock.clone(), store.directory(), primary_care, settings)
        .with_portal_accounts(config.hospital.portal_account_system.as_deref().map(Into::into));
    let authorizer = Arc::new(authorizer);
    let bodies = Arc::new(CachedEhr { cache: cache.clone(), ehr: ehr.clone() });
    let asked = ehr.clone();
    let offer = Arc::new(Offer::new(options::fhir_base(config)?.as_str(), move || asked.capabilities()));
    let random = surroundings.random.clone();
    let records = Records::new(authorizer, bodies, audit.clone(), clock, random, master, offer);
    Ok(records.with_even_refusals(config.access.even_refusals.0))
}

/// What the public routes are made of.
struct Pieces<'a> {
    config: &'a Config,
    surroundings: &'a Surroundings,
    store: &'a Store,
    web: Web,
    records: Arc<Records>,
    upkeep: Upkeep,
    audit: Arc<dyn AuditSink>,
    outbound: Outbound,
}

impl Pieces<'_> {
    /// The use-cases of people.
    fn accounts(&self, passwords: Arc<Passwords>) -> Result<Accounts, BuildError> {
        let random = self.surroundings.random.clone();
        Ok(Accounts::new(
            self.store.clone(),
            passwords,
            self.audit.clone(),
            self.surroundings.clock.clone(),
            random,
        )
        .with_session_life(self.config.identity.session.0)
        .with_open_registration(self.config.oauth.open_registration)
        .with_letters(options::letters(self.config)?)
        .with_identity(options::identity(self.config), &options::master_key(self.config)?)
        .with_provider_registration(options::registration(self.config)?, &options::master_key(self.config)?)
        .with_majority(options::majority(self.config)?))
    }

    fn router(
        self,
        keys: Arc<IdTokenKeys>,
        accounts: Arc<Accounts>,
        failures: &Arc<FailureLog>,
    ) -> Result<Router, BuildError> {
        let clock = self.surroundings.clock.clone();
        let mrn_system: Option<Arc<str>> = self.config.hospital.mrn_system.as_deref().map(Into::into);
        let fhir = self.facade(failures.clone());
        let hooks = hooks::routes(Hooks::new(self.upkeep.purges.clone(), options::hooks(self.config)?));
        let panels = Arc::new(Panels::new(self.records.clone(), self.store.clone()));
        let directory = Arc::new(oauth::directory::Directory::new(
            self.records.clone(),
            panels.clone(),
            self.store.clone(),
            clock.clone(),
            mrn_system.clone(),
        ));
        let numbers = self.surroundings.random.clone();
        let authorization_server = oauth::State::new(oauth::Parts {
            web: self.web.clone(),
            id_token_keys: keys,
            patients: directory.clone(),
            fhir_users: directory,
            audit: self.audit.clone(),
            client_keys: self.outbound.client(Purpose::Jwks),
            accounts: accounts.clone(),
            failures: failures.clone(),
            settings: oauth::Settings {
                brands: Some(brands::content(self.config, &self.web, clock.now())),
                ..options::oauth(self.config)
            },
        });
        let provider = |section: &Option<ProviderSection>, path| -> Result<_, BuildError> {
            let Some(section) = section else { return Ok(None) };
            let settings = options::provider(self.config, section, path)?;
            let http = self.outbound.client(Purpose::IdentityProvider);
            Ok(Some(Arc::new(Provider::new(settings, http, clock.clone()))))
        };
        let identity = &self.config.identity;
        let providers = Providers {
            childrens_id: provider(&identity.childrens_id, CHILDRENS_ID)?,
            patient_portal: provider(&identity.patient_portal, PATIENT_PORTAL)?,
        };
        let pages = portal::router(portal::Parts {
            web: self.web.clone(),
            accounts,
            records: self.records,
            panels,
            upkeep: self.upkeep,
            viewer: ClientId::parse(VIEWER).map_err(BuildError::new)?,
            fhir_base: options::fhir_base(self.config)?.to_string(),
            mrn_system,
            providers,
            developers: developers::facts(
                &self.web,
                authorization_server.settings(),
                options::limits(self.config),
            ),
        });
        let all = crate::web::wrap(pages, &self.web)
            .merge(oauth::router(&authorization_server))
            .merge(hooks)
            .layer(from_fn_with_state(numbers, request_line::record))
            .merge(fhir);
        Ok(if self.config.server.behind_proxy { all.layer(from_fn(from_proxy)) } else { all })
    }

    fn facade(&self, refused: Arc<FailureLog>) -> Router {
        let endpoints = Endpoints::under(self.web.settings().public_base.as_str());
        let facade = Facade::new(
            self.records.clone(),
            Arc::new(self.store.clone()),
            Arc::new(self.store.clone()),
            facade::Endpoints {
                authorize: endpoints.authorize,
                token: endpoints.token,
                revoke: endpoints.revoke,
                introspect: endpoints.introspect,
                manage: endpoints.management,
                register: Some(endpoints.register),
                date: self.surroundings.clock.now().to_string(),
            },
            self.surroundings.random.clone(),
            Some(self.web.proofs().clone()),
            facade::Throttle::new(options::limits(self.config), self.surroundings.clock.clone()),
        );
        facade::routes(facade, Some(refused), options::FHIR_PATH)
    }
}
