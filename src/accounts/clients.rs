//! OAuth clients: registered, suspended, removed.

use url::Url;

use crate::domain::audit::AuditKind;
use crate::domain::client::{Client, ClientAuth, ClientDetails, ClientKind, ClientState};
use crate::domain::ids::{ClientId, PracticeId};
use crate::domain::secret::{PlainToken, TokenKind};

use super::{About, Accounts, AccountsError, By};

/// A client to be registered.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// `client_id`; `None`: a random one.
    pub id: Option<ClientId>,
    /// Name shown on the consent page.
    pub name: String,
    /// What it is for.
    pub kind: ClientKind,
    /// How it is to authenticate.
    pub auth: NewClientAuth,
    /// Exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// Where an EHR launch begins.
    pub launch_uri: Option<String>,
    /// Scopes it may ask for, space-separated.
    pub scope: String,
    /// The practice a backend client acts for.
    pub practice: Option<PracticeId>,
    /// Whether consent is taken as given, for the hospital's own apps.
    pub trusted: bool,
}

/// How a new client is to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewClientAuth {
    /// Not at all: public, PKCE alone.
    None,
    /// With a secret that is made here and shown once.
    Secret,
    /// With keys given as a JWK Set.
    Keys(String),
    /// With keys fetched from there.
    KeysUrl(String),
}

/// A client just registered.
#[derive(Debug)]
pub struct RegisteredClient {
    /// As stored.
    pub client: Client,
    /// Its secret, if it has one: shown now and never again.
    pub secret: Option<PlainToken>,
}

impl Accounts {
    /// Registers a client. It may act at once.
    pub async fn add_client(&self, new: NewClient, by: &By) -> Result<RegisteredClient, AccountsError> {
        check(&new)?;
        let mut secret = None;
        let auth = match new.auth {
            NewClientAuth::None => ClientAuth::None,
            NewClientAuth::Secret => {
                let made = secret.insert(PlainToken::generate(TokenKind::ClientSecret, &*self.random));
                ClientAuth::Secret { hash: made.hash().to_hex() }
            }
            NewClientAuth::Keys(jwks) => ClientAuth::Keys { jwks },
            NewClientAuth::KeysUrl(jwks_uri) => ClientAuth::KeysUrl { jwks_uri },
        };
        let client = Client {
            id: new.id.unwrap_or_else(|| ClientId::generate(&*self.random)),
            name: new.name.trim().to_owned(),
            kind: new.kind,
            auth,
            redirect_uris: new.redirect_uris,
            launch_uri: new.launch_uri,
            scope: new.scope,
            practice: new.practice,
            trusted: new.trusted,
            state: ClientState::Active,
            details: ClientDetails::default(),
            created_at: self.now(),
        };
        self.store.insert_client(&client).await?;
        self.client_changed(&client.id, "client_add", by).await?;
        Ok(RegisteredClient { client, secret })
    }

    /// Removes a client with everything it was authorized to do.
    pub async fn remove_client(&self, id: &ClientId, by: &By) -> Result<(), AccountsError> {
        if !self.store.remove_client(id).await? {
            return Err(AccountsError::Unknown);
        }
        self.client_changed(id, "client_remove", by).await
    }

    pub(super) async fn client_changed(
        &self,
        id: &ClientId,
        what: &str,
        by: &By,
    ) -> Result<(), AccountsError> {
        let about = About { client: Some(id.clone()), ..About::default() };
        self.record(by, AuditKind::Administration, what, about).await
    }
}

fn check(new: &NewClient) -> Result<(), AccountsError> {
    let invalid = |why| Err(AccountsError::Invalid(why));
    if new.name.trim().is_empty() {
        return invalid("A client needs a name.");
    }
    match (new.kind, &new.auth) {
        (ClientKind::Public, NewClientAuth::None) => {}
        (ClientKind::Public, _) => return invalid("A public client has no secret and no keys."),
        (_, NewClientAuth::None) => return invalid("This kind of client must authenticate."),
        (ClientKind::Backend, NewClientAuth::Secret) => {
            return invalid("A backend client authenticates with keys, not with a secret.");
        }
        _ => {}
    }
    if new.kind == ClientKind::Backend {
        if new.practice.is_none() {
            return invalid("A backend client acts for a practice.");
        }
    } else if new.redirect_uris.is_empty() {
        return invalid("An app needs a redirect URI.");
    }
    if let NewClientAuth::Keys(jwks) = &new.auth
        && !is_key_set(jwks)
    {
        return invalid("The keys must be a JWK Set of public keys.");
    }
    if let NewClientAuth::KeysUrl(uri) = &new.auth
        && !is_web_address(uri)
    {
        return invalid("The address of the keys must be https.");
    }
    if !new.redirect_uris.iter().all(|uri| is_redirect(uri)) {
        return invalid("A redirect URI is absolute, https (or http on this machine), without fragment.");
    }
    if new.launch_uri.as_ref().is_some_and(|uri| !is_web_address(uri)) {
        return invalid("The launch URI must be https (or http on this machine).");
    }
    Ok(())
}

/// A JWK Set that holds at least one key and no private one.
fn is_key_set(jwks: &str) -> bool {
    let set: Result<serde_json::Value, _> = serde_json::from_str(jwks);
    let keys = set.as_ref().ok().and_then(|set| set.get("keys")).and_then(|keys| keys.as_array());
    keys.is_some_and(|keys| {
        !keys.is_empty() && keys.iter().all(|key| key.get("kty").is_some() && key.get("d").is_none())
    })
}

pub(super) fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        url.fragment().is_none() && (url.scheme() == "https" || (url.scheme() == "http" && here))
    })
}

/// As a web address, or the private scheme of a native app, which holds a dot (RFC 8252 7.1).
pub(super) fn is_redirect(text: &str) -> bool {
    is_web_address(text)
        || Url::parse(text).is_ok_and(|url| url.fragment().is_none() && url.scheme().contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris() {
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1:8080/cb",
            "http://localhost/cb",
            "com.example.app:/cb",
        ] {
            assert!(is_redirect(good), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "http://app.example/cb",
            "https://app.example/cb#x",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(!is_redirect(bad), "{bad}");
        }
    }

    #[test]
    fn key_sets() {
        assert!(is_key_set(r#"{"keys":[{"kty":"EC","x":"a"}]}"#));
        for bad in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC","d":"secret"}]}"#] {
            assert!(!is_key_set(bad), "{bad}");
        }
    }
}
