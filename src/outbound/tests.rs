//! Outbound clients against real sockets.

use std::time::Duration;

use http::{HeaderValue, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::{Outbound, OutboundError, OutboundOptions, OutboundRequest, Purpose, PurposeOptions};

/// A server that answers each connection with `answer`, and its URL.
async fn server(host: &str, answer: &'static [u8]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{host}:{}/secret-path?secret=query", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    url.parse().unwrap()
}

fn clients() -> Outbound {
    let inside = PurposeOptions {
        private_networks: true,
        max_body: 1000,
        total_timeout: Duration::from_millis(300),
        ..PurposeOptions::default()
    };
    Outbound::new(&OutboundOptions { ehr: inside, ..OutboundOptions::default() }).unwrap()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Other: y\r\n\r\nhi";

#[tokio::test]
async fn private_networks_are_reached_by_those_purposes_alone_that_may() {
    for host in ["127.0.0.1", "localhost"] {
        let url = server(host, OK).await;
        let request = OutboundRequest::get(url.clone()).with(header::ACCEPT, HeaderValue::from_static("a/b"));
        let answer = clients().client(Purpose::Ehr).send(request).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"hi"[..]));
        assert_eq!(answer.headers()["x-other"], "y");
        for purpose in [Purpose::Jwks, Purpose::IdentityProvider] {
            let mut url = url.clone();
            for scheme in ["http", "https"] {
                url.set_scheme(scheme).unwrap();
                let refused = clients().client(purpose).send(OutboundRequest::get(url.clone())).await;
                assert!(matches!(refused, Err(OutboundError::Refused(_))), "{host} {refused:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_never_holds_the_url() {
    let hanging = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = format!("http://127.0.0.1:{}/secret-path?secret=query", hanging.local_addr().unwrap().port());
    let broken: [Url; 4] = [
        "http://127.0.0.1:9/secret-path?secret=query".parse().unwrap(),
        slow.parse().unwrap(),
        server("127.0.0.1", b"\x00\x01 no http").await,
        server("127.0.0.1", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut").await,
    ];
    for url in broken {
        let error = clients().client(Purpose::Ehr).send(OutboundRequest::get(url)).await.unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn redirects_are_answers_and_bodies_are_bounded() {
    let url = server(
        "127.0.0.1",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let answer = clients().client(Purpose::Ehr).send(OutboundRequest::get(url)).await.unwrap();
    assert_eq!(answer.status().as_u16(), 302);
    let large: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n";
    let url = server("127.0.0.1", large).await;
    let error = clients().client(Purpose::Ehr).send(OutboundRequest::get(url)).await.unwrap_err();
    assert_eq!(error, OutboundError::TooLarge);
}

#[test]
fn unusable_settings_are_said_at_start() {
    let with = |identity: &[u8]| {
        let ehr = PurposeOptions { identity: Some(identity.to_vec()), ..PurposeOptions::default() };
        Outbound::new(&OutboundOptions { ehr, ..OutboundOptions::default() })
    };
    assert!(with(b"no key").is_err());
    let options = OutboundOptions {
        extra_authorities: vec![b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()],
        ..OutboundOptions::default()
    };
    assert!(Outbound::new(&options).is_err());
}
