//! Hostile HTTP, as bytes on the wire, against the running program: whatever comes, no 500, no panic, nobody's data, an answer in the
//! form that the caller expects; and the program goes on, no bigger than before.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::Demo;

const MARK: &str = "evil.example";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

struct Target {
    address: SocketAddr,
    /// What nobody may be told who is not signed in.
    secrets: Vec<String>,
    seen: BTreeMap<u16, u32>,
}

/// The answers in a stream of bytes, each as status, head in lower case, and body.
fn answers(bytes: &[u8]) -> Vec<(u16, String, Vec<u8>)> {
    let mut answers = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..at]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let body = &rest[at + 4..];
        let length = field("content-length:").and_then(|length| length.parse().ok());
        let length =
            if matches!(status, 100..200) { 0 } else { length.unwrap_or(body.len()).min(body.len()) };
        answers.push((status, head.clone(), body[..length].to_vec()));
        rest = &body[length..];
    }
    answers
}

impl Target {
    fn send(&self, request: &[u8]) -> Vec<u8> {
        let Ok(mut stream) = TcpStream::connect(self.address) else { panic!("it does not listen any more") };
        stream.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        // The server may close in the middle of it.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let mut part = [0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut part) {
            answer.extend_from_slice(&part[..read]);
            // What is kept open after a whole answer has nothing more to say.
            if answers(&answer).last().is_some_and(|(_, head, body)| {
                head.lines().any(|line| line == format!("content-length: {}", body.len()))
            }) {
                stream.set_read_timeout(Some(Duration::from_millis(60))).unwrap();
            }
        }
        answer
    }

    /// Sends it and judges what comes back; the statuses.
    fn check(&mut self, request: &[u8]) -> Vec<u16> {
        let answer = self.send(request);
        let shown = || String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
        let said = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.") || !said.contains("HTTP/1."),
            "{}: {said}",
            shown()
        );
        assert!(!said.contains(MARK), "the caller's host comes back: {} gives {said}", shown());
        for secret in &self.secrets {
            assert!(!said.contains(secret), "{} tells of {secret}: {said}", shown());
        }
        let path = shown().split(' ').nth(1).unwrap_or_default().to_owned();
        let answers = answers(&answer);
        for (status, head, body) in &answers {
            *self.seen.entry(*status).or_default() += 1;
            assert!(matches!(status, 200..500 | 503), "{} gives {status}: {said}", shown());
            // What hyper refuses before there is a request has no body and no id.
            if *status < 400 || body.is_empty() || !head.contains("x-request-id") {
                continue;
            }
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            let is = |kind: &str| head.contains(&format!("content-type: {kind}"));
            if path.starts_with("/fhir/r4") && !path.contains("well-known") {
                assert_eq!(json["resourceType"], "OperationOutcome", "{} gives {said}", shown());
            } else if ["/oauth/token", "/oauth/register", "/oauth/revoke", "/oauth/introspect"]
                .contains(&&*path)
            {
                assert!(json["error"].is_string(), "{} gives {said}", shown());
            } else if !path.starts_with("/oauth") {
                assert!(is("text/html") || json.is_object(), "{} gives {said}", shown());
            }
        }
        answers.iter().map(|(status, ..)| *status).collect()
    }
}

/// Paths of every kind.
const PATHS: &[&str] = &[
    "/",
    "/sign-in",
    "/patients/x",
    "/patients/search",
    "/staff/accounts",
    "/account/apps",
    "/family",
    "/assets/x/app.css",
    "/apps/record-viewer/index.html",
    "/developers/examples/app.py",
    "/oauth/authorize",
    "/oauth/token",
    "/oauth/register",
    "/oauth/register/x",
    "/oauth/introspect",
    "/oauth/revoke",
    "/oauth/userinfo",
    "/oauth/par",
    "/oauth/jwks",
    "/brands.json",
    "/fhir/r4",
    "/fhir/r4/metadata",
    "/fhir/r4/Patient",
    "/fhir/r4/Patient/1",
    "/fhir/r4/Observation?patient=1",
    "/fhir/r4/Binary/1",
    "/fhir/r4/Patient/1/$everything",
    "/fhir/r4/Observation/_search",
    "/fhir/r4/.well-known/smart-configuration",
    "/nowhere",
];

