//! The program as its users start it: the demo, and the other commands on its data while it runs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_chartgate");

/// A running demo, stopped when dropped.
pub struct Demo {
    child: Child,
    pub said: Value,
}

impl Demo {
    pub fn start(data: &Path, more: &[&str]) -> Self {
        Self::start_with(data, more, Stdio::inherit())
    }

    /// The same with what it says of itself sent there.
    pub fn start_with(data: &Path, more: &[&str], stderr: Stdio) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["demo", "--json", "--port", "0", "--patients", "20", "--data"])
            .arg(data)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, said: serde_json::from_str(&line).unwrap() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn text(&self, key: &str) -> &str {
        self.said[key].as_str().unwrap()
    }

    fn get(&self, path: &str) -> (u16, String) {
        get(&format!("{}{path}", self.text("portal")))
    }

    fn stop(mut self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
        assert!(self.child.wait().unwrap().success(), "SIGTERM ends it well");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plain GET, without a client library: the test is about the program, not about HTTP.
fn get(url: &str) -> (u16, String) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn run(arguments: &[&str], place: &Path, input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .arg("--data")
        .arg(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn says(arguments: &[&str], place: &Path, input: &str) -> String {
    let output = run(arguments, place, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn complains(arguments: &[&str], place: &Path, input: &str) -> String {
    let output = run(arguments, place, input);
    assert!(!output.status.success(), "{arguments:?} was accepted");
    String::from_utf8(output.stderr).unwrap()
}

/// Polls until `done`; other processes' changes are taken in within a fraction of a second.
fn eventually(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn names(said: &Value, list: &str, key: &str) -> Vec<String> {
    said[list].as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_demo_says_where_to_go_and_as_whom() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]);
    for key in ["portal", "fhir", "ehr", "mailbox"] {
        assert!(demo.text(key).starts_with("http://"), "{key}");
    }
    let kinds = names(&demo.said, "users", "kind");
    for kind in ["provider", "sponsored", "guardian", "staff"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}");
    }
    let clients = names(&demo.said, "clients", "kind");
    for kind in ["public", "confidential", "backend"] {
        assert!(clients.iter().any(|known| known == kind), "{kind}");
    }
    for patient in demo.said["patients"].as_array().unwrap() {
        for key in ["mrn", "id", "name", "birth_date", "story"] {
            assert!(patient[key].is_string(), "{key} of {patient}");
        }
    }
    assert_eq!(demo.get("/sign-in").0, 200);
    assert_eq!(demo.get("/fhir/r4/metadata").0, 200);
    assert_eq!(get(demo.text("mailbox")).0, 200);
    let ehr = demo.text("ehr").to_owned();
    assert_eq!(get(&format!("{ehr}/Patient/p000001")).0, 401, "the EHR demands a token");
    demo.stop();
}

#[test]
fn commands_work_on_a_demo_while_it_runs_and_its_people_stay() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let demo = Demo::start(place, &[]);

    let redirect = "http://127.0.0.1:9/callback";
    let query = format!(
        "/oauth/authorize?response_type=code&client_id=new-app&redirect_uri={redirect}&scope=launch/patient%20patient/*.rs&state=abcdefgh&aud={}&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
        demo.text("fhir")
    );
    assert_eq!(demo.get(&query).0, 400, "an unknown client is told so and not redirected");
    let add = [
        "client",
        "add",
        "--id",
        "new-app",
        "--name",
        "New App",
        "--kind",
        "confidential",
        "--redirect-uri",
        redirect,
        "--scope",
        "launch/patient patient/*.rs",
    ];
    assert!(says(&add, place, "").contains("client_secret: cgk_"));
    assert!(complains(&add, place, "").contains("registered already"));
    eventually("the new client is known to the running server", || demo.get(&query).0 == 303);
    assert!(says(&["client", "list"], place, "").contains("new-app"));
    says(&["client", "remove", "new-app"], place, "");
    eventually("the removed client is unknown again", || demo.get(&query).0 == 400);

    let added = says(
        &["practice", "add", "--id", "north", "--name", "North Clinic", "--npi", "1234567893"],
        place,
        "",
    );
    assert!(added.contains("north"));
    let user = [
        "user",
        "add",
        "--kind",
        "provider",
        "--npi",
        "1234567893",
        "--email",
        "Ana@North.example",
        "--name",
        "Ana North, MD",
    ];
    assert!(complains(&user, place, "short\n").contains("password"));
    says(&user, place, "a long and quiet river at dusk\n");
    assert!(complains(&user, place, "a long and quiet river at dusk\n").contains("already"));
    assert!(
        complains(
            &[
                "user",
                "add",
                "--kind",
                "provider",
                "--npi",
                "1234567890",
                "--email",
                "x@y.example",
                "--name",
                "X"
            ],
            place,
            ""
        )
        .contains("National Provider Identifier")
    );

    let keys_before = demo.get("/oauth/jwks").1.matches("\"kid\"").count();
    assert!(says(&["keys", "rotate"], place, "").contains("signs with it in 10 minutes"));
    assert!(says(&["keys", "list"], place, "").contains("next"));
    eventually("the next key is published before it signs", || {
        demo.get("/oauth/jwks").1.matches("\"kid\"").count() == keys_before + 1
    });
    let keys_before = keys_before + 1;
    assert!(says(&["keys", "rotate", "--now"], place, "").contains("signing with"));
    assert!(says(&["keys", "list"], place, "").contains("retiring"));
    eventually("both keys are published", || {
        demo.get("/oauth/jwks").1.matches("\"kid\"").count() == keys_before + 1
    });
    assert!(says(&["verify-audit"], place, "").contains("whole"));
    assert!(says(&["check-config"], place, "").contains("is good"));
    says(&["migrate"], place, "");

    let first = demo.said["users"].clone();
    demo.stop();
    let again = Demo::start(place, &[]);
    assert_eq!(again.said["users"], first, "a kept folder keeps its people and their passwords");
    again.stop();
}

#[test]
fn a_taken_port_and_a_wrong_key_are_said_plainly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = Command::new(PROGRAM).args(["demo", "--port", &port]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains(&format!("port {port} is taken")));

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("chartgate.toml"),
        "[server]\nlisten = \"127.0.0.1:1\"\nlisten_on = 3\n",
    )
    .unwrap();
    let complaint = complains(&["check-config"], folder.path(), "");
    assert!(complaint.contains("line 3") && complaint.contains("listen_on"), "{complaint}");
}
