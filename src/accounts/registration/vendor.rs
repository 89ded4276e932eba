//! What a vendor does: registers a client, reads, changes and deletes its registration.

use std::time::Duration;

use crate::accounts::clients::NewClientAuth;
use crate::accounts::{About, Accounts, AccountsError, By};
use crate::domain::audit::AuditKind;
use crate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientSecurity, ClientState};
use crate::domain::ids::ClientId;
use crate::domain::registration::{InitialToken, Proposal, Step};
use crate::domain::secret::{PlainToken, TokenHash, TokenKind};
use crate::fhir::scope::ScopeSet;
use crate::store::clients::Registration;
use crate::store::throttle::ThrottleKind;

use super::{Metadata, RegistrationError, WrongKind};

/// Most registrations that wait for staff at a time: they are held in the memory of each node.
const MOST_PENDING: u32 = 1000;

/// A client just registered.
#[derive(Debug)]
pub struct Registered {
    /// As stored.
    pub client: Client,
    /// Its secret, if it has one: shown now and never again.
    pub secret: Option<PlainToken>,
    /// The registration access token: shown now and never again.
    pub management: PlainToken,
}

/// A registration just changed.
#[derive(Debug)]
pub struct Updated {
    /// As stored. Of an active client, what waits for staff is in `details.proposal` and not in force.
    pub client: Client,
    /// A secret that the change brought about: shown now and never again.
    pub secret: Option<PlainToken>,
}

impl Accounts {
    /// Registers a client as its vendor describes it: to wait for staff, or as the initial access token allows.
    /// `by.address` is what registrations without a token are counted by.
    pub async fn register_client(
        &self,
        metadata: Metadata,
        initial: Option<&PlainToken>,
        by: &By,
    ) -> Result<Registered, RegistrationError> {
        let metadata = metadata.checked().map_err(RegistrationError::Wrong)?;
        if initial.is_none() {
            if !self.takes_registrations() {
                return Err(RegistrationError::Closed);
            }
            self.count_registration(by).await?;
        }
        let mut transaction = self.store.begin().await?;
        let token = match initial {
            Some(token) => {
                let used = transaction.use_initial_token(&token.hash()).await?;
                Some(used.ok_or(RegistrationError::InitialToken)?)
            }
            None if transaction.pending_clients().await? >= MOST_PENDING => {
                return Err(RegistrationError::Full);
            }
            None => None,
        };
        let management = PlainToken::generate(TokenKind::RegistrationAccess, &*self.random);
        let (mut client, secret) = self.client_of(metadata, &management);
        if let Some(token) = &token {
            admit(&mut client, token)?;
        }
        transaction.insert_client(&client).await?;
        if client.state == ClientState::Pending
            && let (Some(letters), Some(contact)) = (&self.letters, client.details.contacts.first())
        {
            // One mail, without a word of the vendor's: the address is whatever a stranger typed.
            let crate::mail::Message { to, subject, body, html } =
                letters.client_received(contact, client.id.as_str());
            transaction.queue_mail(&crate::store::outbox::NewMail { to, subject, body, html }).await?;
        }
        transaction.commit().await?;
        let about = About {
            client: Some(client.id.clone()),
            reason: token.map(|token| format!("initial_token {}", token.id)),
            ..About::default()
        };
        self.record(by, AuditKind::Administration, "client_register", about).await?;
        Ok(Registered { client, secret, management })
    }

    async fn count_registration(&self, by: &By) -> Result<(), RegistrationError> {
        let address = by.address.as_deref().unwrap_or_default();
        if self.store.throttle_attempt(ThrottleKind::Registration, address).await?.is_some() {
            return Ok(());
        }
        let until = self.store.throttle(ThrottleKind::Registration, address).await?.blocked_until;
        let wait = until.map_or(Duration::ZERO, |until| until.since(self.now()));
        Err(RegistrationError::Limited(wait.max(Duration::from_secs(1))))
    }

    fn client_of(&self, metadata: Metadata, management: &PlainToken) -> (Client, Option<PlainToken>) {
        let (auth, secret) = self.auth_of(&metadata.auth, None);
        let mut client = Client {
            id: ClientId::generate(&*self.random),
            name: String::new(),
            kind: metadata.kind,
            auth,
            redirect_uris: Vec::new(),
            launch_uri: None,
            scope: String::new(),
            practice: None,
            trusted: false,
            state: ClientState::Pending,
            details: ClientDetails {
                registration_token: Some(management.hash().to_hex()),
                ..ClientDetails::default()
            },
            created_at: self.now(),
        };
        describe(&mut client, metadata);
        (client, secret)
    }

