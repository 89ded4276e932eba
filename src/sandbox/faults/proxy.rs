//! The proxy itself: passes a request on, and does to the answer what the schedule says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

use super::alter::{self, About, STRANGER};
use super::fault::Fault;
use super::schedule::{Course, Schedule};
use super::wire::{Answer, Manner, Request, hear, speak};
use crate::domain::clock::{SharedClock, Timestamp};
use crate::outbound::{HttpClient, Outbound, OutboundOptions, OutboundRequest, Purpose, PurposeOptions};

/// Where the schedule is set and what was passed on is told.
const CONTROL: &str = "/.faults";

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// Another base of the EHR, for [`Fault::OtherBase`].
const OTHER_BASE: &str = "http://ehr.internal:8080";

/// How the proxy runs.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// Where it listens; port 0 for a free one.
    pub listen: SocketAddr,
    /// Scheme, host and port of the FHIR server.
    pub upstream: Url,
    /// What "slow" means.
    pub slow: Duration,
    /// For dates.
    pub clock: SharedClock,
}

/// A request that was passed on.
#[derive(Clone, Debug, Serialize)]
pub struct Passed {
    /// Method, path and query.
    pub request: String,
    /// `Host` as the client named it.
    pub host: String,
    /// What happened to it.
    pub fault: Option<Fault>,
}

/// A proxy, cheap to clone.
#[derive(Clone, Debug)]
pub struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: String,
    address: SocketAddr,
    upstream: String,
    slow: Duration,
    clock: SharedClock,
    http: HttpClient,
    course: Mutex<Course>,
    passed: Mutex<Vec<Passed>>,
    last_entry: Mutex<Option<Value>>,
    refusing: watch::Sender<bool>,
}

