//! Connections: taken, dropped or left hanging as the knobs say.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use super::knobs::Down;
use super::{Ehr, routes, subscriptions};

/// How long open requests may take once the server is to stop.
const DRAIN: Duration = Duration::from_secs(2);

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the demo hospital is down")]
struct Dropped;

/// Serves until shutdown.
pub async fn run(ehr: Ehr, listener: TcpListener) {
    let router = routes::router(&ehr);
    drop(tokio::spawn(subscriptions::deliver(ehr.clone())));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ehr.0.shutdown.cancelled() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        if ehr.knobs().get().down == Down::Drop {
            continue;
        }
        connection(&ehr, &router, &graceful, stream);
    }
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => {}
    }
}

fn connection(ehr: &Ehr, router: &Router, graceful: &GracefulShutdown, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let (ehr, router) = (ehr.clone(), router.clone());
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let (ehr, router) = (ehr.clone(), router.clone());
        async move {
            let admin = request.uri().path().starts_with("/sandbox/");
            match ehr.knobs().get().down {
                Down::Drop if !admin => return Err(Dropped),
                Down::Hang if !admin => ehr.0.shutdown.cancelled().await,
                _ => {}
            }
            let answered: Result<_, Infallible> = router.oneshot(request.map(Body::new)).await;
            let Ok(response) = answered;
            Ok(response)
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        let _ = watched.await;
    });
}
