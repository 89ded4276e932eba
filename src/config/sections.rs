//! The sections. Each key's meaning for an operator is in `config/chartgate.toml`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::brands::BrandsSection;
use super::values::{ByteSize, Period, Secret};

/// The whole configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`
    pub server: ServerSection,
    /// `[hospital]`
    pub hospital: HospitalSection,
    /// `[brands]`
    pub brands: BrandsSection,
    /// `[database]`
    pub database: DatabaseSection,
    /// `[ehr]`
    pub ehr: EhrSection,
    /// `[cache]`
    pub cache: CacheSection,
    /// `[hooks]`
    pub hooks: HooksSection,
    /// `[access]`
    pub access: AccessSection,
    /// `[families]`
    pub families: FamiliesSection,
    /// `[limits]`
    pub limits: LimitsSection,
    /// `[oauth]`
    pub oauth: OauthSection,
    /// `[identity]`
    pub identity: IdentitySection,
    /// `[registration]`
    pub registration: RegistrationSection,
    /// `[mail]`
    pub mail: MailSection,
    /// `[log]`
    pub log: LogSection,
}

/// Where and how the product is served.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSection {
    /// Address and port of the public listener.
    pub listen: SocketAddr,
    /// What browsers and clients call it; required.
    pub public_url: Option<Url>,
    /// Certificate and key for TLS.
    pub tls: Option<TlsSection>,
    /// A reverse proxy that speaks TLS stands in front and is the only one that can reach `listen`.
    pub behind_proxy: bool,
    /// Address of the internal listener (health, metrics); none when absent.
    pub internal_listen: Option<SocketAddr>,
    /// How long requests may finish after a signal to stop.
    pub drain: Period,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            tls: None,
            behind_proxy: false,
            internal_listen: None,
            drain: Period::seconds(20),
        }
    }
}

/// TLS from files, read again when they change.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// PEM certificate chain.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// What pages say about the hospital.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HospitalSection {
    /// Name as printed.
    pub name: String,
    /// Support mailbox (S-80).
    pub support_email: String,
    /// Support telephone.
    pub support_phone: Option<String>,
    /// The hospital's privacy policy, plain text (S-81).
    pub privacy_policy_file: Option<PathBuf>,
    /// Identifier system of the hospital's medical record numbers; searches by MRN name it.
    pub mrn_system: Option<String>,
    /// Identifier system by which the EHR marks a Patient with a patient-portal account (S-43).
    pub portal_account_system: Option<String>,
    /// Where families sign up for the patient portal (S-44).
    pub portal_sign_up_url: Option<String>,
    /// Hour of the day in which the daily mail of notices is sent, in the hospital's time zone.
    pub digest_hour: u8,
    /// IANA time zone in which pages print times.
    pub time_zone: String,
    /// What the hospital is called in launch contexts (SMART `tenant`): opaque to apps.
    pub tenant: Option<String>,
}

impl Default for HospitalSection {
    fn default() -> Self {
        Self {
            name: "Children's Hospital".into(),
            support_email: "support@hospital.example".into(),
            support_phone: None,
            privacy_policy_file: None,
            mrn_system: None,
            portal_account_system: None,
            portal_sign_up_url: None,
            digest_hour: 7,
            time_zone: "UTC".into(),
            tenant: None,
        }
    }
}

/// Where the product's own data lies.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// `sqlite:///var/lib/chartgate/chartgate.db` or `postgres://...`.
    pub url: String,
    /// 32 random bytes in base64: seals page handles and signing keys at rest; required.
    pub master_key: Option<Secret>,
    /// Keys that were the master key before: what they sealed is opened and sealed anew.
    pub previous_master_keys: Vec<Secret>,
    /// Connections to PostgreSQL, or readers of SQLite.
    pub connections: u32,
}

impl Default for DatabaseSection {
    fn default() -> Self {
        Self {
            url: "sqlite://chartgate.db".into(),
            master_key: None,
            previous_master_keys: Vec::new(),
            connections: 8,
        }
    }
}

