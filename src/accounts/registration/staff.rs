//! What staff decide about a registration.

use url::Url;

use crate::accounts::{Accounts, By};
use crate::domain::client::{Client, ClientAuth, ClientKind, ClientSecurity};
use crate::domain::ids::{ClientId, PracticeId};
use crate::domain::registration::Step;
use crate::domain::secret::{PlainToken, TokenKind};
use crate::fhir::scope::{ScopeContext, ScopeSet};
use crate::mail::Message;
use crate::mail::letters::Letters;
use crate::store::clients::Registration;

use super::{RegistrationError, WrongKind};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// What staff decide when they approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The revision that they looked at.
    pub revision: i64,
    /// The scopes that the client may have of those that it registered, space-separated.
    pub scope: String,
    /// The practice that a backend client acts for.
    pub practice: Option<PracticeId>,
    /// What it must do beyond SMART App Launch.
    pub security: ClientSecurity,
}

impl Accounts {
    /// Lets a pending client act.
    pub async fn approve_client(
        &self,
        id: &ClientId,
        approval: Approval,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        step(&mut client, Step::Approve)?;
        let scope = ScopeSet::parse(&approval.scope).restrict_to(&ScopeSet::parse(&client.scope));
        if scope.resources.is_empty() && !scope.has_word("openid") {
            return Err(invalid("scope", "Leave at least one scope, or refuse the registration."));
        }
        client.scope = scope.to_string();
        if client.kind == ClientKind::Backend {
            let practice = approval.practice.or_else(|| client.practice.take());
            client.practice = Some(
                practice
                    .ok_or_else(|| invalid("practice", "Choose the practice that this system acts for."))?,
            );
        }
        check_security(&client, approval.security)?;
        client.details.security = approval.security;
        client.details.reason = None;
        same(revision, approval.revision)?;
        let name = client.name.clone();
        let id = client.id.clone();
        let letter = move |letters: &Letters, to: &str| letters.client_approved(to, &name, id.as_str());
        self.replace(&client, revision, "client_approve", Some(&letter), by).await
    }

    /// Says no to a pending client; the vendor reads `reason`.
    pub async fn refuse_client(
        &self,
        id: &ClientId,
        seen: i64,
        reason: &str,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        step(&mut client, Step::Refuse)?;
        client.details.reason = Some(checked_reason(reason)?);
        same(revision, seen)?;
        let letter = told(&client, Letters::client_refused);
        self.replace(&client, revision, "client_refuse", Some(&letter), by).await
    }

    /// Stops an active client with every token it holds, from the next request on; the vendor reads `reason`.
    pub async fn suspend_client(
        &self,
        id: &ClientId,
        reason: &str,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        step(&mut client, Step::Suspend)?;
        client.details.reason = Some(checked_reason(reason)?);
        let letter = told(&client, Letters::client_suspended);
        self.replace(&client, revision, "client_suspend", Some(&letter), by).await
    }

    /// Lets a suspended client act again, with the tokens that have not expired meanwhile.
    pub async fn reactivate_client(&self, id: &ClientId, by: &By) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        step(&mut client, Step::Reactivate)?;
        client.details.reason = None;
        let name = client.name.clone();
        let id = client.id.clone();
        let letter = move |letters: &Letters, to: &str| letters.client_approved(to, &name, id.as_str());
        self.replace(&client, revision, "client_activate", Some(&letter), by).await
    }

    /// Puts the change that an active client's vendor asked for into force.
    pub async fn approve_change(&self, id: &ClientId, seen: i64, by: &By) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        let proposal = *client.details.proposal.take().ok_or(NO_CHANGE)?;
        client.name = proposal.name;
        client.auth = proposal.auth;
        client.redirect_uris = proposal.redirect_uris;
        client.launch_uri = proposal.launch_uri;
        client.scope = proposal.scope;
        let d = &mut client.details;
        d.organization = proposal.organization;
        d.client_uri = proposal.client_uri;
        d.logo_uri = proposal.logo_uri;
        d.tos_uri = proposal.tos_uri;
        d.policy_uri = proposal.policy_uri;
        d.purpose = proposal.purpose;
        d.post_logout_redirect_uris = proposal.post_logout_redirect_uris;
        d.reason = None;
        same(revision, seen)?;
        let (name, id) = (client.name.clone(), client.id.clone());
        let letter =
            move |letters: &Letters, to: &str| letters.client_change_approved(to, &name, id.as_str());
        self.replace(&client, revision, "client_change_approve", Some(&letter), by).await
    }

    /// Says no to a change; what is registered stays as it is.
    pub async fn refuse_change(
        &self,
        id: &ClientId,
        seen: i64,
        reason: &str,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        client.details.proposal.take().ok_or(NO_CHANGE)?;
        client.details.reason = Some(checked_reason(reason)?);
        same(revision, seen)?;
        let letter = told(&client, Letters::client_change_refused);
        self.replace(&client, revision, "client_change_refuse", Some(&letter), by).await
    }

    /// Sets what an approved client must do beyond SMART App Launch.
    pub async fn set_client_security(
        &self,
        id: &ClientId,
        security: ClientSecurity,
        by: &By,
    ) -> Result<(), RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        check_security(&client, security)?;
        client.details.security = security;
        self.replace(&client, revision, "client_security", None, by).await
    }

    /// Makes a new registration access token for a vendor that lost its own, or never had one; the old one ends.
    pub async fn renew_management(&self, id: &ClientId, by: &By) -> Result<PlainToken, RegistrationError> {
        let Registration { mut client, revision } = self.registration(id).await?;
        let token = PlainToken::generate(TokenKind::RegistrationAccess, &*self.random);
        client.details.registration_token = Some(token.hash().to_hex());
        self.replace(&client, revision, "client_management_token", None, by).await?;
        Ok(token)
    }
}

