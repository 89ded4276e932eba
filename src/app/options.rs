//! From the configuration to what each module wants to be told.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use url::Url;

use crate::accounts::federation::ProviderSettings;
use crate::accounts::identity::IdentitySettings;
use crate::accounts::provider_registration::RegistrationSettings;
use crate::cache::CacheOptions;
use crate::config::{self, Config, EhrAuth as ConfiguredAuth, Secret};
use crate::credentials::seal::SealingKey;
use crate::credentials::signing::SigningKey;
use crate::domain::clock::SharedClock;
use crate::domain::ids::PracticeId;
use crate::domain::majority::Majority;
use crate::domain::secret::TokenHash;
use crate::ehr::{
    BreakerOptions, EhrAuth, EhrOptions, GroupRef, PanelRoute, PrimaryCareOptions, RequiredParameters,
    RosterFile,
};
use crate::facade::Limits;
use crate::fhir::resource_type::ResourceType;
use crate::jobs::digest::DigestHour;
use crate::mail::letters::Letters;
use crate::mail::smtp::Smtp;
use crate::outbound::{OutboundOptions, PurposeOptions};
use crate::rate::Quota;
use crate::store::StoreOptions;
use crate::telemetry::{LogFormat, LogOptions};
use crate::web::WebSettings;

use super::BuildError;

/// Path of the FHIR facade below the public URL.
pub const FHIR_PATH: &str = "/fhir/r4";

/// The public origin, without a trailing slash.
pub fn origin(config: &Config) -> Result<Url, BuildError> {
    config.server.public_url.clone().ok_or_else(|| BuildError::new("server.public_url is missing"))
}

/// The facade's FHIR base URL.
pub fn fhir_base(config: &Config) -> Result<Url, BuildError> {
    origin(config)?.join(FHIR_PATH).map_err(BuildError::new)
}

/// The key from which all others derive. Both alphabets of base64 are taken, padded or not: `openssl rand -base64 32` will do.
pub fn master_key(config: &Config) -> Result<SealingKey, BuildError> {
    let secret = config.database.master_key.as_ref();
    sealing_key(
        "database.master_key",
        secret.ok_or_else(|| BuildError::new("database.master_key is missing"))?,
    )
}

/// Keys that were `database.master_key` before, to open what they sealed.
pub fn previous_master_keys(config: &Config) -> Result<Vec<SealingKey>, BuildError> {
    let previous = config.database.previous_master_keys.iter();
    previous.map(|secret| sealing_key("database.previous_master_keys", secret)).collect()
}

fn sealing_key(name: &str, secret: &Secret) -> Result<SealingKey, BuildError> {
    let secret = secret.read().map_err(BuildError::new)?;
    let text = secret.expose_secret().trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    SealingKey::parse(&text).map_err(|_| BuildError::new(format!("{name} must be 32 random bytes in base64")))
}

/// How to log.
pub fn log(config: &Config) -> LogOptions {
    let format = match config.log.format {
        config::LogFormat::Json => LogFormat::Json,
        config::LogFormat::Text => LogFormat::Text,
    };
    LogOptions { format, filter: config.log.filter.clone() }
}

/// How the database is opened.
pub fn store(config: &Config) -> StoreOptions {
    let database = &config.database;
    StoreOptions::new(&database.url).connections(database.connections).readers(database.connections.min(8))
}

/// The mail server, if mails are sent at all.
pub fn mail(config: &Config) -> Result<Option<Smtp>, BuildError> {
    let mail = &config.mail;
    let Some(url) = &mail.smtp_url else { return Ok(None) };
    let password = mail.smtp_password.as_ref().map(Secret::read).transpose().map_err(BuildError::new)?;
    let from = mail.from.as_deref().ok_or_else(|| BuildError::new("mail.from is missing"))?;
    Smtp::new(url, password.as_ref(), from).map(Some).map_err(BuildError::new)
}

/// When patients come of age.
pub fn majority(config: &Config) -> Result<Majority, BuildError> {
    Ok(Majority {
        zone: jiff::tz::TimeZone::get(&config.hospital.time_zone).map_err(BuildError::new)?,
        age: config.families.adult_age,
        notice: config.families.birthday_notice_months,
    })
}