/// The hospital's FHIR R4 server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EhrSection {
    /// FHIR base URL; required.
    pub base_url: Option<Url>,
    /// Other base URLs that the EHR writes into its answers for itself, as behind a gateway.
    pub other_base_urls: Vec<Url>,
    /// How we prove who we are.
    pub auth: EhrAuth,
    /// Time to connect.
    pub connect_timeout: Period,
    /// Time for one whole answer.
    pub timeout: Period,
    /// Further tries after a failure that may pass.
    pub retries: u32,
    /// Concurrent requests at most.
    pub concurrency: usize,
    /// Of these, of one client with all its users; three quarters if absent.
    pub concurrency_per_client: Option<usize>,
    /// Of these, of one person or practice's system; a quarter if absent.
    pub concurrency_per_caller: Option<usize>,
    /// How long a request may wait for its turn.
    pub patience: Period,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long it stays open.
    pub breaker_pause: Period,
    /// Largest body accepted.
    pub max_body: ByteSize,
    /// Whether the EHR may stand on a private network.
    pub private_network: bool,
    /// PEM files of certificate authorities to trust beside the system's.
    pub authorities: Vec<PathBuf>,
    /// Certificate chain and key in PEM to present to the EHR (mutual TLS).
    pub identity: Option<Secret>,
    /// Forward proxy for everything that Chartgate asks of other servers.
    pub proxy: Option<Url>,
    /// Whether the EHR's `Cache-Control` is obeyed; some forbid caching with everything, for browsers' sake.
    pub obey_cache_control: bool,
    /// How old PCP facts may be (S-33).
    pub primary_care_max_age: Period,
    /// How old they may be while the EHR cannot be reached.
    pub primary_care_max_stale: Period,
    /// Types that work although the EHR's CapabilityStatement does not list them.
    pub undeclared_types: Vec<String>,
    /// What is known of the family of the EHR: a name or a file, under the settings of this section.
    pub profile: Option<String>,
    /// Matches a page that the EHR is asked for, at most.
    pub page_size: Option<u32>,
    /// Search parameters that do not work although they are declared, by type.
    pub missing_parameters: BTreeMap<String, Vec<String>>,
    /// Search parameters of which the EHR demands one, by type.
    pub required_parameters: BTreeMap<String, RequiredSection>,
    /// How panels and PCP facts come.
    pub panel: PanelSection,
}

/// What the EHR demands of searches of a type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredSection {
    /// One of these parameters.
    pub any_of: Vec<String>,
    /// What is added to a search that has none of them; without it such searches are refused.
    pub fill: Option<String>,
}

/// How panels and PCP facts come.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PanelSection {
    /// The route.
    pub route: PanelRoute,
    /// The Group of each practice, for the route `groups`.
    pub groups: BTreeMap<String, String>,
    /// The file, for the route `roster`.
    pub roster_file: Option<PathBuf>,
    /// How long ago the file may have been written.
    pub roster_max_age: Period,
    /// Percent of the patients in the file before that a new one must have at least.
    pub roster_min_share: u8,
}

impl Default for PanelSection {
    fn default() -> Self {
        Self {
            route: PanelRoute::Search,
            groups: BTreeMap::new(),
            roster_file: None,
            roster_max_age: Period::seconds(36 * 3600),
            roster_min_share: 50,
        }
    }
}

/// By which route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelRoute {
    /// `Patient.generalPractitioner`, read and searched.
    Search,
    /// A Group of the EHR's for each practice.
    Groups,
    /// A file that the hospital writes.
    Roster,
}

impl Default for EhrSection {
    fn default() -> Self {
        Self {
            base_url: None,
            other_base_urls: Vec::new(),
            auth: EhrAuth::None {},
            connect_timeout: Period::seconds(3),
            timeout: Period::seconds(20),
            retries: 2,
            concurrency: 64,
            concurrency_per_client: None,
            concurrency_per_caller: None,
            patience: Period::seconds(10),
            breaker_failures: 8,
            breaker_pause: Period::seconds(5),
            max_body: ByteSize::mebibytes(32),
            private_network: true,
            authorities: Vec::new(),
            identity: None,
            proxy: None,
            obey_cache_control: true,
            primary_care_max_age: Period::seconds(300),
            primary_care_max_stale: Period::seconds(3600),
            undeclared_types: Vec::new(),
            profile: None,
            page_size: None,
            missing_parameters: BTreeMap::new(),
            required_parameters: BTreeMap::new(),
            panel: PanelSection::default(),
        }
    }
}

