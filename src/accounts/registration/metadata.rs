//! What a vendor says of its client (RFC 7591 2), checked in one place for the form and for the protocol.

use std::collections::HashSet;

use serde_json::Value;

use crate::accounts::clients::{NewClientAuth, is_redirect, is_web_address};
use crate::accounts::people::is_address;
use crate::credentials::jwk::{JwsAlgorithm, PublicJwk};
use crate::domain::client::ClientKind;
use crate::fhir::scope::{ScopeContext, ScopeSet};

/// Longest URI taken.
const LONGEST_URI: usize = 500;
/// Most URIs of one kind.
const MOST_URIS: usize = 20;
/// Most people to write to.
const MOST_CONTACTS: usize = 5;
/// Longest list of scopes, in bytes.
const LONGEST_SCOPE: usize = 8 * 1024;
/// Largest inline key set, in bytes.
const LARGEST_KEYS: usize = 20 * 1024;

/// What a vendor says. Texts as typed; [`Metadata::checked`] tidies them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `client_name`.
    pub name: String,
    /// What it is for.
    pub kind: ClientKind,
    /// How it is to authenticate.
    pub auth: NewClientAuth,
    /// Whether it asked for `client_secret_post`.
    pub secret_by_post: bool,
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch begins.
    pub launch_uri: Option<String>,
    /// `scope`.
    pub scope: String,
    /// `contacts`.
    pub contacts: Vec<String>,
    /// The vendor's name.
    pub organization: Option<String>,
    /// `client_uri`.
    pub client_uri: Option<String>,
    /// `logo_uri`.
    pub logo_uri: Option<String>,
    /// `tos_uri`.
    pub tos_uri: Option<String>,
    /// `policy_uri`.
    pub policy_uri: Option<String>,
    /// `software_id`.
    pub software_id: Option<String>,
    /// `software_version`.
    pub software_version: Option<String>,
    /// What it is for, in the vendor's words.
    pub purpose: Option<String>,
    /// `post_logout_redirect_uris`.
    pub post_logout_redirect_uris: Vec<String>,
    /// The practice of a backend client, by NPI of one of its providers or by name.
    pub practice: Option<String>,
    /// `require_pushed_authorization_requests`.
    pub pushed_requests: bool,
    /// `dpop_bound_access_tokens`.
    pub bound_tokens: bool,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: ClientKind::Public,
            auth: NewClientAuth::None,
            secret_by_post: false,
            redirect_uris: Vec::new(),
            launch_uri: None,
            scope: String::new(),
            contacts: Vec::new(),
            organization: None,
            client_uri: None,
            logo_uri: None,
            tos_uri: None,
            policy_uri: None,
            software_id: None,
            software_version: None,
            purpose: None,
            post_logout_redirect_uris: Vec::new(),
            practice: None,
            pushed_requests: false,
            bound_tokens: false,
        }
    }
}

/// Which error of RFC 7591 3.2.2 a wrong value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongKind {
    /// `invalid_redirect_uri`
    RedirectUri,
    /// `invalid_client_metadata`
    Metadata,
}

/// One wrong value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Which error it is.
    pub kind: WrongKind,
    /// The member of the metadata, and the control of the form.
    pub field: &'static str,
    /// What is wrong and what to do, in ASCII and without anything the caller sent.
    pub message: &'static str,
}

/// Collects what is wrong.
#[derive(Default)]
struct Findings(Vec<Wrong>);

impl Findings {
    fn check(&mut self, good: bool, field: &'static str, message: &'static str) {
        let kind = if field == "redirect_uris" { WrongKind::RedirectUri } else { WrongKind::Metadata };
        if !good {
            self.0.push(Wrong { kind, field, message });
        }
    }
}

impl Metadata {
    /// The same, tidied, with the scopes that this server knows; or everything that is wrong with it.
    pub fn checked(mut self) -> Result<Self, Vec<Wrong>> {
        self.tidy();
        let mut findings = Findings::default();
        self.check_texts(&mut findings);
        self.check_addresses(&mut findings);
        self.check_auth(&mut findings);
        self.check_scope(&mut findings);
        if findings.0.is_empty() { Ok(self) } else { Err(findings.0) }
    }

