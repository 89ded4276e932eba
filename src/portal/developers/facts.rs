//! What the developer pages say of this installation. The application fills it from the tables by which requests are judged,
//! so that the pages cannot say anything else than the server does.

use std::time::Duration;

/// One address.
#[derive(Clone, Debug)]
pub struct Address {
    /// Its name in the metadata documents, or what it is called.
    pub name: &'static str,
    /// Absolute URL.
    pub url: String,
    /// HTTP methods.
    pub methods: &'static str,
    /// What it is for, in a few words.
    pub what: &'static str,
    /// Which web pages may call it from a browser.
    pub origins: &'static str,
}

/// How an OAuth error reaches the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaches {
    /// It does not: the user sees a page.
    User,
    /// By the redirect URI.
    Redirect,
    /// As JSON.
    Json,
}

/// One OAuth error.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// How it reaches the app.
    pub reaches: Reaches,
    /// HTTP status where it is answered directly.
    pub status: u16,
    /// `error`.
    pub code: &'static str,
    /// `error_description`.
    pub text: &'static str,
}

/// A category by which a scope on a type can be narrowed.
#[derive(Clone, Debug)]
pub struct Category {
    /// Resource type.
    pub resource_type: &'static str,
    /// In words.
    pub label: &'static str,
    /// `system|code`.
    pub token: &'static str,
}

/// How much may be asked of the FHIR endpoint.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Of whom, in words.
    pub of: &'static str,
    /// Requests a minute.
    pub per_minute: u32,
    /// Requests at once after a rest.
    pub at_once: u64,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The issuer, which is the origin of everything here.
    pub issuer: String,
    /// FHIR base URL: `iss` of a launch and `aud` of a request.
    pub fhir: String,
    /// SMART configuration.
    pub discovery: String,
    /// Authorization endpoint.
    pub authorize: String,
    /// Token endpoint.
    pub token: String,
    /// Revocation endpoint.
    pub revoke: String,
    /// Introspection endpoint.
    pub introspect: String,
    /// Pushed authorization requests.
    pub par: String,
    /// User-access brands bundle.
    pub brands: String,
    /// Every address.
    pub addresses: Vec<Address>,
    /// Every OAuth error.
    pub refusals: Vec<Refusal>,
    /// SMART capabilities.
    pub capabilities: &'static [&'static str],
    /// Ways of client authentication at the token endpoint.
    pub client_auth: &'static [&'static str],
    /// Algorithms of client assertions.
    pub algorithms: &'static [&'static str],
    /// Algorithms of DPoP proofs.
    pub proof_algorithms: Vec<&'static str>,
    /// Categories.
    pub categories: Vec<Category>,
    /// Life of an authorization code.
    pub code_life: Duration,
    /// Life of a user's access token.
    pub access_life: Duration,
    /// Life of a system's access token.
    pub backend_life: Duration,
    /// Life of a refresh token, renewed at each use.
    pub refresh_life: Duration,
    /// Failures of one client from one address that cost nothing; 0: none ever does.
    pub free_failures: u32,
    /// Requests a minute of one client from one address; 0: no limit.
    pub requests_per_minute: u32,
    /// How much may be asked of the FHIR endpoint; what is not named has no limit.
    pub fhir_limits: Vec<Limit>,
    /// How long a user may take over the consent page.
    pub context_life: Duration,
}

impl Facts {
    fn refusals(&self, reaches: Reaches) -> Vec<&Refusal> {
        self.refusals.iter().filter(|refusal| refusal.reaches == reaches).collect()
    }

    /// The errors of which the user sees a page and the app hears nothing.
    pub fn on_a_page(&self) -> Vec<&Refusal> {
        self.refusals(Reaches::User)
    }

    /// The errors that come back by the redirect URI.
    pub fn by_redirect(&self) -> Vec<&Refusal> {
        self.refusals(Reaches::Redirect)
    }

    /// The errors that are answered as JSON.
    pub fn as_json(&self) -> Vec<&Refusal> {
        self.refusals(Reaches::Json)
    }

    /// Life of a code, in words.
    pub fn code_lives(&self) -> String {
        words(self.code_life)
    }

    /// Life of a user's access token, in words.
    pub fn access_lives(&self) -> String {
        words(self.access_life)
    }

    /// Life of a system's access token, in words.
    pub fn backend_lives(&self) -> String {
        words(self.backend_life)
    }

    /// Life of a refresh token, in words.
    pub fn refresh_lives(&self) -> String {
        words(self.refresh_life)
    }

    /// Time that the user has for the consent page, in words.
    pub fn context_lives(&self) -> String {
        words(self.context_life)
    }
}

/// A length of time in words: "5 minutes".
fn words(life: Duration) -> String {
    let seconds = life.as_secs();
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_in_words() {
        for (seconds, text) in
            [(60, "60 seconds"), (300, "5 minutes"), (3600, "60 minutes"), (93 * 86_400, "93 days")]
        {
            assert_eq!(words(Duration::from_secs(seconds)), text);
        }
    }
}