/// How we prove to the EHR who we are.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum EhrAuth {
    /// Not at all: for tests.
    None {},
    /// A fixed bearer token: for tests.
    StaticToken {
        /// The token.
        token: Secret,
    },
    /// SMART Backend Services with `private_key_jwt`.
    BackendServices {
        /// Our client id at the EHR.
        client_id: String,
        /// PKCS#8 private key in PEM: P-384 for ES384, RSA for RS384.
        key: Secret,
        /// `kid` of the key as registered there.
        key_id: Option<String>,
        /// Token endpoint; from the EHR's `.well-known/smart-configuration` when absent.
        token_url: Option<Url>,
        /// Scope asked for.
        scope: Option<String>,
    },
}

/// The cache of what the EHR said.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSection {
    /// Bodies held in memory, at most.
    pub max_bytes: ByteSize,
    /// How long an answer counts as fresh where the EHR does not say.
    pub fresh_for: Period,
    /// The same by resource type.
    pub fresh_for_type: BTreeMap<String, Period>,
    /// How long an id that the EHR does not know is remembered as absent.
    pub absent_for: Period,
    /// How old an answer may be while the EHR cannot be reached.
    pub max_stale: Period,
    /// How often an answer must have been read for the EHR to be asked again before it expires; 0: never.
    pub refresh_after_reads: u32,
}

impl Default for CacheSection {
    fn default() -> Self {
        Self {
            max_bytes: ByteSize::mebibytes(256),
            fresh_for: Period::seconds(60),
            fresh_for_type: BTreeMap::new(),
            absent_for: Period::seconds(10),
            max_stale: Period::seconds(4 * 3600),
            refresh_after_reads: 3,
        }
    }
}

/// What the hospital's own systems may call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HooksSection {
    /// Bearer secrets with which the cache may be purged; none: nobody may.
    pub purge_secrets: Vec<Secret>,
    /// Subscriptions in the EHR that send word of changes.
    pub ehr: Vec<EhrHookSection>,
}

/// One Subscription in the EHR.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EhrHookSection {
    /// The end of the address that it calls: `/hooks/ehr/[name]`.
    pub name: String,
    /// Header in which the secret stands.
    #[serde(default = "authorization")]
    pub header: String,
    /// Secrets that are accepted.
    pub secrets: Vec<Secret>,
    /// The types that its criteria are about: forgotten when a notification does not say what changed. None: everything.
    #[serde(default)]
    pub types: Vec<String>,
}

fn authorization() -> String {
    "Authorization".to_owned()
}

/// What the hospital decides about access.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessSection {
    /// Whether a practice's system also reaches what its providers were granted.
    pub practice_systems_use_grants: bool,
    /// Answers that say that nothing was found leave at multiples of this alone; zero: when they are ready.
    pub even_refusals: Period,
}

impl Default for AccessSection {
    fn default() -> Self {
        Self {
            practice_systems_use_grants: false,
            even_refusals: Period(std::time::Duration::from_millis(100)),
        }
    }
}

/// Coming of age (D-07).
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FamiliesSection {
    /// From this birthday on a patient decides, and guardians do not.
    pub adult_age: u8,
    /// How many months before it the family is told.
    pub birthday_notice_months: u8,
}

impl Default for FamiliesSection {
    fn default() -> Self {
        Self { adult_age: 18, birthday_notice_months: 6 }
    }
}

/// How much may be asked of the FHIR endpoint in a minute; 0: no limit. Each node counts for itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// From one address, whoever asks.
    pub address_per_minute: u32,
    /// From one address without a good token.
    pub unauthenticated_per_minute: u32,
    /// Of one person, by whatever apps.
    pub user_per_minute: u32,
    /// Of one app, of all its users together.
    pub app_per_minute: u32,
    /// Of one practice's system.
    pub system_per_minute: u32,
    /// How much may come at once: what comes in this time.
    pub burst: Period,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            address_per_minute: 60_000,
            unauthenticated_per_minute: 600,
            user_per_minute: 1_800,
            app_per_minute: 60_000,
            system_per_minute: 6_000,
            burst: Period::seconds(20),
        }
    }
}

