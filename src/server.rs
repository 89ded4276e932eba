//! Listeners: plain or TLS from certificate files that are read again when they change, HTTP/1.1 and HTTP/2, draining on stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Layer as _, ServiceExt as _};

use crate::patience::{FirstBytes, Timely};
use crate::tls::TlsFiles;

pub use crate::patience::Patience;

/// One listener.
pub struct Server {
    listener: TcpListener,
    tls: Option<Arc<TlsFiles>>,
    router: Router,
    patience: Patience,
}

/// Why a listener could not be opened; the text is for the operator.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct ListenError {
    address: SocketAddr,
    reason: String,
}

/// Opens the port, saying plainly when it is taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|error| ListenError {
        address,
        reason: match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {} is taken by another program; choose another port", address.port())
            }
            io::ErrorKind::PermissionDenied => format!("port {} needs more rights", address.port()),
            _ => error.to_string(),
        },
    })
}

impl Server {
    /// A server for `router` on an open port.
    pub fn new(listener: TcpListener, tls: Option<Arc<TlsFiles>>, router: Router) -> Self {
        Self { listener, tls, router, patience: Patience::default() }
    }

    /// The same with clients that are waited for so long.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Serves until `stop` is cancelled, then lets running requests finish for at most `drain`.
    pub async fn run(self, stop: CancellationToken, drain: Duration) {
        let graceful = GracefulShutdown::new();
        let acceptor = self.tls.as_ref().map(|files| files.current());
        loop {
            let (stream, peer) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: wait for some to be closed rather than spin.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let _ = stream.set_nodelay(true);
            let service = axum::Extension(ConnectInfo(peer)).layer(self.router.clone());
            let (watcher, patience) = (graceful.watcher(), self.patience);
            match &acceptor {
                None => drop(tokio::spawn(serve_connection(stream, service, watcher, patience))),
                Some(acceptor) => {
                    let config = acceptor.load_full();
                    drop(tokio::spawn(async move {
                        if let Some(stream) = handshake(TlsAcceptor::from(config), stream, patience).await {
                            serve_connection(stream, service, watcher, patience).await;
                        }
                    }));
                }
            }
        }
        drop(self.listener);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still running when the time to finish was over");
        }
    }
}

async fn handshake(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    patience: Patience,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    match tokio::time::timeout(patience.head, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

async fn serve_connection<S, T>(
    stream: T,
    service: S,
    watcher: hyper_util::server::graceful::Watcher,
    patience: Patience,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: tower::Service<
            axum::http::Request<Timely<hyper::body::Incoming>>,
            Response = axum::response::Response,
            Error = std::convert::Infallible,
        > + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(32 * 1024)
        // Finds out when the other side is gone.
        .keep_alive_interval(patience.head)
        .keep_alive_timeout(patience.head);
    let service = service.map_request(move |request: axum::http::Request<hyper::body::Incoming>| {
        request.map(|body| Timely::within(body, patience.body))
    });
    let io = TokioIo::new(FirstBytes::within(stream, patience.head));
    let connection = builder.serve_connection(io, TowerToHyperService::new(service)).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The TLS configuration in force, replaced when the files change.
pub type CurrentTls = Arc<ArcSwap<rustls::ServerConfig>>;
