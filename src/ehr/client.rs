//! The connection to the EHR as the rest of the product sees it.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use parking_lot::Mutex;
use url::Url;

use crate::access::payer::Payer;
use crate::access::permit::{Permit, Renewal};
use crate::access::upstream::{Fetched, UpstreamError, Validator};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::SharedRandom;
use crate::fhir::index::Rewrite;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;
use crate::outbound::{Outbound, Purpose};

use super::answer::{Judged, judge_status, seal, without_mark};
use super::capabilities::{Corrections, EhrCapabilities};
use super::freshness::freshness;
use super::gate::{Asker, Interest, Lane};
use super::health::EhrHealth;
use super::manners::Manners;
use super::options::EhrOptions;
use super::transport::Transport;
use super::url::beneath;

pub(super) const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");
const ANY: HeaderValue = HeaderValue::from_static("*/*");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const STRICT: HeaderValue = HeaderValue::from_static("handling=strict");

/// Bodies above this are indexed away from the threads that serve requests.
const LARGE: usize = 512 * 1024;

/// The hospital's FHIR server.
#[derive(Debug)]
pub struct Ehr {
    pub(super) base: Url,
    rewrite: Rewrite,
    pub(super) transport: Transport,
    pub(super) clock: SharedClock,
    obey_cache_control: bool,
    corrections: Corrections,
    manners: Manners,
    capabilities: ArcSwap<EhrCapabilities>,
    capabilities_at: Mutex<Option<Timestamp>>,
}

