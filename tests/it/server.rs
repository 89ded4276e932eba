//! The listener: TLS from files, renewal without a lost connection, draining, a taken port.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use chartgate::server::{Patience, Server, bind};
use chartgate::tls::TlsFiles;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

fn write_pair(folder: &Path) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

async fn get_over_tls(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> Result<String, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    // Servers that close without close_notify are common; what was read by then counts.
    let _ = stream.read_to_string(&mut answer).await;
    Ok(answer)
}

#[tokio::test]
async fn tls_is_reloaded_from_renewed_files() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_pair(folder.path());
    let files =
        Arc::new(TlsFiles::open(folder.path().join("cert.pem"), folder.path().join("key.pem")).unwrap());
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
    let stop = CancellationToken::new();
    let server = Server::new(listener, Some(Arc::clone(&files)), router);
    let running = tokio::spawn(server.run(stop.clone(), Duration::from_secs(2)));

    assert!(get_over_tls(address, &first).await.unwrap().ends_with("127.0.0.1"));

    std::fs::write(folder.path().join("key.pem"), "not a key").unwrap();
    assert!(files.reload().is_err());
    assert!(get_over_tls(address, &first).await.is_ok(), "a broken renewal leaves the old pair in force");

    let second = write_pair(folder.path());
    files.reload().unwrap();
    assert!(get_over_tls(address, &first).await.is_err(), "the old certificate is no longer shown");
    assert!(get_over_tls(address, &second).await.unwrap().contains("200 OK"));

    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_running_request_finishes_after_the_signal_to_stop() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let entered = Arc::new(tokio::sync::Notify::new());
    let leave = Arc::new(tokio::sync::Notify::new());
    let (inside, outside) = (Arc::clone(&entered), Arc::clone(&leave));
    let router = Router::new().route(
        "/",
        get(move || async move {
            inside.notify_one();
            outside.notified().await;
            "whole"
        }),
    );
    let stop = CancellationToken::new();
    let running =
        tokio::spawn(Server::new(listener, None, router).run(stop.clone(), Duration::from_secs(10)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    entered.notified().await;
    stop.cancel();
    leave.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("whole"), "{answer}");
    running.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_said_plainly() {
    let first = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let error = bind(first.local_addr().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("is taken by another program"), "{error}");
}

/// Sends `sent` and nothing more; what came back until the server closed the connection, and after how long it did.
async fn stall(address: SocketAddr, sent: &[u8]) -> (String, Duration) {
    let begun = std::time::Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "still open after {sent:?}");
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

#[tokio::test]
async fn whoever_takes_his_time_is_not_waited_for() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(async || "whole")).route(
        "/body",
        post(async |body: axum::body::Body| match axum::body::to_bytes(body, 100).await {
            Ok(_) => "whole",
            Err(_) => "cut short",
        }),
    );
    let patience = Patience { head: Duration::from_millis(300), body: Duration::from_millis(300) };
    let stop = CancellationToken::new();
    let server = Server::new(listener, None, router).with_patience(patience);
    let running = tokio::spawn(server.run(stop.clone(), Duration::from_secs(2)));
    for sent in [
        &b""[..],
        b"G",
        b"PRI * HTT",
        b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ",
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let (answer, after) = stall(address, sent).await;
        assert!(after < Duration::from_secs(20), "{sent:?} held it for {after:?}");
        assert_eq!(answer.contains("whole"), sent.ends_with(b"\n\r\n") && sent[0] == b'G', "{answer}");
    }
    for sent in [
        "POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nshort",
        "POST /body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsho",
    ] {
        let (answer, _) = stall(address, sent.as_bytes()).await;
        assert!(answer.contains("cut short"), "{answer}");
    }
    stop.cancel();
    running.await.unwrap();
}