/// Ways to spoil a path.
const TAILS: &[&str] = &[
    "",
    "/",
    "//",
    "/../..",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%00",
    "/%ff%fe",
    "/%",
    "/%zz",
    "/\\..\\",
    "/;a=b",
    "/%0d%0aset-cookie:x=1",
    "?%00=%ff",
    "?a=%",
    "?&&=&",
    "?_page=AAAA",
    "?next=//evil.example",
    "?redirect_uri=https://evil.example&client_id=x",
    "?\u{e9}",
    "?_format=%ff",
    "?_elements=%00",
    "?access_token=x",
    "?launch=%ff&iss=https://evil.example",
];

/// Request heads and bodies that are wrong by themselves; `{}` stands for the path.
fn shapes() -> Vec<String> {
    let long = "x".repeat(100_000);
    let many = "x-many: y\r\n".repeat(300);
    let deep = "[".repeat(20_000);
    let mut shapes: Vec<String> = [
        // Smuggling.
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /fhir/r4/Patient HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: +4\r\n\r\nabcd",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nx-trailer: y\r\n\r\n",
        "GET {} HTTP/1.1\nhost: a\n\n",
        "GET {} HTTP/1.1\r\n host: a\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n",
        // Lines.
        "GET {} HTTP/1.0\r\n\r\n",
        "GET {} HTTP/0.9\r\n\r\n",
        "GET {} HTTP/2.0\r\nhost: a\r\n\r\n",
        "GET {} HTTP/1.1\r\n\r\n",
        "GET {}\r\n\r\n",
        "GET  {}  HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://evil.example{} HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: evil.example\r\nx-forwarded-host: evil.example\r\nforwarded: host=evil.example\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nhost: evil.example\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nx-forwarded-for: ' or 1=1\r\nx-forwarded-proto: gopher\r\nx-request-id: \x01\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
        "TRACE {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer x\r\n\r\n",
        "\0\x01\x02 {} HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET {}\0 HTTP/1.1\r\nhost: a\r\n\r\n",
        "G\u{e9}T {} HTTP/1.1\r\nhost: a\r\n\r\n",
        "PROPFIND {} HTTP/1.1\r\nhost: a\r\n\r\n",
        "DELETE {} HTTP/1.1\r\nhost: a\r\n\r\n",
        "PUT {} HTTP/1.1\r\nhost: a\r\ncontent-type: application/fhir+json\r\ncontent-length: 2\r\n\r\n{}",
        "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0garbage garbage garbage",
        // Headers.
        "GET {} HTTP/1.1\r\nhost: a\r\naccept: \x7f;q=zz,,;;,*/*;q=-1\r\nif-none-match: W/\"\r\nif-modified-since: x\r\nrange: bytes=9-1\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\nupgrade: h2c, websocket\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\ncookie: chartgate=x; chartgate=y; ;;=;\r\norigin: null\r\nreferer: javascript:x\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer\r\nauthorization: Bearer a\r\nauthorization: Basic !!!!\r\ndpop: a.b.c\r\ndpop: a.b.c\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \u{e9}\u{e9}\r\n\r\n",
        "GET {} HTTP/1.1\r\nhost: a\r\nauthorization: Basic Og==\r\naccept-encoding: gzip;q=1e99, \u{fc}\r\n\r\n",
        "OPTIONS {} HTTP/1.1\r\nhost: a\r\norigin: https://evil.test\r\naccess-control-request-method: \x7f\r\naccess-control-request-headers: a,,b\r\n\r\n",
        // Bodies.
        "POST {} HTTP/1.1\r\nhost: a\r\nFORMcontent-length: 9\r\n\r\n%ff=%00&a",
        "POST {} HTTP/1.1\r\nhost: a\r\nFORMcontent-length: 30\r\n\r\ngrant_type=%ff&scope=%00&code=%",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-type: application/fhir+json;;;charset=\r\ncontent-length: 5\r\n\r\nnull ",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 12\r\n\r\n--x\r\n\r\n--x--\r\n",
        "POST {} HTTP/1.1\r\nhost: a\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x7f\x08\0",
    ]
    .iter()
    .map(|shape| shape.replacen("FORM", FORM, 1))
    .collect();
    shapes.extend([
        format!("GET {{}}?{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET {{}} HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", long.repeat(10)),
        format!("GET {{}} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {long}\r\n\r\n"),
        format!("GET {{}} HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
        format!("POST {{}} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{deep}", deep.len()),
        format!("POST {{}} HTTP/1.1\r\nhost: a\r\n{FORM}content-length: {}\r\n\r\na={}", long.len() * 8 + 2, long.repeat(8)),
    ]);
    shapes
}

fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn open_files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}