/// What every mail says of the hospital.
pub fn letters(config: &Config) -> Result<Letters, BuildError> {
    Ok(Letters {
        hospital: config.hospital.name.clone(),
        portal: origin(config)?.to_string(),
        support: config.hospital.support_email.clone(),
    })
}

/// When the daily mail of notices is sent.
pub fn digest(config: &Config) -> Result<DigestHour, BuildError> {
    let zone = jiff::tz::TimeZone::get(&config.hospital.time_zone).map_err(BuildError::new)?;
    Ok(DigestHour { hour: i8::try_from(config.hospital.digest_hour.min(23)).unwrap_or(7), zone })
}

/// How people prove who they are.
pub fn identity(config: &Config) -> IdentitySettings {
    IdentitySettings {
        questions_required: config.identity.secure_questions == config::SecureQuestions::Required,
        password_life: config.identity.password_life.map(|life| life.0),
    }
}

/// An identity provider; `path` is the end of the address to which it sends people back.
pub fn provider(
    config: &Config,
    section: &config::ProviderSection,
    path: &str,
) -> Result<ProviderSettings, BuildError> {
    let origin = origin(config)?;
    let secret = section.client_secret.as_ref().map(Secret::read).transpose().map_err(BuildError::new)?;
    Ok(ProviderSettings {
        label: section.label.clone(),
        issuer: section.issuer.clone(),
        client_id: section.client_id.clone(),
        client_secret: secret,
        scopes: section.scopes.clone(),
        reset_url: section.reset_url.clone(),
        redirect_uri: origin.join(&format!("/sign-in/{path}/callback")).map_err(BuildError::new)?,
        after_sign_out: origin.join("/sign-in").map_err(BuildError::new)?,
    })
}

/// How providers register.
pub fn registration(config: &Config) -> Result<RegistrationSettings, BuildError> {
    let section = &config.registration;
    let text = |path: &Option<std::path::PathBuf>| {
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path)
                .map_err(|error| BuildError::new(format!("{} cannot be read: {error}", path.display())))
        };
        path.as_ref().map(read).transpose()
    };
    Ok(RegistrationSettings {
        fax: section.fax_number.clone(),
        max_upload: usize::try_from(section.max_upload.0).unwrap_or(usize::MAX),
        certification: text(&section.certification_file)?,
        sponsorship: text(&section.sponsorship_file)?,
    })
}

/// Limits of everything that is asked of other servers.
pub fn outbound(config: &Config) -> Result<OutboundOptions, BuildError> {
    let ehr = &config.ehr;
    let mut extra_authorities = Vec::new();
    for path in &ehr.authorities {
        extra_authorities.push(
            std::fs::read(path)
                .map_err(|error| BuildError::new(format!("{} cannot be read: {error}", path.display())))?,
        );
    }
    let identity = match &ehr.identity {
        Some(secret) => Some(secret.read().map_err(BuildError::new)?.expose_secret().as_bytes().to_vec()),
        None => None,
    };
    Ok(OutboundOptions {
        proxy: ehr.proxy.clone(),
        extra_authorities,
        ehr: PurposeOptions {
            connect_timeout: ehr.connect_timeout.0,
            total_timeout: ehr.timeout.0,
            max_body: usize::try_from(ehr.max_body.0).unwrap_or(usize::MAX),
            private_networks: ehr.private_network,
            identity,
        },
        jwks: PurposeOptions {
            total_timeout: Duration::from_secs(5),
            max_body: 256 * 1024,
            private_networks: config.oauth.private_jwks_uris,
            ..PurposeOptions::default()
        },
        identity_provider: PurposeOptions {
            private_networks: [&config.identity.childrens_id, &config.identity.patient_portal]
                .into_iter()
                .flatten()
                .any(|provider| provider.private_network),
            ..PurposeOptions::default()
        },
    })
}

