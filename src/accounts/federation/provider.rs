//! One OpenID provider: its metadata and keys, the way there, and what it says of whoever comes back (OpenID Connect Core 1.0,
//! Discovery 1.0; RFC 7636, RFC 9207).

use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, ProviderMetadataWithLogout, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};
use parking_lot::Mutex;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::random::Random;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::outbound::HttpClient;

/// Metadata and keys are read again after this long.
const METADATA_LIFE: Duration = Duration::from_hours(1);
/// A signature by a key that is not known makes us read the keys again, but not more often than this.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// How far an `id_token`'s time of issue may be from ours, in seconds.
const ISSUED_WITHIN: i64 = 600;

/// What the configuration says of a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// What pages call it.
    pub label: String,
    /// `issuer`; the metadata are below it.
    pub issuer: Url,
    /// Our `client_id` there.
    pub client_id: String,
    /// Our secret there; `None`: PKCE alone.
    pub client_secret: Option<SecretString>,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// Where passwords are reset (S-23).
    pub reset_url: Option<Url>,
    /// Where it sends people back to.
    pub redirect_uri: Url,
    /// Where it sends people after they signed out there.
    pub after_sign_out: Url,
}

/// Why a sign-in at a provider came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FederationError {
    /// The provider cannot be reached or its metadata cannot be read.
    #[error("the identity provider cannot be reached")]
    Unreachable,
    /// The person or the provider said no.
    #[error("the identity provider refused")]
    Refused,
    /// What came back is not an answer to what this browser asked, or does not hold.
    #[error("the identity provider's answer does not hold: {0}")]
    Invalid(&'static str),
}

/// What the browser keeps until it comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// `state`.
    pub state: String,
    nonce: String,
    verifier: String,
    /// When, milliseconds.
    pub at: i64,
    /// Where to go afterwards.
    pub next: String,
}