    /// How the client is to authenticate; a new secret unless it has one.
    fn auth_of(
        &self,
        wanted: &NewClientAuth,
        present: Option<&ClientAuth>,
    ) -> (ClientAuth, Option<PlainToken>) {
        match (wanted, present) {
            (NewClientAuth::None, _) => (ClientAuth::None, None),
            (NewClientAuth::Keys(jwks), _) => (ClientAuth::Keys { jwks: jwks.clone() }, None),
            (NewClientAuth::KeysUrl(uri), _) => (ClientAuth::KeysUrl { jwks_uri: uri.clone() }, None),
            (NewClientAuth::Secret, Some(ClientAuth::Secret { hash })) => {
                (ClientAuth::Secret { hash: hash.clone() }, None)
            }
            (NewClientAuth::Secret, _) => {
                let secret = PlainToken::generate(TokenKind::ClientSecret, &*self.random);
                (ClientAuth::Secret { hash: secret.hash().to_hex() }, Some(secret))
            }
        }
    }

    /// The registration that this registration access token manages (RFC 7592 2).
    pub async fn managed_client(
        &self,
        id: &ClientId,
        management: &TokenHash,
    ) -> Result<Registration, RegistrationError> {
        let registration = self.store.registration(id).await?.ok_or(RegistrationError::NotYours)?;
        let known = registration.client.details.registration_token.as_deref().and_then(TokenHash::from_hex);
        if known.is_some_and(|known| known.matches(management)) {
            Ok(registration)
        } else {
            Err(RegistrationError::NotYours)
        }
    }

    /// Changes what is registered (RFC 7592 2.2). Before approval all of it changes, and a refused client waits for staff
    /// again. Of an active client, what takes something away holds at once, with contacts and version; everything else waits
    /// for staff while what was registered stays in force.
    pub async fn update_client(
        &self,
        registration: Registration,
        metadata: Metadata,
        by: &By,
    ) -> Result<Updated, RegistrationError> {
        let metadata = metadata.checked().map_err(RegistrationError::Wrong)?;
        let Registration { mut client, revision } = registration;
        let mut secret = None;
        match client.state {
            ClientState::Pending | ClientState::Refused => {
                (client.auth, secret) = self.auth_of(&metadata.auth, Some(&client.auth));
                client.kind = metadata.kind;
                client.state = client.state.after(Step::AskAgain).unwrap_or(client.state);
                client.details.reason = None;
                describe(&mut client, metadata);
            }
            ClientState::Active => self.change_active(&mut client, metadata)?,
            ClientState::Suspended => {
                return Err(RegistrationError::State(
                    "The hospital has suspended this client; it cannot be changed until it is active again.",
                ));
            }
        }
        self.replace(&client, revision, "client_update", None, by).await?;
        Ok(Updated { client, secret })
    }

    fn change_active(&self, client: &mut Client, metadata: Metadata) -> Result<(), RegistrationError> {
        let (auth, made) = self.auth_of(&metadata.auth, Some(&client.auth));
        let same =
            metadata.kind == client.kind && made.is_none() && with_keys(&auth) == with_keys(&client.auth);
        if !same {
            return Err(RegistrationError::wrong(
                WrongKind::Metadata,
                "token_endpoint_auth_method",
                "The kind of an active client and how it proves itself cannot be changed; register another client.",
            ));
        }
        client.details.proposal = None;
        if widens(client, &metadata, &auth) {
            let m = metadata;
            client.details.contacts = m.contacts;
            client.details.software_id = m.software_id;
            client.details.software_version = m.software_version;
            client.details.proposal = Some(Box::new(Proposal {
                name: m.name,
                auth,
                redirect_uris: m.redirect_uris,
                launch_uri: m.launch_uri,
                scope: m.scope,
                organization: m.organization,
                client_uri: m.client_uri,
                logo_uri: m.logo_uri,
                tos_uri: m.tos_uri,
                policy_uri: m.policy_uri,
                purpose: m.purpose,
                post_logout_redirect_uris: m.post_logout_redirect_uris,
                asked_at: self.now(),
            }));
        } else {
            client.details.reason = None;
            describe(client, metadata);
        }
        Ok(())
    }