impl Ehr {
    /// A connection by these options. Nothing is sent yet: the product starts while the EHR is down. Fails when a setting
    /// cannot be used.
    pub fn connect(
        options: &EhrOptions,
        outbound: &Outbound,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, UpstreamError> {
        let http = outbound.client(Purpose::Ehr);
        let missing = options.missing_parameters.iter().filter_map(|(name, parameters)| {
            Some((ResourceType::parse(name)?, parameters.iter().cloned().collect()))
        });
        let corrections = Corrections {
            undeclared: options
                .undeclared_types
                .iter()
                .filter_map(|name| ResourceType::parse(name))
                .collect(),
            missing: missing.collect(),
            lists_panels: options.lists_panels,
        };
        Ok(Self {
            base: options.base.clone(),
            rewrite: options
                .other_bases
                .iter()
                .fold(Rewrite::new(options.base.as_str(), options.public_base.as_str()), |rewrite, base| {
                    rewrite.with_alias(base.as_str())
                }),
            transport: Transport::new(options, http, clock.clone(), random)?,
            clock,
            obey_cache_control: options.obey_cache_control,
            corrections,
            manners: Manners::new(options),
            capabilities: ArcSwap::from_pointee(EhrCapabilities::default()),
            capabilities_at: Mutex::default(),
        })
    }

    /// What the EHR answers to the permitted interaction, indexed and sealed. With a `validator` it may answer that what is
    /// held still stands. Whatever is worth trying again was tried again.
    pub async fn fetch(&self, permit: &Permit, validator: Validator) -> Result<Fetched, UpstreamError> {
        self.ask_for(permit.payer(), permit.interaction(), validator).await
    }

    /// The same on nobody's behalf, for what the cache holds.
    pub async fn renew(&self, renewal: &Renewal, validator: Validator) -> Result<Fetched, UpstreamError> {
        self.ask_for(Payer::Product, renewal.interaction(), validator).await
    }

    /// Says that the holder of this permit waits for its answer, whoever asks for it: their turn at the EHR counts too.
    pub fn interest(&self, permit: &Permit) -> Interest {
        self.transport.gate().interest(permit.interaction(), permit.payer())
    }

    /// How long a request may wait for its turn.
    pub fn patience(&self) -> Duration {
        self.transport.patience()
    }

    #[cfg(test)]
    pub(super) async fn ask(
        &self,
        interaction: &Interaction,
        validator: Validator,
    ) -> Result<Fetched, UpstreamError> {
        self.ask_for(Payer::Product, interaction, validator).await
    }

    pub(super) async fn ask_for(
        &self,
        payer: Payer,
        interaction: &Interaction,
        validator: Validator,
    ) -> Result<Fetched, UpstreamError> {
        let url = beneath(&self.base, &self.manners.path(interaction)?)?;
        // Of a type that the EHR does not declare it declares no parameter either, and would refuse them all if it were strict.
        let strict =
            interaction.is_search() && !self.corrections.undeclared.contains(&interaction.resource_type());
        let headers = request_headers(interaction, &validator, strict);
        let conditional = validator != Validator::default();
        let asked_at = self.clock.now();
        let asker = Asker { payer, lane: Lane::Bodies, matter: Some(interaction.clone()) };
        let answer = self.transport.get(&asker, url, headers, &interaction.label()).await?;
        match judge_status(answer.status(), interaction, conditional)? {
            Judged::Absent => Ok(Fetched::Absent),
            Judged::NotModified => {
                let mut found = freshness(answer.headers(), self.obey_cache_control);
                // A 304 need not repeat them (RFC 9110, 15.4.5).
                found.validator.etag = found.validator.etag.or(validator.etag);
                found.validator.last_modified = found.validator.last_modified.or(validator.last_modified);
                Ok(Fetched::NotModified(found))
            }
            Judged::Body if answer.body().len() > LARGE => {
                let (interaction, rewrite) = (interaction.clone(), self.rewrite.clone());
                let obey = self.obey_cache_control;
                tokio::task::spawn_blocking(move || seal(answer, &interaction, &rewrite, asked_at, obey))
                    .await
                    .map_err(|_| UpstreamError::Malformed)?
            }
            Judged::Body => seal(answer, interaction, &self.rewrite, asked_at, self.obey_cache_control),
        }
        .inspect_err(
            |error| tracing::warn!(what = interaction.label(), %error, "the EHR's answer cannot be used"),
        )
    }

    /// What the EHR declares that it can do; [`EhrCapabilities::known`] says whether it has been read yet.
    pub fn capabilities(&self) -> Arc<EhrCapabilities> {
        self.capabilities.load_full()
    }

    /// Reads the EHR's CapabilityStatement. On failure what was known stays.
    pub async fn read_capabilities(&self) -> Result<(), UpstreamError> {
        let body = self.get_json("metadata", "metadata").await?.ok_or(UpstreamError::Malformed)?;
        let read = EhrCapabilities::read(&body, &self.corrections).ok_or(UpstreamError::Malformed)?;
        self.capabilities.store(Arc::new(read));
        *self.capabilities_at.lock() = Some(self.clock.now());
        Ok(())
    }

    /// The number of matches a page to ask the EHR for where `wanted` are.
    pub(super) fn page_size(&self, wanted: u32) -> u32 {
        self.manners.page_size(wanted)
    }

    /// Whether the EHR is being left alone after failures: for the readiness page.
    pub fn is_out_of_reach(&self) -> bool {
        self.transport.is_open()
    }

    /// How the connection does, for the people who run the product.
    pub fn health(&self) -> EhrHealth {
        EhrHealth { capabilities_at: *self.capabilities_at.lock(), ..self.transport.health() }
    }

    /// The body of a plain GET for the product's own knowledge; `None` when it is not there. Never for a caller's eyes.
    pub(super) async fn get_json(&self, path: &str, what: &str) -> Result<Option<Bytes>, UpstreamError> {
        let asker = Asker { payer: Payer::Product, lane: Lane::Bodies, matter: None };
        self.get_json_for(&asker, path, what).await
    }

    /// The same on somebody's behalf.
    pub(super) async fn get_json_for(
        &self,
        asker: &Asker,
        path: &str,
        what: &str,
    ) -> Result<Option<Bytes>, UpstreamError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, FHIR_JSON);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let answer = self.transport.get(asker, beneath(&self.base, path)?, headers, what).await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(without_mark(answer.into_body()))),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(UpstreamError::Forbidden),
            status if status.is_client_error() => Err(UpstreamError::Unsupported),
            _ => Err(UpstreamError::Malformed),
        }
    }
}

fn request_headers(interaction: &Interaction, validator: &Validator, strict: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // A Binary is wanted as it is; asked for FHIR, an EHR would wrap it in base64.
    let binary = matches!(interaction, Interaction::Read { resource_type: ResourceType::Binary, .. });
    headers.insert(ACCEPT, if binary { ANY } else { FHIR_JSON });
    if strict {
        headers.insert(PREFER, STRICT);
    }
    for (name, text) in [(IF_NONE_MATCH, &validator.etag), (IF_MODIFIED_SINCE, &validator.last_modified)] {
        if let Some(value) = text.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}