/// Whom a provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proved {
    /// `sub`.
    pub subject: String,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`.
    pub email_verified: bool,
    /// `name`.
    pub name: Option<String>,
    /// `fhirUser`.
    pub fhir_user: Option<String>,
    /// `sid`.
    pub sid: Option<String>,
    /// The `id_token` itself.
    pub id_token: String,
}

impl Proved {
    /// The e-mail address, if the provider says that it is theirs.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified)
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Claims {
    #[serde(rename = "fhirUser")]
    fhir_user: Option<String>,
    sid: Option<String>,
}

impl AdditionalClaims for Claims {}

type TokenFields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<TokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[derive(Clone)]
struct Known {
    metadata: Arc<ProviderMetadataWithLogout>,
    at: Timestamp,
}

/// A provider.
pub struct Provider {
    settings: ProviderSettings,
    http: HttpClient,
    clock: SharedClock,
    known: Mutex<Option<Known>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}

impl Provider {
    /// A provider; nothing is asked of it yet.
    pub fn new(settings: ProviderSettings, http: HttpClient, clock: SharedClock) -> Self {
        Self { settings, http, clock, known: Mutex::new(None) }
    }

    /// What the configuration says of it.
    pub const fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// The way there: its address, and what the browser keeps until it comes back.
    pub async fn begin(&self, next: &str, random: &dyn Random) -> Result<(Url, Begun), FederationError> {
        let client = self.client(&*self.metadata(None).await?);
        // A verifier may have 43 to 128 characters of this alphabet (RFC 7636 4.1).
        let text = || PlainToken::generate(TokenKind::Csrf, random).expose().to_owned();
        let begun = Begun {
            state: text(),
            nonce: text(),
            verifier: text(),
            at: self.clock.now().as_millis(),
            next: next.to_owned(),
        };
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(begun.verifier.clone()));
        let (state, nonce) = (CsrfToken::new(begun.state.clone()), Nonce::new(begun.nonce.clone()));
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .add_scopes(self.settings.scopes.iter().filter(|one| *one != "openid").cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        let (url, _, _) = request.url();
        Ok((url, begun))
    }

    /// Redeems the code that came back and checks the `id_token`: signature by one of the provider's keys, issuer, audience, expiry, time
    /// of issue and nonce. `iss` is the parameter of that name (RFC 9207); it must be this provider where it is there.
    pub async fn finish(
        &self,
        begun: &Begun,
        code: &str,
        iss: Option<&str>,
    ) -> Result<Proved, FederationError> {
        let metadata = self.metadata(None).await?;
        if iss.is_some_and(|iss| iss != metadata.issuer().as_str()) {
            return Err(FederationError::Invalid("iss"));
        }
        let client = self.client(&metadata);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| FederationError::Unreachable)?
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier.clone()));
        let answer = request.request_async(&self.http).await.map_err(|error| {
            // Neither the code nor a token is part of it.
            tracing::warn!(issuer = %self.settings.issuer, kind = kind(&error), "a sign-in code was not redeemed");
            match error {
                openidconnect::RequestTokenError::ServerResponse(_) => FederationError::Refused,
                openidconnect::RequestTokenError::Request(_) => FederationError::Unreachable,
                _ => FederationError::Invalid("token response"),
            }
        })?;
        let token = answer.id_token().ok_or(FederationError::Invalid("no id_token"))?;
        match self.check(&client, token, begun) {
            Err(Wrong::Signature) => {
                // The provider may have changed its keys since (OpenID Connect Core 10.1.1).
                let metadata = self.metadata(Some(KEYS_AT_MOST_EVERY)).await?;
                self.check(&self.client(&metadata), token, begun)
            }
            other => other,
        }
        .map_err(|wrong| {
            let what = wrong.word();
            tracing::warn!(issuer = %self.settings.issuer, what, "an id_token does not hold");
            FederationError::Invalid(what)
        })
    }

    /// Where to sign out there as well (OpenID Connect RP-Initiated Logout 1.0), if it can be done.
    pub async fn sign_out_url(&self, id_token: Option<&str>) -> Option<Url> {
        let metadata = self.metadata(None).await.ok()?;
        let mut url = metadata.additional_metadata().end_session_endpoint.as_ref()?.url().clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("client_id", &self.settings.client_id);
            query.append_pair("post_logout_redirect_uri", self.settings.after_sign_out.as_str());
            if let Some(token) = id_token {
                query.append_pair("id_token_hint", token);
            }
        }
        Some(url)
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().trim().to_owned()));
        let id = ClientId::new(self.settings.client_id.clone());
        Client::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(RedirectUrl::from_url(self.settings.redirect_uri.clone()))
    }

    fn check(
        &self,
        client: &Client,
        token: &openidconnect::IdToken<
            Claims,
            CoreGenderClaim,
            CoreJweContentEncryptionAlgorithm,
            CoreJwsSigningAlgorithm,
        >,
        begun: &Begun,
    ) -> Result<Proved, Wrong> {
        let now = self.clock.now().as_seconds();
        // Signatures by a key pair alone: `none`, and MACs with our secret, are not among them.
        let algorithms = [
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EcdsaP384Sha384,
            CoreJwsSigningAlgorithm::EdDsa,
        ];
        let verifier =
            client.id_token_verifier().set_allowed_algs(algorithms).set_issue_time_verifier_fn(move |at| {
                let near = (now - at.timestamp()).abs() <= ISSUED_WITHIN;
                if near { Ok(()) } else { Err("not issued just now".to_owned()) }
            });
        let claims =
            token.claims(&verifier, &Nonce::new(begun.nonce.clone())).map_err(|error| Wrong::of(&error))?;
        let extra = claims.additional_claims();
        Ok(Proved {
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.trim().to_lowercase()),
            email_verified: claims.email_verified() == Some(true),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            fhir_user: extra.fhir_user.clone(),
            sid: extra.sid.clone(),
            id_token: token.to_string(),
        })
    }

    /// The metadata, read again when older than an hour, or than `at_least`.
    async fn metadata(
        &self,
        at_least: Option<Duration>,
    ) -> Result<Arc<ProviderMetadataWithLogout>, FederationError> {
        let life = at_least.unwrap_or(METADATA_LIFE);
        let known = self.known.lock().clone();
        if let Some(known) = known.as_ref().filter(|known| self.clock.now().since(known.at) < life) {
            return Ok(Arc::clone(&known.metadata));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().trim_end_matches('/').to_owned())
            .map_err(|_| FederationError::Unreachable)?;
        let at = self.clock.now();
        match ProviderMetadataWithLogout::discover_async(issuer, &self.http).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *self.known.lock() = Some(Known { metadata: Arc::clone(&metadata), at });
                Ok(metadata)
            }
            Err(error) => {
                tracing::warn!(issuer = %self.settings.issuer, %error, "an identity provider's metadata cannot be read");
                // What was known an hour ago still tells the way; a new key will be asked for.
                known.map(|known| known.metadata).ok_or(FederationError::Unreachable)
            }
        }
    }
}

fn kind<A: std::error::Error, B: openidconnect::ErrorResponse>(
    error: &openidconnect::RequestTokenError<A, B>,
) -> &'static str {
    match error {
        openidconnect::RequestTokenError::ServerResponse(_) => "refused",
        openidconnect::RequestTokenError::Request(_) => "unreachable",
        openidconnect::RequestTokenError::Parse(..) => "unreadable",
        openidconnect::RequestTokenError::Other(_) => "other",
    }
}

/// What is wrong with an `id_token`.
enum Wrong {
    Signature,
    Other(&'static str),
}

impl Wrong {
    fn of(error: &ClaimsVerificationError) -> Self {
        match error {
            ClaimsVerificationError::SignatureVerification(_) => Self::Signature,
            ClaimsVerificationError::Expired(_) => Self::Other("expired"),
            ClaimsVerificationError::InvalidAudience(_) => Self::Other("audience"),
            ClaimsVerificationError::InvalidIssuer(_) => Self::Other("issuer"),
            ClaimsVerificationError::InvalidNonce(_) => Self::Other("nonce"),
            _ => Self::Other("claims"),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Other(word) => word,
        }
    }
}