/// How the EHR is reached.
pub fn ehr(config: &Config) -> Result<EhrOptions, BuildError> {
    let section = &config.ehr;
    let base = section.base_url.clone().ok_or_else(|| BuildError::new("ehr.base_url is missing"))?;
    let of_parameters = section.missing_parameters.keys().chain(section.required_parameters.keys());
    let types =
        section.undeclared_types.iter().chain(config.cache.fresh_for_type.keys()).chain(of_parameters);
    for name in types {
        if ResourceType::parse(name).is_none() {
            return Err(BuildError::new(format!("'{name}' is not a resource type that Chartgate serves")));
        }
    }
    Ok(EhrOptions {
        other_bases: section.other_base_urls.clone(),
        auth: ehr_auth(&section.auth)?,
        timeout: section.timeout.0,
        retries: section.retries,
        concurrency: section.concurrency,
        concurrency_per_client: section.concurrency_per_client,
        concurrency_per_caller: section.concurrency_per_caller,
        patience: section.patience.0,
        breaker: BreakerOptions { failures: section.breaker_failures, pause: section.breaker_pause.0 },
        obey_cache_control: section.obey_cache_control,
        undeclared_types: section.undeclared_types.clone(),
        missing_parameters: section.missing_parameters.clone(),
        required_parameters: section
            .required_parameters
            .iter()
            .map(|(name, required)| {
                let config::RequiredSection { any_of, fill } = required.clone();
                (name.clone(), RequiredParameters { any_of, fill })
            })
            .collect(),
        page_size: section.page_size,
        lists_panels: section.panel.route != config::PanelRoute::Search,
        primary_care: PrimaryCareOptions {
            max_age: section.primary_care_max_age.0,
            max_stale: section.primary_care_max_stale.0,
            ..PrimaryCareOptions::default()
        },
        ..EhrOptions::new(base, fhir_base(config)?)
    })
}

/// By which route panels and PCP facts come.
pub fn panel_route(config: &Config, clock: &SharedClock) -> Result<PanelRoute, BuildError> {
    let panel = &config.ehr.panel;
    Ok(match panel.route {
        config::PanelRoute::Search => PanelRoute::Search,
        config::PanelRoute::Groups => {
            let group = |(practice, text): (&String, &String)| {
                let wrong = |what| BuildError::new(format!("ehr.panel.groups.{practice}: {what}"));
                let id = PracticeId::parse(practice).map_err(|_| wrong("cannot be a practice's id"))?;
                let forms =
                    "must be Group/<id>, managing-entity=Organization/<id> or identifier=<system>|<value>";
                Ok((id, GroupRef::parse(text).ok_or_else(|| wrong(forms))?))
            };
            PanelRoute::Groups(panel.groups.iter().map(group).collect::<Result<_, BuildError>>()?)
        }
        config::PanelRoute::Roster => {
            let path = panel.roster_file.clone();
            let path = path.ok_or_else(|| BuildError::new("ehr.panel.roster_file is missing"))?;
            PanelRoute::Roster {
                file: Arc::new(
                    RosterFile::new(path, panel.roster_max_age.0, clock.clone())
                        .with_min_share(panel.roster_min_share),
                ),
                mrn_system: config.hospital.mrn_system.as_deref().map(Into::into),
            }
        }
    })
}

fn ehr_auth(auth: &ConfiguredAuth) -> Result<EhrAuth, BuildError> {
    Ok(match auth {
        ConfiguredAuth::None {} => EhrAuth::None,
        ConfiguredAuth::StaticToken { token } => EhrAuth::StaticToken(token.read().map_err(BuildError::new)?),
        ConfiguredAuth::BackendServices { client_id, key, key_id, token_url, scope } => {
            let pem = key.read().map_err(BuildError::new)?;
            let signer = SigningKey::from_pem(pem.expose_secret(), key_id.as_deref())
                .map_err(|error| BuildError::new(format!("ehr.auth.key: {error}")))?;
            EhrAuth::BackendServices {
                client_id: client_id.clone(),
                signer: Arc::new(signer),
                token_url: token_url.clone(),
                scope: scope.clone().unwrap_or_else(|| "system/*.rs".to_owned()),
            }
        }
    })
}