    /// Gives the client a new secret; the old one ends at once.
    pub async fn rotate_secret(
        &self,
        registration: Registration,
        by: &By,
    ) -> Result<PlainToken, RegistrationError> {
        let Registration { mut client, revision } = registration;
        if !matches!(client.auth, ClientAuth::Secret { .. }) {
            return Err(RegistrationError::State("This client has no secret."));
        }
        let secret = PlainToken::generate(TokenKind::ClientSecret, &*self.random);
        client.auth = ClientAuth::Secret { hash: secret.hash().to_hex() };
        self.replace(&client, revision, "client_secret_rotate", None, by).await?;
        Ok(secret)
    }

    /// Deletes the registration, with every token of the client (RFC 7592 2.3).
    pub async fn delete_client(&self, registration: &Registration, by: &By) -> Result<(), RegistrationError> {
        let id = &registration.client.id;
        if !self.store.remove_client(id).await? {
            return Err(RegistrationError::Failed(AccountsError::Unknown));
        }
        Ok(self.client_changed(id, "client_delete", by).await?)
    }
}

/// What an initial access token allows the client that is registered with it.
fn admit(client: &mut Client, token: &InitialToken) -> Result<(), RegistrationError> {
    if !token.kinds.contains(&client.kind) {
        return Err(RegistrationError::wrong(
            WrongKind::Metadata,
            "token_endpoint_auth_method",
            "The initial access token is not for this kind of client.",
        ));
    }
    let allowed = ScopeSet::parse(&client.scope).restrict_to(&ScopeSet::parse(&token.scope));
    if allowed.resources.is_empty() && !allowed.has_word("openid") {
        return Err(RegistrationError::wrong(
            WrongKind::Metadata,
            "scope",
            "scope holds nothing that the initial access token allows.",
        ));
    }
    client.scope = allowed.to_string();
    client.details.initial_token = Some(token.id.clone());
    if client.kind == ClientKind::Backend {
        client.practice.clone_from(&token.practice);
    }
    if token.at_once && (client.kind != ClientKind::Backend || client.practice.is_some()) {
        client.state = ClientState::Active;
    }
    Ok(())
}

/// Takes over everything but kind and authentication.
fn describe(client: &mut Client, metadata: Metadata) {
    let Metadata {
        name,
        kind: _,
        auth: _,
        secret_by_post,
        redirect_uris,
        launch_uri,
        scope,
        contacts,
        organization,
        client_uri,
        logo_uri,
        tos_uri,
        policy_uri,
        software_id,
        software_version,
        purpose,
        post_logout_redirect_uris,
        practice,
        pushed_requests,
        bound_tokens,
    } = metadata;
    client.name = name;
    client.redirect_uris = redirect_uris;
    client.launch_uri = launch_uri;
    client.scope = scope;
    // Once a client is active, what it must do is staff's to lift.
    let held =
        if client.state == ClientState::Active { client.details.security } else { ClientSecurity::default() };
    client.details = ClientDetails {
        contacts,
        organization,
        client_uri,
        logo_uri,
        tos_uri,
        policy_uri,
        software_id,
        software_version,
        purpose,
        post_logout_redirect_uris,
        security: ClientSecurity {
            pushed_requests: held.pushed_requests || pushed_requests,
            bound_tokens: held.bound_tokens || bound_tokens,
            ..held
        },
        secret_by_post,
        practice_named: practice,
        ..std::mem::take(&mut client.details)
    };
}

const fn with_keys(auth: &ClientAuth) -> bool {
    matches!(auth, ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. })
}

/// Whether a change gives an active client more than staff saw, or shows users something else.
fn widens(client: &Client, new: &Metadata, auth: &ClientAuth) -> bool {
    let shown = |old: &Option<String>, new: &Option<String>| new.is_some() && old != new;
    let added = |old: &[String], new: &[String]| new.iter().any(|uri| !old.contains(uri));
    let d = &client.details;
    client.name != new.name
        || client.auth != *auth
        || added(&client.redirect_uris, &new.redirect_uris)
        || added(&d.post_logout_redirect_uris, &new.post_logout_redirect_uris)
        || shown(&client.launch_uri, &new.launch_uri)
        || shown(&d.organization, &new.organization)
        || shown(&d.client_uri, &new.client_uri)
        || shown(&d.logo_uri, &new.logo_uri)
        || shown(&d.tos_uri, &new.tos_uri)
        || shown(&d.policy_uri, &new.policy_uri)
        || shown(&d.purpose, &new.purpose)
        || !ScopeSet::parse(&client.scope).covers_all(&ScopeSet::parse(&new.scope))
}