/// The authorization server.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OauthSection {
    /// Life of a user's access token.
    pub access_token: Period,
    /// Life of a backend service's access token.
    pub backend_access_token: Period,
    /// Life of a refresh token, renewed at each use.
    pub refresh_token: Period,
    /// Whether `jwks_uri` may point into private networks.
    pub private_jwks_uris: bool,
    /// Failures of one client from one address that cost nothing before it has to wait; 0: failures are not counted.
    pub free_failures: u32,
    /// Requests of one client from one address a minute at the endpoints that clients call; 0: no limit.
    pub requests_per_minute: u32,
    /// Whether anybody may register a client, which staff then approve; else only with an initial access token.
    pub open_registration: bool,
    /// How long a key signs `id_token`s before the next one takes over.
    pub key_life: Period,
}

impl Default for OauthSection {
    fn default() -> Self {
        Self {
            access_token: Period::seconds(3600),
            backend_access_token: Period::seconds(300),
            refresh_token: Period::seconds(90 * 24 * 3600),
            private_jwks_uris: false,
            free_failures: 20,
            requests_per_minute: 6000,
            open_registration: true,
            key_life: Period::seconds(90 * 24 * 3600),
        }
    }
}

/// Sign-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySection {
    /// A session ends after this long without a request.
    pub idle: Period,
    /// A session ends after this long whatever happens.
    pub session: Period,
    /// Concurrent password checks; each takes 19 MiB.
    pub password_checks: usize,
    /// Whether each account has three secure questions (D-02).
    pub secure_questions: SecureQuestions,
    /// How long a password lasts (S-22); for ever when absent.
    pub password_life: Option<Period>,
    /// Where the hospital's physicians and staff sign in (S-02, S-21).
    pub childrens_id: Option<ProviderSection>,
    /// Where families sign in (S-05).
    pub patient_portal: Option<ProviderSection>,
}

/// An OpenID provider of the hospital.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSection {
    /// What pages call it.
    pub label: String,
    /// `issuer`; its metadata are at `/.well-known/openid-configuration` below.
    pub issuer: Url,
    /// Chartgate's `client_id` there.
    pub client_id: String,
    /// Chartgate's secret there; without one PKCE alone.
    pub client_secret: Option<Secret>,
    /// Scopes beside `openid`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Where its passwords are reset (S-23).
    pub reset_url: Option<Url>,
    /// Whether it stands on a private network, and plain HTTP may be spoken there.
    #[serde(default)]
    pub private_network: bool,
}

/// Whether accounts have secure questions (D-02).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecureQuestions {
    /// Three, a second check after a mailed pass code.
    #[default]
    Required,
    /// None.
    Off,
}

impl Default for IdentitySection {
    fn default() -> Self {
        Self {
            idle: Period::seconds(30 * 60),
            session: Period::seconds(12 * 3600),
            password_checks: 2,
            secure_questions: SecureQuestions::default(),
            password_life: None,
            childrens_id: None,
            patient_portal: None,
        }
    }
}

/// Registration of providers.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationSection {
    /// Where documents may be faxed to; by upload alone when absent.
    pub fax_number: Option<String>,
    /// The largest document that may be uploaded.
    pub max_upload: ByteSize,
    /// The hospital's text of document A instead of the built-in one.
    pub certification_file: Option<PathBuf>,
    /// The hospital's text of document C instead of the built-in one.
    pub sponsorship_file: Option<PathBuf>,
}

impl Default for RegistrationSection {
    fn default() -> Self {
        Self {
            fax_number: None,
            max_upload: ByteSize::mebibytes(10),
            certification_file: None,
            sponsorship_file: None,
        }
    }
}

/// Outgoing mail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSection {
    /// `smtps://user@host:465` or `smtp://host:587`; mail waits in the outbox when absent.
    pub smtp_url: Option<String>,
    /// Password of the SMTP user.
    pub smtp_password: Option<Secret>,
    /// Sender.
    pub from: Option<String>,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// One JSON object a line, or lines for a person.
    pub format: LogFormat,
    /// Filter as `tracing-subscriber` reads it.
    pub filter: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Json, filter: "info".into() }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}