    fn tidy(&mut self) {
        let trimmed = |text: &mut String| *text = text.trim().to_owned();
        trimmed(&mut self.name);
        for list in [&mut self.redirect_uris, &mut self.contacts, &mut self.post_logout_redirect_uris] {
            list.iter_mut().for_each(trimmed);
            let mut seen = HashSet::new();
            list.retain(|text| !text.is_empty() && seen.insert(text.clone()));
        }
        for text in [
            &mut self.launch_uri,
            &mut self.organization,
            &mut self.client_uri,
            &mut self.logo_uri,
            &mut self.tos_uri,
            &mut self.policy_uri,
            &mut self.software_id,
            &mut self.software_version,
            &mut self.purpose,
            &mut self.practice,
        ] {
            *text = text.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        }
    }

    fn check_texts(&self, findings: &mut Findings) {
        findings.check(
            !self.name.is_empty(),
            "client_name",
            "client_name is missing: the name that users are shown.",
        );
        findings.check(
            is_line(&self.name, 100),
            "client_name",
            "client_name must be one line of at most 100 characters.",
        );
        let short = |text: &Option<String>| text.as_ref().is_none_or(|text| is_line(text, 200));
        findings.check(
            short(&self.organization),
            "organization",
            "organization must be one line of at most 200 characters.",
        );
        findings.check(
            short(&self.software_id),
            "software_id",
            "software_id must be one line of at most 200 characters.",
        );
        findings.check(
            short(&self.software_version),
            "software_version",
            "software_version must be one line of at most 200 characters.",
        );
        findings.check(
            short(&self.practice),
            "practice",
            "practice must be one line of at most 200 characters.",
        );
        findings.check(
            self.kind != ClientKind::Backend || self.practice.is_some(),
            "practice",
            "practice is missing: a backend client acts for a practice; name it, or the NPI of one of its providers.",
        );
        let purpose = self.purpose.as_deref().unwrap_or_default();
        findings.check(
            purpose.chars().count() <= 1000
                && purpose.chars().all(|c| c == '\n' || c == '\r' || is_printable(c)),
            "purpose",
            "purpose must be plain text of at most 1000 characters.",
        );
        findings.check(
            self.contacts.iter().all(|contact| is_address(contact)),
            "contacts",
            "contacts must be e-mail addresses.",
        );
        findings.check(
            self.contacts.len() <= MOST_CONTACTS,
            "contacts",
            "contacts may hold at most 5 addresses.",
        );
    }

    fn check_addresses(&self, findings: &mut Findings) {
        let backend = self.kind == ClientKind::Backend;
        let uris = &self.redirect_uris;
        findings.check(
            backend || !uris.is_empty(),
            "redirect_uris",
            "redirect_uris is missing: where users return to after they decided.",
        );
        findings.check(
            !backend || uris.is_empty(),
            "redirect_uris",
            "A backend client has no redirect_uris.",
        );
        findings.check(
            uris.len() <= MOST_URIS,
            "redirect_uris",
            "redirect_uris may hold at most 20 addresses.",
        );
        findings.check(
            uris.iter().all(|uri| is_redirect(uri) && is_plain_uri(uri)),
            "redirect_uris",
            "Each of redirect_uris must be https (http on the user's own machine, or a private scheme with a dot), complete, \
             without fragment, user name or wildcard.",
        );
        let logout = &self.post_logout_redirect_uris;
        findings.check(
            logout.len() <= MOST_URIS && logout.iter().all(|uri| is_redirect(uri) && is_plain_uri(uri)),
            "post_logout_redirect_uris",
            "post_logout_redirect_uris must be addresses like redirect_uris, at most 20.",
        );
        let web =
            |uri: &Option<String>| uri.as_ref().is_none_or(|uri| is_web_address(uri) && is_plain_uri(uri));
        findings.check(
            web(&self.launch_uri),
            "launch_uri",
            "launch_uri must be https (or http on the user's own machine), without fragment.",
        );
        findings.check(
            !backend || self.launch_uri.is_none(),
            "launch_uri",
            "A backend client is not launched and has no launch_uri.",
        );
        findings.check(web(&self.client_uri), "client_uri", "client_uri must be an https address.");
        findings.check(web(&self.logo_uri), "logo_uri", "logo_uri must be an https address.");
        findings.check(web(&self.tos_uri), "tos_uri", "tos_uri must be an https address.");
        findings.check(web(&self.policy_uri), "policy_uri", "policy_uri must be an https address.");
    }