impl Proxy {
    /// Begins to listen. The proxy ends with the runtime.
    pub async fn start(options: ProxyOptions) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let upstream = PurposeOptions {
            private_networks: true,
            max_body: 256 * 1024 * 1024,
            total_timeout: Duration::from_mins(5),
            ..PurposeOptions::default()
        };
        let outbound = Outbound::new(&OutboundOptions { ehr: upstream, ..OutboundOptions::default() });
        let outbound = outbound.map_err(std::io::Error::other)?;
        let proxy = Self(Arc::new(Inner {
            own: format!("http://{address}"),
            address,
            upstream: options.upstream.origin().ascii_serialization(),
            slow: options.slow,
            clock: options.clock,
            http: outbound.client(Purpose::Ehr),
            course: Mutex::new(Course::new(Schedule::default())),
            passed: Mutex::default(),
            last_entry: Mutex::default(),
            refusing: watch::Sender::new(false),
        }));
        tokio::spawn(proxy.clone().run(listener));
        Ok(proxy)
    }

    /// Its origin, such as `http://127.0.0.1:9100`.
    pub fn origin(&self) -> &str {
        &self.0.own
    }

    /// A new schedule from here on.
    pub fn set(&self, schedule: Schedule) {
        self.0.refusing.send_replace(schedule.faults.contains(&Fault::Refused));
        *self.0.course.lock() = Course::new(schedule);
        *self.0.last_entry.lock() = None;
    }

    /// No more faults.
    pub fn heal(&self) {
        self.set(Schedule::default());
    }

    /// What was passed on since it was last asked.
    pub fn take_passed(&self) -> Vec<Passed> {
        std::mem::take(&mut *self.0.passed.lock())
    }

    async fn run(self, listener: TcpListener) {
        let mut refusing = self.0.refusing.subscribe();
        let mut listener = Some(listener);
        loop {
            if *refusing.borrow_and_update() {
                drop(listener.take());
                if refusing.changed().await.is_err() {
                    return;
                }
                continue;
            }
            let Some(open) = &listener else {
                listener = TcpListener::bind(self.0.address).await.ok();
                if listener.is_none() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                continue;
            };
            tokio::select! {
                accepted = open.accept() => {
                    if let Ok((stream, _)) = accepted {
                        let proxy = self.clone();
                        tokio::spawn(async move { proxy.connection(stream).await });
                    }
                }
                changed = refusing.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn connection(&self, mut stream: TcpStream) {
        // It was let in before the listener was gone.
        if *self.0.refusing.borrow() {
            return;
        }
        let _ = stream.set_nodelay(true);
        // It was taken in the moment before nobody listened any more.
        if *self.0.refusing.borrow() {
            let _ = stream.set_zero_linger();
            return;
        }
        let Some(request) = hear(&mut stream).await else { return };
        if request.target == CONTROL {
            let answer = self.control(&request);
            return speak(&mut stream, &answer, Manner::Plain).await;
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let fault = self.0.course.lock().next(path);
        self.note(&request, fault);
        let (answer, manner) = self.answer(&request, fault).await;
        speak(&mut stream, &answer, manner).await;
    }

    fn control(&self, request: &Request) -> Answer {
        let answer =
            |status, body: Vec<u8>| Answer { status, headers: content_type("application/json"), body };
        if request.method == Method::GET {
            return answer(200, serde_json::to_vec(&*self.0.passed.lock()).unwrap_or_default());
        }
        match serde_json::from_slice(&request.body) {
            Ok(schedule) => {
                self.0.passed.lock().clear();
                self.set(schedule);
                answer(200, b"{}".to_vec())
            }
            Err(wrong) => answer(400, wrong.to_string().into_bytes()),
        }
    }

    fn note(&self, request: &Request, fault: Option<Fault>) {
        let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let mut passed = self.0.passed.lock();
        if passed.len() < REMEMBERED {
            passed.push(Passed {
                request: format!("{} {}", request.method, request.target),
                host: host.unwrap_or_default().to_owned(),
                fault,
            });
        }
    }

    /// The answer and the manner of giving it.
    async fn answer(&self, request: &Request, fault: Option<Fault>) -> (Answer, Manner) {
        if let Some(fault) = fault
            && let Some(answer) = self.without_upstream(fault)
        {
            return (answer, Manner::Plain);
        }
        match fault {
            Some(Fault::SlowHeaders | Fault::TokenSlow) => tokio::time::sleep(self.0.slow).await,
            Some(Fault::ResetBeforeHeaders) => return (status(500), Manner::Reset),
            _ => {}
        }
        let mut answer = self.ask(request, fault).await;
        let Some(fault) = fault else { return (answer, Manner::Plain) };
        self.alter(fault, &mut answer, request);
        let manner = match fault {
            Fault::SlowBody => Manner::LateBody(self.0.slow),
            Fault::Trickle => Manner::Trickle(self.0.slow / 20),
            Fault::ResetInBody => Manner::HalfThenReset,
            Fault::ShortLength => Manner::Misstated(-20),
            Fault::LongLength => Manner::Misstated(20),
            _ => Manner::Plain,
        };
        (answer, manner)
    }

    /// Answers for which nobody has to be asked.
    fn without_upstream(&self, fault: Fault) -> Option<Answer> {
        let with = |code, name: HeaderName, value: &str| {
            let mut answer = status(code);
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers.insert(name, value);
            }
            answer
        };
        let fhir = |status| Answer {
            status,
            headers: content_type("application/fhir+json"),
            body: alter::outcome().to_string().into_bytes(),
        };
        let now = self.0.clock.now();
        Some(match fault {
            Fault::LoginPage => {
                let body = b"<!DOCTYPE html><html><title>Sign in</title><form></form></html>".to_vec();
                Answer { status: 200, headers: content_type("text/html; charset=utf-8"), body }
            }
            Fault::EmptyBody => Answer { headers: content_type("application/fhir+json"), ..status(200) },
            Fault::Throttled => status(429),
            Fault::ThrottledSeconds => with(429, header::RETRY_AFTER, "120"),
            Fault::ThrottledDate => with(429, header::RETRY_AFTER, &date(now.plus(Duration::from_mins(3)))),
            Fault::ThrottledForEver => with(429, header::RETRY_AFTER, &u64::MAX.to_string()),
            Fault::Unavailable | Fault::TokenDown => status(503),
            Fault::ServerError => fhir(500),
            Fault::Rejected => fhir(400),
            Fault::Redirect => with(302, header::LOCATION, &format!("{}/login?from={STRANGER}", self.0.own)),
            Fault::TokenExpired => with(401, header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""),
            Fault::NotModifiedUnasked => status(304),
            _ => return None,
        })
    }

    /// What the FHIR server says, with its own origin replaced by the proxy's.
    async fn ask(&self, request: &Request, fault: Option<Fault>) -> Answer {
        let mut target = alter::strip(&request.target);
        match fault {
            Some(Fault::PageCap) => target = with_count(&target, 2),
            Some(Fault::IgnoredParameters) => {
                let stranger = self.0.course.lock().schedule.stranger.clone();
                target = for_others_too(&target, stranger.as_deref().unwrap_or(STRANGER));
            }
            _ => {}
        }
        let Ok(url) = format!("{}{target}", self.0.upstream).parse() else { return status(400) };
        let mut headers = request.headers.clone();
        for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION, header::ACCEPT_ENCODING] {
            headers.remove(name);
        }
        let body = request.body.clone().into();
        let asked = OutboundRequest { method: request.method.clone(), url, headers, body };
        let Ok(answer) = self.0.http.send(asked).await else { return status(502) };
        let (parts, body) = answer.into_parts();
        let mut headers = parts.headers;
        for name in [header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let body = replace(&body, &self.0.upstream, &self.0.own);
        Answer { status: parts.status.as_u16(), headers, body }
    }

    fn alter(&self, fault: Fault, answer: &mut Answer, request: &Request) {
        if answer.status != 200 {
            return;
        }
        let tomorrow = date(self.0.clock.now().plus(Duration::from_hours(24)));
        let set = |answer: &mut Answer, name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.headers.append(name, value);
            }
        };
        match fault {
            Fault::PlainText => answer.headers = content_type("text/plain"),
            Fault::ClockSkew => {
                for name in [header::LAST_MODIFIED, header::DATE, header::CACHE_CONTROL] {
                    answer.headers.remove(name);
                }
                set(answer, header::DATE, &tomorrow);
                set(answer, header::LAST_MODIFIED, &tomorrow);
                set(answer, header::AGE, &u64::MAX.to_string());
                set(answer, header::CACHE_CONTROL, "max-age=18446744073709551615");
            }
            Fault::OddTags => {
                answer.headers.remove(header::ETAG);
                for tag in ["unquoted", "W/\"", "\"\"", &"x".repeat(20_000)] {
                    set(answer, header::ETAG, tag);
                }
            }
            Fault::GzipBomb => {
                set(answer, header::CONTENT_ENCODING, "gzip");
                answer.body = bomb();
            }
            Fault::OtherBase => answer.body = replace(&answer.body, &self.0.own, OTHER_BASE),
            _ => self.alter_json(fault, answer, request),
        }
    }

    fn alter_json(&self, fault: Fault, answer: &mut Answer, request: &Request) {
        let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        if let Some(life) = match fault {
            Fault::TokenSkew => Some(0),
            Fault::TokenForEver => Some(u64::MAX),
            _ => None,
        } && let Some(token) = body.as_object_mut()
        {
            token.insert("expires_in".to_owned(), life.into());
        }
        let last = body.get("entry").and_then(|entries| entries.as_array()?.last().cloned());
        let before = self.0.last_entry.lock().clone();
        let about = About { own: &self.0.own, target: &request.target, before: before.as_ref() };
        alter::content(fault, &mut body, &about);
        if last.is_some() {
            *self.0.last_entry.lock() = last;
        }
        answer.body = alter::text(fault, body.to_string());
    }
}

