//! The addresses of the authorization server: one table that discovery, audience checks and links come from.

/// Absolute URLs, all under the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer: the public origin without a trailing slash.
    pub issuer: String,
    /// The FHIR base, what `aud` must name.
    pub fhir: String,
    /// Authorization endpoint.
    pub authorize: String,
    /// Token endpoint.
    pub token: String,
    /// Pushed authorization requests (RFC 9126).
    pub par: String,
    /// Revocation (RFC 7009).
    pub revoke: String,
    /// Introspection (RFC 7662).
    pub introspect: String,
    /// Registration (RFC 7591).
    pub register: String,
    /// OpenID userinfo.
    pub userinfo: String,
    /// RP-initiated logout (`end_session_endpoint`).
    pub logout: String,
    /// Our public keys.
    pub jwks: String,
    /// The style of the portal for apps that adapt to it (`smart_style_url`).
    pub style: String,
    /// Where a user sees and revokes the apps they authorized.
    pub management: String,
    /// The user-access brands bundle.
    pub brands: String,
    /// The pages for whoever builds apps.
    pub developers: String,
}

impl Endpoints {
    /// Paths of the routes, in the order of [`super::router`].
    pub const AUTHORIZE: &'static str = "/oauth/authorize";
    /// Where the patient picker posts to.
    pub const PATIENT: &'static str = "/oauth/authorize/patient";
    /// Where the consent page posts to.
    pub const CONSENT: &'static str = "/oauth/authorize/consent";
    /// Token endpoint.
    pub const TOKEN: &'static str = "/oauth/token";
    /// Pushed authorization requests.
    pub const PAR: &'static str = "/oauth/par";
    /// Revocation endpoint.
    pub const REVOKE: &'static str = "/oauth/revoke";
    /// Introspection endpoint.
    pub const INTROSPECT: &'static str = "/oauth/introspect";
    /// Registration endpoint.
    pub const REGISTER: &'static str = "/oauth/register";
    /// Where one registration is managed (RFC 7592).
    pub const REGISTERED: &'static str = "/oauth/register/{client_id}";
    /// Userinfo endpoint.
    pub const USERINFO: &'static str = "/oauth/userinfo";
    /// RP-initiated logout.
    pub const LOGOUT: &'static str = "/oauth/logout";
    /// Where its confirmation page posts to.
    pub const LOGOUT_CONFIRM: &'static str = "/oauth/logout/confirm";
    /// JWK Set.
    pub const JWKS: &'static str = "/oauth/jwks";
    /// SMART style document.
    pub const STYLE: &'static str = "/oauth/style.json";
    /// The FHIR base.
    pub const FHIR: &'static str = "/fhir/r4";
    /// The page of authorized apps, in the portal.
    pub const MANAGEMENT: &'static str = "/account/apps";
    /// The user-access brands bundle.
    pub const BRANDS: &'static str = "/brands.json";
    /// The pages for whoever builds apps, in the portal.
    pub const DEVELOPERS: &'static str = "/developers";

    /// The table for a server whose public origin is `issuer`.
    pub fn under(issuer: &str) -> Self {
        let issuer = issuer.trim_end_matches('/').to_owned();
        let at = |path: &str| format!("{issuer}{path}");
        Self {
            fhir: at(Self::FHIR),
            authorize: at(Self::AUTHORIZE),
            token: at(Self::TOKEN),
            par: at(Self::PAR),
            revoke: at(Self::REVOKE),
            introspect: at(Self::INTROSPECT),
            register: at(Self::REGISTER),
            userinfo: at(Self::USERINFO),
            logout: at(Self::LOGOUT),
            jwks: at(Self::JWKS),
            style: at(Self::STYLE),
            management: at(Self::MANAGEMENT),
            brands: at(Self::BRANDS),
            developers: at(Self::DEVELOPERS),
            issuer,
        }
    }

    /// Whether `aud` names the FHIR server here, with or without a trailing slash (row 96).
    pub fn is_audience(&self, aud: &str) -> bool {
        aud.strip_suffix('/').unwrap_or(aud) == self.fhir
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_96_audience_is_the_fhir_base() {
        let endpoints = Endpoints::under("https://gate.example/");
        for good in ["https://gate.example/fhir/r4", "https://gate.example/fhir/r4/"] {
            assert!(endpoints.is_audience(good), "{good}");
        }
        for bad in
            ["", "https://gate.example", "https://evil.example/fhir/r4", "https://gate.example/fhir/r4//"]
        {
            assert!(!endpoints.is_audience(bad), "{bad}");
        }
    }
}