    fn check_auth(&self, findings: &mut Findings) {
        const METHOD: &str = "token_endpoint_auth_method";
        match (self.kind, &self.auth) {
            (ClientKind::Backend, NewClientAuth::None | NewClientAuth::Secret) => {
                findings.check(false, METHOD, "A backend client proves itself with private_key_jwt.");
            }
            (ClientKind::Confidential, NewClientAuth::None) => {
                findings.check(false, METHOD, "A confidential client proves itself by a secret or by keys.");
            }
            (
                ClientKind::Public,
                NewClientAuth::Secret | NewClientAuth::Keys(_) | NewClientAuth::KeysUrl(_),
            ) => {
                findings.check(false, METHOD, "A public client has neither secret nor keys.");
            }
            _ => {}
        }
        match &self.auth {
            NewClientAuth::Keys(jwks) => {
                findings.check(jwks.len() <= LARGEST_KEYS, "jwks", "jwks may hold at most 20 kB.");
                if let Err(message) = check_keys(jwks) {
                    findings.check(false, "jwks", message);
                }
            }
            NewClientAuth::KeysUrl(uri) => findings.check(
                is_web_address(uri) && is_plain_uri(uri),
                "jwks_uri",
                "jwks_uri must be an https address.",
            ),
            NewClientAuth::None | NewClientAuth::Secret => {}
        }
    }

    fn check_scope(&mut self, findings: &mut Findings) {
        if self.scope.len() > LONGEST_SCOPE {
            return findings.check(false, "scope", "scope may hold at most 8 kB.");
        }
        let mut set = ScopeSet::parse(&self.scope);
        if self.kind == ClientKind::Backend {
            set.resources.retain(|scope| scope.context == ScopeContext::System);
            set.words.clear();
        } else {
            set.resources.retain(|scope| scope.context != ScopeContext::System);
        }
        findings.check(
            !self.scope.trim().is_empty(),
            "scope",
            "scope is missing: list every scope that the client may ask for, separated by spaces.",
        );
        let useful = !set.resources.is_empty() || set.has_word("openid");
        findings.check(
            self.scope.trim().is_empty() || useful,
            "scope",
            "scope holds nothing that this server grants to such a client; scopes_supported in the discovery document lists them.",
        );
        self.scope = set.to_string();
    }
}

fn is_line(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && text.chars().all(is_printable)
}

/// Neither a control character nor one that turns the direction of writing: names stand on the consent page.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn is_plain_uri(text: &str) -> bool {
    text.len() <= LONGEST_URI
        && text.bytes().all(|b| b.is_ascii_graphic())
        && url::Url::parse(text).is_ok_and(|url| {
            let host = url.host_str().unwrap_or_default();
            url.username().is_empty() && url.password().is_none() && !host.contains('*')
        })
}

/// By which clients may sign: as `oauth::client_keys` has it.
const ALGORITHMS: [JwsAlgorithm; 6] = [
    JwsAlgorithm::Rs384,
    JwsAlgorithm::Es384,
    JwsAlgorithm::Es256,
    JwsAlgorithm::Ps256,
    JwsAlgorithm::EdDsa,
    JwsAlgorithm::Ed25519,
];

/// Members of a JWK that only its owner may know (RFC 7518 6.2.2, 6.3.2, 6.4.1).
const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Whether the text is a JWK Set with a key that can sign for SMART, and no private one.
fn check_keys(jwks: &str) -> Result<(), &'static str> {
    let set: Value = serde_json::from_str(jwks).map_err(|_| "jwks is not JSON.")?;
    let keys = set.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
    let keys = keys.ok_or("jwks must be a JWK Set: an object whose member keys lists at least one key.")?;
    if keys.iter().any(|key| PRIVATE.iter().any(|member| key.get(member).is_some())) {
        return Err(
            "jwks holds a private key. Make a new pair, keep the private half and send the public one.",
        );
    }
    let signs = |key: &Value| {
        let usable = |key: &PublicJwk| key.kid().is_some() && ALGORITHMS.iter().any(|alg| key.is_for(*alg));
        // 342 characters of base64url are 2048 bits.
        let long = key.get("n").is_none_or(|n| n.as_str().is_some_and(|n| n.len() >= 342));
        long && PublicJwk::read(key).as_ref().is_some_and(usable)
    };
    if keys.iter().any(signs) {
        Ok(())
    } else {
        Err(
            "jwks holds no key with a kid for RS384 or PS256 (RSA, 2048 bits or more), ES384 (EC, P-384), ES256 (EC, P-256) or \
             EdDSA (Ed25519).",
        )
    }
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