const NO_CHANGE: RegistrationError = RegistrationError::State("No change waits for a decision.");

fn step(client: &mut Client, step: Step) -> Result<(), RegistrationError> {
    client.state = client.state.after(step).ok_or(RegistrationError::State(match step {
        Step::Approve | Step::Refuse => "This registration does not wait for a decision any more.",
        Step::Suspend => "Only an active client can be suspended.",
        Step::Reactivate => "Only a suspended client can be reactivated.",
        Step::AskAgain => "Only a refused client can ask again.",
    }))?;
    Ok(())
}

const fn same(revision: i64, seen: i64) -> Result<(), RegistrationError> {
    if revision == seen { Ok(()) } else { Err(RegistrationError::Changed) }
}

fn invalid(field: &'static str, message: &'static str) -> RegistrationError {
    RegistrationError::wrong(WrongKind::Metadata, field, message)
}

fn checked_reason(reason: &str) -> Result<String, RegistrationError> {
    let reason = reason.trim();
    let long = reason.chars().count() > LONGEST_REASON;
    if reason.is_empty() || long || reason.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
        return Err(invalid("reason", "Say why, in at most 500 characters: the vendor reads it."));
    }
    Ok(reason.to_owned())
}

/// FAPI 2.0 5.3.2.1: no shared secrets, no public clients; and nothing about users applies to a backend client.
fn check_security(client: &Client, security: ClientSecurity) -> Result<(), RegistrationError> {
    if security.fapi && matches!(client.auth, ClientAuth::None | ClientAuth::Secret { .. }) {
        return Err(invalid(
            "fapi",
            "FAPI 2.0 is for clients that prove themselves by a key; this one does not.",
        ));
    }
    if client.kind == ClientKind::Backend && security.pushed_requests {
        return Err(invalid("pushed_requests", "A backend client sends no authorization requests to push."));
    }
    Ok(())
}

fn told(
    client: &Client,
    letter: fn(&Letters, &str, &str, &str) -> Message,
) -> impl Fn(&Letters, &str) -> Message + Sync {
    let (id, reason) = (client.id.clone(), client.details.reason.clone().unwrap_or_default());
    move |letters, to| letter(letters, to, id.as_str(), &reason)
}

/// What staff should know before they decide, each in a sentence.
pub fn concerns(client: &Client) -> Vec<&'static str> {
    let scopes = ScopeSet::parse(&client.scope);
    let wild = |context| scopes.resources.iter().any(|s| s.context == context && s.resource_type.is_none());
    let uris: Vec<Url> = client.redirect_uris.iter().filter_map(|uri| Url::parse(uri).ok()).collect();
    let home = client.details.client_uri.as_deref().and_then(|uri| Url::parse(uri).ok());
    let elsewhere = home.is_some_and(|home| {
        let site = |url: &Url| url.host_str().map(site_of);
        uris.iter().any(|uri| uri.scheme() == "https" && site(uri) != site(&home))
    });
    let native = uris.iter().any(|uri| !matches!(uri.scheme(), "http" | "https"));
    let found = [
        (wild(ScopeContext::Patient), "It asks for every kind of record of the patient who is open."),
        (
            scopes.resources.iter().any(|scope| scope.context == ScopeContext::User),
            "It asks for the records of every patient whom the user may see, not only the one who is open.",
        ),
        (wild(ScopeContext::System), "It asks for every kind of record of the practice's patients."),
        (
            scopes.has_word("offline_access"),
            "It keeps its access for months while the user is away (offline_access).",
        ),
        (
            native,
            "It returns to an address of its own on the device (private scheme), which another app on that device can claim.",
        ),
        (
            uris.iter().any(|uri| uri.scheme() == "http"),
            "It returns to the user's own machine by http: usual for development and desktop apps, not for a web app.",
        ),
        (elsewhere, "It returns to another web site than its home page."),
        (client.details.client_uri.is_none(), "It names no home page."),
        (client.details.policy_uri.is_none(), "It names no privacy policy."),
        (client.details.contacts.is_empty(), "It names nobody to write to."),
        (
            client.kind == ClientKind::Backend && client.practice.is_none(),
            "It acts for a practice without a user. Make sure with the practice that the system is theirs.",
        ),
    ];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
}

/// The last two labels of a host: near enough to tell `app.vendor.example` from another vendor.
fn site_of(host: &str) -> String {
    let mut labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.reverse();
    labels.join(".").to_lowercase()
}
