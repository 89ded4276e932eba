//! OAuth clients, and what a user authorized them to do.

use serde::{Deserialize, Serialize};

use super::clock::Timestamp;
use super::ids::{AccountId, AuthorizationId, ClientId, FhirId, InitialTokenId, PracticeId};
use super::registration::Proposal;
use super::secret::TokenHash;
use super::thumbprint::KeyThumbprint;

/// How a client proves who it is (SMART App Launch 2.2, "Client Authentication").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "auth", rename_all = "snake_case")]
pub enum ClientAuth {
    /// Public: PKCE alone.
    None,
    /// `client_secret_basic` or `client_secret_post`.
    Secret {
        /// SHA-256 of the secret, hexadecimal.
        hash: String,
    },
    /// `private_key_jwt` with keys given inline, a JWK Set as JSON.
    Keys {
        /// The JWK Set.
        jwks: String,
    },
    /// `private_key_jwt` with keys fetched from the client's `jwks_uri`.
    KeysUrl {
        /// Where the JWK Set is.
        jwks_uri: String,
    },
}

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// Runs where it cannot keep a secret.
    Public,
    /// Has a server that keeps a secret or key.
    Confidential,
    /// A practice's system, without a user (SMART Backend Services).
    Backend,
}

impl ClientKind {
    /// The word used in storage and in `chartgate demo --json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Confidential => "confidential",
            Self::Backend => "backend",
        }
    }
}

/// Whether a client may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientState {
    /// Registered by its vendor, waiting for staff: it may do nothing yet.
    Pending,
    /// Approved.
    Active,
    /// Refused from the next request on, with every token it holds.
    Suspended,
    /// Staff said no.
    Refused,
}

impl ClientState {
    /// The word used in storage and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Refused => "refused",
        }
    }
}

/// What a client must do beyond SMART App Launch (RFC 9700, FAPI 2.0 Security Profile).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSecurity {
    /// Authorization requests only by reference, pushed first (RFC 9126).
    pub pushed_requests: bool,
    /// Access and refresh tokens only bound to a key of the client (RFC 9449).
    pub bound_tokens: bool,
    /// Held to the FAPI 2.0 Security Profile: both of the above, a key instead of a secret, no v1 laxities.
    pub fapi: bool,
}

impl ClientSecurity {
    /// Whether authorization requests have to be pushed.
    pub const fn requires_pushed_requests(self) -> bool {
        self.pushed_requests || self.fapi
    }

    /// Whether tokens have to be bound to a key.
    pub const fn requires_bound_tokens(self) -> bool {
        self.bound_tokens || self.fapi
    }
}

/// What a vendor said of its client beyond what the protocol needs (RFC 7591 2), and how the registration stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientDetails {
    /// Whom the hospital writes to, e-mail addresses.
    pub contacts: Vec<String>,
    /// The vendor's name as the vendor writes it.
    pub organization: Option<String>,
    /// Home page of the app.
    pub client_uri: Option<String>,
    /// Logo of the app.
    pub logo_uri: Option<String>,
    /// Terms of service.
    pub tos_uri: Option<String>,
    /// Privacy policy.
    pub policy_uri: Option<String>,
    /// The software's own identifier, the same for every instance of it.
    pub software_id: Option<String>,
    /// Its version.
    pub software_version: Option<String>,
    /// What it is for, in the vendor's words, for staff and for the gallery of apps.
    pub purpose: Option<String>,
    /// What users may launch it for from the gallery of apps, as agreed with its vendor (SMART `intent`, row 194).
    pub intents: Vec<LaunchIntent>,
    /// Where a browser may be sent after RP-initiated logout, exact.
    pub post_logout_redirect_uris: Vec<String>,
    /// What it must do beyond SMART App Launch.
    pub security: ClientSecurity,
    /// SHA-256, hexadecimal, of the token with which the vendor manages its registration (RFC 7592 1.2).
    pub registration_token: Option<String>,
    /// What staff said when they refused or suspended it, or refused a change, for the vendor to read.
    pub reason: Option<String>,
    /// Whether the client asked for `client_secret_post`; both ways of sending a secret work in any case.
    pub secret_by_post: bool,
    /// The practice that the vendor of a backend client names, by NPI or name, until staff bind one.
    pub practice_named: Option<String>,
    /// The initial access token with which it was registered.
    pub initial_token: Option<InitialTokenId>,
    /// A change that waits for staff.
    pub proposal: Option<Box<Proposal>>,
}