fn start(folder: &Path) -> (Demo, Target) {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let demo = Demo::start_with(&folder.join("data"), &[], Stdio::from(log));
    let place = demo.text("portal").strip_prefix("http://localhost:").expect("on this machine").to_owned();
    let patients = demo.said["patients"].as_array().unwrap();
    let secrets = patients
        .iter()
        .flat_map(|patient| ["mrn", "name"].map(|key| patient[key].as_str().unwrap().to_owned()));
    let address = SocketAddr::from(([127, 0, 0, 1], place.parse().unwrap()));
    let target = Target { address, secrets: secrets.collect(), seen: BTreeMap::new() };
    (demo, target)
}

#[test]
fn hostile_bytes_are_answered_in_good_order_and_the_program_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, mut target) = start(folder.path());
    let shapes = shapes();
    // Every path with every tail, then every shape with some paths: thousands for `FUZZ_SECONDS`, a few hundred in any case.
    for path in PATHS {
        for tail in TAILS.iter().step_by(if *path == "/fhir/r4/Patient" { 1 } else { 5 }) {
            let request = format!("GET {path}{tail} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            target.check(request.as_bytes());
        }
    }
    for (number, shape) in shapes.iter().enumerate() {
        for turn in 0..2 {
            let path = PATHS[(number * 7 + turn * 13) % PATHS.len()];
            target.check(shape.replacen("{}", path, 1).as_bytes());
        }
    }
    let (before, files) = (resident(demo.id()), open_files(demo.id()));
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|value| value.parse().ok()).unwrap_or(2);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut dice = crate::fuzz::Dice::new(crate::fuzz::number("FUZZ_SEED", 1));
    let corpus: Vec<Vec<u8>> =
        shapes.iter().filter(|shape| shape.len() < 4000).map(|shape| shape.clone().into_bytes()).collect();
    while Instant::now() < end {
        let mut request = corpus[dice.below(corpus.len())].clone();
        let path = format!("{}{}", PATHS[dice.below(PATHS.len())], TAILS[dice.below(TAILS.len())]);
        request = String::from_utf8_lossy(&request).replacen("{}", &path, 1).into_bytes();
        for _ in 0..=dice.below(3) {
            dice.change(&mut request, &corpus);
        }
        // A mark that a change has made part of a query may come back in it.
        if String::from_utf8_lossy(&request).contains(MARK) {
            continue;
        }
        target.check(&request);
    }
    let statement = target.check(b"GET /fhir/r4/metadata HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(matches!(statement[..], [200 | 429]), "{statement:?}");
    assert_eq!(target.check(b"GET /sign-in HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"), [200]);
    let grown = resident(demo.id()).saturating_sub(before);
    assert!(grown < 64 * 1024, "grown by {grown} kB");
    assert!(open_files(demo.id()) <= files + 64, "{} files are open", open_files(demo.id()));
    println!("{:?}, grown by {grown} kB", target.seen);
    assert!(target.seen.len() >= 6 && target.seen.values().sum::<u32>() > 200, "{:?}", target.seen);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
    for secret in &target.secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
