//! A server for tests that does to its clients whatever it is told to, down to the bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::domain::clock::{ManualClock, Timestamp};
use crate::domain::random::SeededRandom;
use crate::outbound::{Outbound, OutboundOptions, PurposeOptions};

use super::client::Ehr;
use super::options::EhrOptions;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Answers: status, headers, body; `Content-Length` is added.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Waits, then does the other.
    After(Duration, Box<Act>),
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Resets the connection.
    Reset,
}

impl Act {
    pub(super) fn json(body: &str) -> Self {
        Self::Answer(200, vec![("Content-Type", "application/fhir+json".into())], body.as_bytes().to_vec())
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Vec::new())
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

/// The server. `decide` is told the request and how many came before it.
pub(super) struct Faulty {
    pub(super) base: Url,
    heard: Arc<Mutex<Vec<Heard>>>,
    most_at_once: Arc<AtomicUsize>,
}

impl Faulty {
    pub(super) async fn start(decide: impl Fn(&Heard, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap()).parse().unwrap();
        let (heard, most_at_once) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (decide, list, most) = (Arc::new(decide), Arc::clone(&heard), Arc::clone(&most_at_once));
        let at_once = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (decide, list) = (Arc::clone(&decide), Arc::clone(&list));
                let (most, at_once) = (Arc::clone(&most), Arc::clone(&at_once));
                tokio::spawn(async move {
                    let Some(request) = hear(&mut stream).await else { return };
                    let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    let before = {
                        let mut list = list.lock();
                        list.push(request.clone());
                        list.len() - 1
                    };
                    perform(&mut stream, decide(&request, before)).await;
                    at_once.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { base, heard, most_at_once }
    }

    /// One act after the other; the last is repeated.
    pub(super) async fn script(acts: Vec<Act>) -> Self {
        Self::start(move |_, before| acts[before.min(acts.len() - 1)].clone()).await
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    pub(super) fn calls(&self) -> usize {
        self.heard.lock().len()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// Options for a connection to it that tests can wait for.
    pub(super) fn options(&self) -> EhrOptions {
        EhrOptions {
            timeout: Duration::from_secs(2),
            first_wait: Duration::from_millis(5),
            ..EhrOptions::new(self.base.clone(), "https://gate.example/fhir/r4".parse().unwrap())
        }
    }
}

/// A connection by these options, whose clock stands still.
pub(super) fn connect(options: &EhrOptions) -> (Ehr, Arc<ManualClock>) {
    let purpose = PurposeOptions { private_networks: true, max_body: 100_000, ..PurposeOptions::default() };
    let outbound = Outbound::new(&OutboundOptions { ehr: purpose, ..OutboundOptions::default() }).unwrap();
    let clock = ManualClock::new(Timestamp::from_millis(1_790_000_000_000));
    let ehr = Ehr::connect(options, &outbound, Arc::clone(&clock) as _, SeededRandom::new(1)).unwrap();
    (ehr, clock)
}

async fn hear(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    let body = String::from_utf8(bytes[head_end + 4..].to_vec()).ok()?;
    Some(Heard { path, headers, body })
}

async fn perform(stream: &mut TcpStream, act: Act) {
    match act {
        Act::After(wait, act) => {
            tokio::time::sleep(wait).await;
            Box::pin(perform(stream, *act)).await;
        }
        Act::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Reset => {
            let _ = stream.set_zero_linger();
        }
        Act::Answer(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.extend([name, ": ", value.as_str(), "\r\n"]);
            }
            head.push_str("\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
            let _ = stream.shutdown().await;
        }
    }
}