/// Something that an app can be launched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchIntent {
    /// The word in the launch context, `intent`.
    pub value: String,
    /// What the user reads: "Plot growth".
    pub label: String,
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// Name shown on the consent page.
    pub name: String,
    /// What it is for.
    pub kind: ClientKind,
    /// How it authenticates.
    pub auth: ClientAuth,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch begins; `None` for standalone-only apps.
    pub launch_uri: Option<String>,
    /// Scopes it may ask for, space-separated.
    pub scope: String,
    /// The practice a backend client acts for.
    pub practice: Option<PracticeId>,
    /// Whether consent is taken as given, for the hospital's own apps.
    pub trusted: bool,
    /// Whether it may act.
    pub state: ClientState,
    /// What its vendor said of it.
    pub details: ClientDetails,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// The SMART launch context that an authorization carries into its token responses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchContext {
    /// Patient in context.
    pub patient: Option<FhirId>,
    /// Encounter in context.
    pub encounter: Option<FhirId>,
    /// Whether the app must show the patient banner itself.
    pub need_patient_banner: bool,
    /// What the user was about to do, in a word that the app and the hospital agreed on (row 194).
    pub intent: Option<String>,
    /// What else was open (`fhirContext`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fhir_context: Vec<ContextItem>,
}

/// An item of `fhirContext` (SMART App Launch 2.2, rows 177 to 192): a resource that was open besides patient and encounter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextItem {
    /// Relative reference.
    reference: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// What part it plays, an absolute URI; none: it is what the app was launched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
}

impl ContextItem {
    /// The resource of this type and id. `None` where the specification does not allow it: a Patient or Encounter without a
    /// role (row 177), or a role that is not an absolute URI (rows 188, 190).
    pub fn of(kind: &str, id: &FhirId, role: Option<&str>) -> Option<Self> {
        let has_own_parameter = matches!(kind, "Patient" | "Encounter");
        let is_absolute = |role: &str| {
            role.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        };
        if role.is_some_and(|role| !is_absolute(role)) || (has_own_parameter && role.is_none()) {
            return None;
        }
        Some(Self { reference: format!("{kind}/{id}"), kind: kind.to_owned(), role: role.map(str::to_owned) })
    }

    /// The relative reference.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

/// On whose behalf an authorization acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A signed-in person.
    Account(AccountId),
    /// A practice's own system.
    Practice(PracticeId),
}

/// What was authorized: the root of a code, its access tokens and its refresh tokens. Revoking it ends them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Identifier.
    pub id: AuthorizationId,
    /// The client that acts.
    pub client: ClientId,
    /// For whom.
    pub principal: Principal,
    /// Scopes granted, space-separated, as answered to the client.
    pub scope: String,
    /// Launch context.
    pub context: LaunchContext,
    /// The nonce of the OpenID request, repeated in the `id_token`.
    pub nonce: Option<String>,
    /// When the user signed in (`auth_time`).
    pub authenticated_at: Timestamp,
    /// The portal session that it ends with; `None`: it outlasts sessions (`offline_access`).
    pub session: Option<TokenHash>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A pending authorization code. Lives 60 s, works once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// Hash of the code.
    pub hash: TokenHash,
    /// What it stands for.
    pub authorization: AuthorizationId,
    /// The redirect URI of the request, to be repeated at the token endpoint.
    pub redirect_uri: String,
    /// PKCE `code_challenge`, S256.
    pub code_challenge: String,
    /// The key that must be shown when it is exchanged (`dpop_jkt`, RFC 9449 10).
    pub bound_to: Option<KeyThumbprint>,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// An EHR-launch handle: what the `launch` parameter refers to. Works once, for one client and one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Hash of the handle.
    pub hash: TokenHash,
    /// For which client.
    pub client: ClientId,
    /// By which user.
    pub account: AccountId,
    /// What is open.
    pub context: LaunchContext,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// An access token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// What it hangs on.
    pub authorization: AuthorizationId,
    /// Scopes of this token, space-separated: those of the authorization or, after a refresh that asked for less, fewer.
    pub scope: String,
    /// The key that must be shown with it (RFC 9449); `None`: a bearer token.
    pub bound_to: Option<KeyThumbprint>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A refresh token as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Hash of the token.
    pub hash: TokenHash,
    /// What it hangs on.
    pub authorization: AuthorizationId,
    /// The key that must be shown when it is exchanged: a public client's that used one (RFC 9449 5).
    pub bound_to: Option<KeyThumbprint>,
    /// When it ends unless it is exchanged first.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_177_to_190_what_may_stand_in_fhir_context() {
        let id = FhirId::parse("x1").unwrap();
        let item = ContextItem::of("DocumentReference", &id, None).unwrap();
        assert_eq!(
            serde_json::to_value(&item).unwrap(),
            serde_json::json!({"reference": "DocumentReference/x1", "type": "DocumentReference"})
        );
        assert!(ContextItem::of("Encounter", &id, None).is_none());
        assert!(ContextItem::of("Patient", &id, Some("launch")).is_none(), "no role but the launch itself");
        assert!(ContextItem::of("Encounter", &id, Some("https://gate.example/role/previous")).is_some());
        for role in ["", "summary", ":", "x:"] {
            assert!(ContextItem::of("DocumentReference", &id, Some(role)).is_none(), "{role:?}");
        }
    }

    #[test]
    fn a_context_from_before_there_was_fhir_context_is_read() {
        let old = r#"{"patient":"p","encounter":null,"need_patient_banner":true,"intent":null}"#;
        let context: LaunchContext = serde_json::from_str(old).unwrap();
        assert!(context.fhir_context.is_empty() && context.need_patient_banner);
    }
}