/// How the portal presents itself.
pub fn web(config: &Config, demo: bool) -> Result<WebSettings, BuildError> {
    let hospital = &config.hospital;
    let privacy_policy = match &hospital.privacy_policy_file {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| BuildError::new(format!("{} cannot be read: {error}", path.display())))?,
        None => format!("Ask {} for the privacy policy: {}.", hospital.name, hospital.support_email),
    };
    Ok(WebSettings {
        public_base: origin(config)?,
        hospital: hospital.name.clone(),
        support_mailbox: hospital.support_email.clone(),
        support_phone: hospital.support_phone.clone(),
        privacy_policy,
        digest_hour: hospital.digest_hour.min(23),
        portal_sign_up: hospital.portal_sign_up_url.clone(),
        time_zone: jiff::tz::TimeZone::get(&hospital.time_zone).map_err(BuildError::new)?,
        session_idle: config.identity.idle.0,
        session_max: config.identity.session.0,
        demo,
    })
}

/// How much the cache keeps and for how long.
pub fn cache(config: &Config) -> Result<CacheOptions, BuildError> {
    let section = &config.cache;
    let mut fresh_for_type = HashMap::new();
    for (name, period) in &section.fresh_for_type {
        let resource_type = ResourceType::parse(name).ok_or_else(|| {
            BuildError::new(format!("'{name}' is not a resource type that Chartgate serves"))
        })?;
        fresh_for_type.insert(resource_type, period.0);
    }
    Ok(CacheOptions {
        max_bytes: section.max_bytes.0,
        fresh_for: section.fresh_for.0,
        fresh_for_type,
        absent_for: section.absent_for.0,
        max_stale: section.max_stale.0,
        refresh_after_reads: section.refresh_after_reads,
        ..CacheOptions::default()
    })
}

/// How much may be asked of the FHIR endpoint.
pub fn limits(config: &Config) -> Limits {
    let section = &config.limits;
    let quota = |per_minute| Quota { per_minute, burst: section.burst.0 };
    Limits {
        address: quota(section.address_per_minute),
        unauthenticated: quota(section.unauthenticated_per_minute),
        user: quota(section.user_per_minute),
        app: quota(section.app_per_minute),
        system: quota(section.system_per_minute),
    }
}

/// Who of the hospital's systems may have what forgotten.
pub fn hooks(config: &Config) -> Result<crate::hooks::Settings, BuildError> {
    let mut subscriptions = Vec::new();
    for section in &config.hooks.ehr {
        let wrong = |what: &str| BuildError::new(format!("hooks.ehr '{}': {what}", section.name));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if section.name.is_empty() || !section.name.chars().all(plain) {
            return Err(wrong("the name must be of letters, digits, '-' and '_'"));
        }
        let mut types = Vec::new();
        for name in &section.types {
            types.push(
                ResourceType::parse(name).ok_or_else(|| {
                    wrong(&format!("'{name}' is not a resource type that Chartgate serves"))
                })?,
            );
        }
        subscriptions.push(crate::hooks::Subscription {
            name: section.name.clone(),
            header: section.header.parse().map_err(|_| wrong("the header's name cannot be used"))?,
            secrets: hook_secrets("hooks.ehr.secrets", &section.secrets)?,
            types,
        });
    }
    let purge_secrets = hook_secrets("hooks.purge_secrets", &config.hooks.purge_secrets)?;
    Ok(crate::hooks::Settings { purge_secrets, subscriptions })
}

fn hook_secrets(name: &str, secrets: &[Secret]) -> Result<Vec<TokenHash>, BuildError> {
    let read = |secret: &Secret| {
        let secret = secret.read().map_err(BuildError::new)?;
        if secret.expose_secret().len() < 32 {
            return Err(BuildError::new(format!("{name}: a secret must have 32 characters or more")));
        }
        Ok(TokenHash::of(secret.expose_secret()))
    };
    secrets.iter().map(read).collect()
}

/// Lifetimes of tokens; the standard's limits hold whatever is configured.
pub fn oauth(config: &Config) -> crate::oauth::Settings {
    let section = &config.oauth;
    crate::oauth::Settings {
        access_life: section.access_token.0.min(Duration::from_hours(1)),
        backend_life: section.backend_access_token.0.min(Duration::from_mins(5)),
        refresh_life: section.refresh_token.0,
        tenant: config.hospital.tenant.clone(),
        limits: crate::oauth::throttle::Limits {
            free_failures: section.free_failures,
            requests_per_minute: section.requests_per_minute,
        },
        ..crate::oauth::Settings::default()
    }
}