fn status(status: u16) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Vec::new() }
}

fn content_type(text: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(text))])
}

fn date(at: Timestamp) -> String {
    let seconds = u64::try_from(at.as_seconds()).unwrap_or_default();
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds))
}

fn replace(body: &[u8], from: &str, to: &str) -> Vec<u8> {
    match std::str::from_utf8(body) {
        Ok(text) => text.replace(from, to).into_bytes(),
        Err(_) => body.to_vec(),
    }
}

fn with_count(target: &str, count: usize) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let kept = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("_count="));
    let query: Vec<String> = kept.map(str::to_owned).chain([format!("_count={count}")]).collect();
    format!("{path}?{}", query.join("&"))
}

/// The search for the patient and for the stranger too: what an EHR says that ignores `patient`, as far as it shows.
fn for_others_too(target: &str, stranger: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let others = |part: &str| match part.split_once('=') {
        Some((name @ ("patient" | "subject"), value)) => format!("{name}={value},{stranger}"),
        _ => part.to_owned(),
    };
    format!("{path}?{}", query.split('&').map(others).collect::<Vec<_>>().join("&"))
}

/// Forty million zero bytes as gzip (RFC 1952): one block with fixed codes (RFC 1951, 3.2.6), a zero and repetitions of it.
/// The checksum is missing, as nobody should get that far.
fn bomb() -> Vec<u8> {
    const ZEROES: usize = 40_000_000;
    /// The code of length 258, then that of distance 1; codes are sent from their highest bit on.
    const AGAIN: &str = "1100010100000";
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut byte, mut filled) = (0_u8, 0);
    let block = ["1", "10", "00110000"].into_iter().chain(std::iter::repeat_n(AGAIN, ZEROES / 258));
    for bit in block.flat_map(str::bytes) {
        byte |= (bit - b'0') << filled;
        filled += 1;
        if filled == 8 {
            bytes.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    bytes.push(byte);
    bytes
}
