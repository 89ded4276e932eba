//! One client: a request out, a bounded answer back.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Response, header};
use reqwest::redirect;
use url::Url;

use super::address::{CheckedResolver, check_url};
use super::error::OutboundError;
use super::options::{OutboundOptions, PurposeOptions};

/// What other servers see us as.
const USER_AGENT: &str = concat!("chartgate/", env!("CARGO_PKG_VERSION"));

/// How long an idle connection is kept: shorter than common servers' own limit, so that few requests meet a closed one.
const IDLE: Duration = Duration::from_secs(45);

/// An HTTP client bound to one purpose's limits.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    max_body: usize,
    private_networks: bool,
}

/// A request to another server.
#[derive(Clone, Debug)]
pub struct OutboundRequest {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers beside `User-Agent`, `Host` and `Accept-Encoding`.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
}

impl OutboundRequest {
    /// A GET without further headers.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The same request with a header set.
    #[must_use]
    pub fn with(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl HttpClient {
    pub(super) fn new(common: &OutboundOptions, options: &PurposeOptions) -> Result<Self, OutboundError> {
        let mut authorities = Vec::new();
        for pem in &common.extra_authorities {
            authorities.extend(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        let usual = builder(common, options)?.tls_certs_merge(authorities.clone()).build();
        let inner = match usual {
            Ok(client) => client,
            // A machine without certificates of authorities: what needs none must still work, and what needs one will say so.
            Err(error) => {
                let error = OutboundError::from(error);
                tracing::warn!(%error, "the system's certificate authorities cannot be used");
                builder(common, options)?.tls_certs_only(authorities).build()?
            }
        };
        Ok(Self { inner, max_body: options.max_body, private_networks: options.private_networks })
    }

    /// Sends `request` and collects the answer, whatever its status; a redirect is an answer like any other.
    pub async fn send(&self, request: OutboundRequest) -> Result<Response<Bytes>, OutboundError> {
        check_url(&request.url, self.private_networks)
            .map_err(|refused| OutboundError::Refused(refused.0))?;
        let mut outgoing = reqwest::Request::new(request.method, request.url);
        *outgoing.headers_mut() = request.headers;
        if !request.body.is_empty() {
            *outgoing.body_mut() = Some(request.body.into());
        }
        let mut incoming = self.inner.execute(outgoing).await?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = incoming.status();
        std::mem::swap(response.headers_mut(), incoming.headers_mut());
        *response.body_mut() = self.collect(incoming).await?;
        Ok(response)
    }

    /// Reads the body to its end or to the limit, whichever comes first. A single chunk is not copied.
    async fn collect(&self, mut incoming: reqwest::Response) -> Result<Bytes, OutboundError> {
        let announced =
            incoming.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > self.max_body {
            return Err(OutboundError::TooLarge);
        }
        let Some(first) = incoming.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = incoming.chunk().await? else { return self.within_limit(first) };
        let mut body = BytesMut::with_capacity(announced.max(first.len() + second.len()));
        body.extend_from_slice(&first);
        let mut chunk = Some(second);
        while let Some(bytes) = chunk {
            if body.len() + bytes.len() > self.max_body {
                return Err(OutboundError::TooLarge);
            }
            body.extend_from_slice(&bytes);
            chunk = incoming.chunk().await?;
        }
        Ok(body.freeze())
    }

    fn within_limit(&self, body: Bytes) -> Result<Bytes, OutboundError> {
        if body.len() > self.max_body { Err(OutboundError::TooLarge) } else { Ok(body) }
    }
}

/// A client's settings, but for the authorities that it trusts.
fn builder(
    common: &OutboundOptions,
    options: &PurposeOptions,
) -> Result<reqwest::ClientBuilder, OutboundError> {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes HTTP clients")]
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(options.connect_timeout)
        .timeout(options.total_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy();
    let private_networks = options.private_networks;
    if let Some(proxy) = &common.proxy {
        // The proxy itself commonly stands on a private network.
        builder = builder
            .proxy(reqwest::Proxy::all(proxy.clone())?)
            .dns_resolver(CheckedResolver { private_networks: true });
    } else {
        builder = builder.dns_resolver(CheckedResolver { private_networks });
    }
    if let Some(pem) = &options.identity {
        builder = builder.identity(reqwest::Identity::from_pem(pem)?);
    }
    Ok(builder)
}
