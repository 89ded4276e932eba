//! How a client says who it is at the token, revocation and introspection endpoints: what it presented, before anything is
//! checked (RFC 6749 2.3, RFC 7523 2.2, SMART "Client Authentication").

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use percent_encoding::percent_decode_str;

use crate::domain::ids::ClientId;

use super::assertion::Assertion;
use super::error::OAuthError;
use super::params::Params;

/// The one `client_assertion_type` there is.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presented.
#[derive(Clone, PartialEq, Eq)]
pub enum Presented {
    /// A `client_id` alone.
    Nothing(ClientId),
    /// `client_secret_basic` or `client_secret_post`.
    Secret(ClientId, String),
    /// `private_key_jwt`, with `client_id` if it was sent as well.
    Assertion(Option<ClientId>, String),
}

impl Presented {
    /// Reads header and form. More than one way at once is an error, not a choice.
    pub fn read(headers: &HeaderMap, form: &Params) -> Result<Self, OAuthError> {
        let basic = basic(headers)?;
        let secret = form.get("client_secret");
        let assertion = form.get("client_assertion");
        let ways =
            usize::from(basic.is_some()) + usize::from(secret.is_some()) + usize::from(assertion.is_some());
        if ways > 1 {
            return Err(OAuthError::TwoAuthentications);
        }
        let id = form.get("client_id").map(client_id).transpose()?;
        if let Some((user, password)) = basic {
            return match id {
                Some(id) if id != user => Err(OAuthError::InvalidClient),
                _ => Ok(Self::Secret(user, password)),
            };
        }
        if let Some(assertion) = assertion {
            if form.get("client_assertion_type") != Some(JWT_BEARER) {
                return Err(OAuthError::AssertionType);
            }
            return Ok(Self::Assertion(id, assertion.to_owned()));
        }
        let id = id.ok_or(OAuthError::InvalidClient)?;
        Ok(match secret {
            Some(secret) => Self::Secret(id, secret.to_owned()),
            None => Self::Nothing(id),
        })
    }
}

/// The client that a request names, by whatever way of authentication, before anything is checked.
pub fn named(headers: &HeaderMap, form: &Params) -> Option<ClientId> {
    match Presented::read(headers, form).ok()? {
        Presented::Nothing(id) | Presented::Secret(id, _) | Presented::Assertion(Some(id), _) => Some(id),
        Presented::Assertion(None, jwt) => Assertion::parse(&jwt).ok()?.issuer(),
    }
}

fn client_id(text: &str) -> Result<ClientId, OAuthError> {
    ClientId::parse(text).map_err(|_| OAuthError::InvalidClient)
}

/// The credentials of an `Authorization: Basic` header. Both halves are form-encoded before they are joined (RFC 6749 2.3.1);
/// clients that forget to are understood as well, for our identifiers and secrets hold nothing that encoding changes.
fn basic(headers: &HeaderMap) -> Result<Option<(ClientId, String)>, OAuthError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| OAuthError::InvalidClient)?;
    let (scheme, encoded) = text.split_once(' ').ok_or(OAuthError::InvalidClient)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let encoded = encoded.trim();
    let bytes = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded));
    let text = String::from_utf8(bytes.map_err(|_| OAuthError::InvalidClient)?);
    let text = text.map_err(|_| OAuthError::InvalidClient)?;
    let (user, password) = text.split_once(':').ok_or(OAuthError::InvalidClient)?;
    let decode = |half: &str| percent_decode_str(&half.replace('+', " ")).decode_utf8_lossy().into_owned();
    Ok(Some((client_id(&decode(user))?, decode(password))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        headers
    }

    fn read(headers: &HeaderMap, form: &str) -> Result<Presented, OAuthError> {
        Presented::read(headers, &Params::parse(form).unwrap())
    }

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).unwrap()
    }

    #[test]
    fn rows_355_356_357_every_way_is_understood() {
        let none = HeaderMap::new();
        assert!(read(&none, "client_id=app").unwrap() == Presented::Nothing(id("app")));
        assert!(
            read(&none, "client_id=app&client_secret=s").unwrap()
                == Presented::Secret(id("app"), "s".to_owned())
        );
        let basic = headers(&format!("Basic {}", STANDARD.encode("app:s%3Ax")));
        assert!(read(&basic, "").unwrap() == Presented::Secret(id("app"), "s:x".to_owned()));
        assert!(read(&basic, "client_id=app").is_ok());
        let form = format!("client_assertion=a.b.c&client_assertion_type={JWT_BEARER}");
        assert!(read(&none, &form).unwrap() == Presented::Assertion(None, "a.b.c".to_owned()));
    }

    #[test]
    fn row_340_what_is_malformed_is_invalid_client() {
        let none = HeaderMap::new();
        for (headers, form) in [
            (&none, ""),
            (&none, "client_id=a%20b"),
            (&headers("Basic !!!"), ""),
            (&headers("Basic"), "client_id=app"),
            (&headers(&format!("Basic {}", STANDARD.encode("app"))), ""),
            (&headers(&format!("Basic {}", STANDARD.encode("app:s"))), "client_id=other"),
        ] {
            assert!(read(headers, form).err() == Some(OAuthError::InvalidClient), "{form}");
        }
        for form in ["client_assertion=a.b.c", "client_assertion=a.b.c&client_assertion_type=other"] {
            let error = read(&none, form).err().unwrap();
            assert_eq!((error.status().as_u16(), error.code()), (400, "invalid_client"), "{form}");
        }
    }

    #[test]
    fn two_ways_at_once_are_refused() {
        let basic = headers(&format!("Basic {}", STANDARD.encode("app:s")));
        assert!(read(&basic, "client_secret=s").err() == Some(OAuthError::TwoAuthentications));
        let form =
            format!("client_id=app&client_secret=s&client_assertion=x&client_assertion_type={JWT_BEARER}");
        assert!(read(&HeaderMap::new(), &form).err() == Some(OAuthError::TwoAuthentications));
    }
}
