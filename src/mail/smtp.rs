//! Mails by SMTP. Encrypted always, except to a mail server on this machine.

use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{MailError, MailSender, Message};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Why the settings for mail cannot be used; for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingsError {
    /// The URL is of another form.
    #[error("the mail server is given as smtps://user@host:465 or smtp://user@host:587")]
    Url,
    /// The sender is not an address.
    #[error("the sender of mails is not an e-mail address")]
    From,
    /// The encryption could not be set up.
    #[error("encryption towards the mail server cannot be set up")]
    Tls,
}

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp(..)")
    }
}

impl Smtp {
    /// The server at `url`: `smtps://` is TLS from the first byte, `smtp://` is STARTTLS and refuses to go on without, unless
    /// the host is this machine. `from` is the sender: `Portal <portal@hospital.example>`.
    pub fn new(url: &str, password: Option<&SecretString>, from: &str) -> Result<Self, SmtpSettingsError> {
        let from = from.parse().map_err(|_| SmtpSettingsError::From)?;
        let url = Url::parse(url).map_err(|_| SmtpSettingsError::Url)?;
        let host = url.host_str().ok_or(SmtpSettingsError::Url)?.trim_matches(['[', ']']);
        let local = matches!(host, "localhost" | "127.0.0.1" | "::1");
        let builder = match url.scheme() {
            "smtps" => {
                AsyncSmtpTransport::<Tokio1Executor>::relay(host).map_err(|_| SmtpSettingsError::Tls)?
            }
            "smtp" if local => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            "smtp" => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)
                .map_err(|_| SmtpSettingsError::Tls)?,
            _ => return Err(SmtpSettingsError::Url),
        };
        let mut builder = builder.timeout(Some(TIMEOUT));
        if let Some(port) = url.port() {
            builder = builder.port(port);
        }
        if let Some(password) = password {
            let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
            builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build(), from })
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834 5): nobody's absence note answers these mails.
#[derive(Clone, Copy, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl MailSender for Smtp {
    fn send<'a>(&'a self, message: &'a Message, key: &'a str) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            let to = message.to.parse::<Mailbox>();
            let to = to.map_err(|_| MailError::Address)?;
            let builder = lettre::Message::builder()
                .from(self.from.clone())
                .to(to)
                .subject(message.subject.clone())
                .message_id(Some(format!("<{key}@{}>", self.from.email.domain())))
                .header(AutoSubmitted);
            let mail = match &message.html {
                Some(html) => {
                    builder.multipart(MultiPart::alternative_plain_html(message.body.clone(), html.clone()))
                }
                None => builder.header(ContentType::TEXT_PLAIN).body(message.body.clone()),
            };
            let mail = mail.map_err(|_| MailError::Refused("it cannot be written as a mail".to_owned()))?;
            match self.transport.send(mail).await {
                Ok(_) => Ok(()),
                // The code alone: servers repeat the address in their text.
                Err(error) => Err(match error.status() {
                    Some(code) if error.is_permanent() => MailError::Refused(code.to_string()),
                    Some(code) => MailError::Busy(code.to_string()),
                    None => MailError::Unreachable,
                }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn settings_that_cannot_work_are_refused_at_the_start() {
        let from = "Portal <portal@hospital.example>";
        for url in ["", "mail.example", "http://mail.example", "smtp:mail.example"] {
            assert_eq!(Smtp::new(url, None, from).unwrap_err(), SmtpSettingsError::Url, "{url}");
        }
        assert_eq!(Smtp::new("smtps://mail.example", None, "nobody").unwrap_err(), SmtpSettingsError::From);
        assert!(Smtp::new("smtps://me@mail.example:465", Some(&"x".into()), from).is_ok());
        assert!(Smtp::new("smtp://mail.example:587", None, from).is_ok());
    }
}
