//! Many at the same instant, on two processes over one database: what counts once counts once, and what a second use ends is
//! ended everywhere.

use std::time::Duration;

use chartgate::credentials::signing::SigningAlgorithm;
use chartgate::domain::client::{Client, Launch, LaunchContext};
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::{AccountId, FhirId};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::Value;

use super::harness::{Answer, Server, backend, borrowed, confidential, exchange, public, request, set};
use super::signing::{ClientKey, JWT_BEARER};
use crate::support::databases::Kind;

const SCOPE: &str = "openid offline_access user/*.rs";
const MANY: usize = 8;

/// Two processes and an app that needs no consent.
struct Pair {
    nodes: [Server; 2],
    app: Client,
}

impl Pair {
    async fn new(kind: Kind) -> Self {
        let one = Server::on(kind).await;
        let app = one.add(Client { trusted: true, ..public("app") }).await;
        one.add(confidential("auditor", "s")).await;
        let two = one.other().await;
        Self { nodes: [one, two], app }
    }

    fn node(&self, number: usize) -> &Server {
        &self.nodes[number % 2]
    }

    async fn code(&self) -> String {
        let answer =
            self.nodes[0].signed_in("ana").await.authorize(&borrowed(&request(&self.app, SCOPE))).await;
        answer.code()
    }

    async fn exchange(&self, node: usize, code: &str) -> Answer {
        self.node(node).token(&borrowed(&exchange(&self.app, code))).await
    }

    async fn tokens(&self) -> Value {
        self.exchange(0, &self.code().await).await.ok()
    }

    async fn refresh(&self, node: usize, token: &Value) -> Answer {
        let token = token["refresh_token"].as_str().unwrap();
        let fields = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)];
        self.node(node).token(&fields).await
    }

    async fn revoke(&self, node: usize, token: &Value) {
        let fields = [("client_id", "app"), ("token", token["refresh_token"].as_str().unwrap())];
        self.node(node).form("/oauth/revoke", &[], &fields).await.ok();
    }

    /// Whether the access token counts: the same on both nodes, once they know of each other.
    async fn is_live(&self, tokens: &Value) -> bool {
        let fields = [
            ("client_id", "auditor"),
            ("client_secret", "s"),
            ("token", tokens["access_token"].as_str().unwrap()),
        ];
        let mut said = Vec::new();
        for node in &self.nodes {
            node.store.refresh().await.unwrap();
            said.push(node.form("/oauth/introspect", &[], &fields).await.ok()["active"] == true);
        }
        assert_eq!(said[0], said[1], "both nodes say the same");
        said[0]
    }

    /// The access token and the refresh token are dead on both nodes.
    async fn is_dead(&self, tokens: &Value) -> bool {
        let live = self.is_live(tokens).await;
        let refused = self.refresh(0, tokens).await;
        !live && refused.error() == (400, "invalid_grant".to_owned())
    }
}

/// The answers that succeeded; every other is this error and nothing else.
fn winners(answers: Vec<Answer>, status: u16, error: &str) -> Vec<Value> {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
    for answer in lost {
        assert_eq!(answer.error(), (status, error.to_owned()));
    }
    won.iter().map(Answer::json).collect()
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_of_many_at_once_works_once_and_what_came_of_it_ends(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    for _ in 0..5 {
        let code = pair.code().await;
        let answers = join_all((0..MANY).map(|number| pair.exchange(number, &code))).await;
        let won = winners(answers, 400, "invalid_grant");
        assert_eq!(won.len(), 1);
        assert!(pair.is_dead(&won[0]).await, "the others were second uses");
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refresh_token_of_many_at_once_works_once_and_the_family_ends(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    for _ in 0..5 {
        let first = pair.tokens().await;
        let answers = join_all((0..MANY).map(|number| pair.refresh(number, &first))).await;
        let won = winners(answers, 400, "invalid_grant");
        assert_eq!(won.len(), 1);
        assert!(!pair.is_live(&first).await);
        assert!(pair.is_dead(&won[0]).await, "the others were second uses");
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn row_336_an_assertion_of_many_at_once_counts_once(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    let key = ClientKey::new(SigningAlgorithm::Es384);
    pair.nodes[0].add(backend("system", &key.jwks())).await;
    pair.nodes[1].store.refresh().await.unwrap();
    for round in 0..5 {
        let assertion = key.assertion(&pair.nodes[0], "system", &format!("j-{round}"));
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "system/*.rs"),
            ("client_assertion_type", JWT_BEARER),
            ("client_assertion", assertion.as_str()),
        ];
        let answers = join_all((0..MANY).map(|number| pair.node(number).token(&fields))).await;
        assert_eq!(winners(answers, 401, "invalid_client").len(), 1);
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn row_352_a_launch_of_many_at_once_is_taken_once(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    let ana = AccountId::parse("ana").unwrap();
    let browsers = [pair.nodes[0].signed_in("ana").await, pair.nodes[1].signed_in("ana").await];
    for _ in 0..5 {
        let token = PlainToken::generate(TokenKind::Launch, &SystemRandom);
        let launch = Launch {
            hash: token.hash(),
            client: pair.app.id.clone(),
            account: ana.clone(),
            context: LaunchContext { patient: FhirId::parse("mia").ok(), ..LaunchContext::default() },
            expires_at: pair.nodes[0].clock.now().plus(Duration::from_mins(5)),
        };
        pair.nodes[0].store.insert_launch(&launch).await.unwrap();
        let fields = set(&request(&pair.app, "launch patient/*.rs"), "launch", token.expose());
        let fields = borrowed(&fields);
        let answers = join_all((0..MANY).map(|number| browsers[number % 2].authorize(&fields))).await;
        let (taken, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.location().starts_with("/oauth/authorize"));
        assert_eq!(taken.len(), 1);
        assert!(refused.iter().all(|answer| answer.app_error() == "invalid_request"));
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_outlives_a_revocation_that_it_raced_with(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    let ana = AccountId::parse("ana").unwrap();
    for _ in 0..8 {
        let code = pair.code().await;
        let by_user = pair.nodes[1].store.revoke_authorizations_of(&ana, None);
        let (answer, revoked) = tokio::join!(pair.exchange(0, &code), by_user);
        revoked.unwrap();
        if answer.status.is_success() {
            assert!(pair.is_dead(&answer.json()).await, "the user took back what the code stands for");
        }
        let first = pair.tokens().await;
        let (answer, ()) = tokio::join!(pair.refresh(0, &first), pair.revoke(1, &first));
        if answer.status.is_success() {
            assert!(pair.is_dead(&answer.json()).await, "the app gave up what the token stands for");
        }
        assert!(!pair.is_live(&first).await);
    }
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rfc_9126_4_a_pushed_request_of_many_at_once_is_taken_once(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    let browsers = [pair.nodes[0].signed_in("ana").await, pair.nodes[1].signed_in("ana").await];
    for _ in 0..5 {
        let request_uri = super::par::pushed(&pair.nodes[0], &request(&pair.app, SCOPE)).await;
        let fields = [("client_id", "app"), ("request_uri", request_uri.as_str())];
        let answers = join_all((0..MANY).map(|number| browsers[number % 2].authorize(&fields))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status.is_redirection()).count(), 1);
        assert!(answers.iter().all(|a| a.status.is_redirection() || a.status.as_u16() == 400));
    }
}

/// What happened to one grant, seen from outside: when it was asked, when it was answered, and what.
#[derive(Clone, Copy, Debug)]
struct Seen {
    what: What,
    asked: std::time::Instant,
    answered: std::time::Instant,
    succeeded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Code,
    Refresh,
    Revoke,
    UserRevokes,
}

/// One grant, as anybody can see it to be right: a code spent or not, a first refresh token spent or not, ended or not.
#[derive(Clone, Copy)]
struct Grant {
    code_spent: bool,
    refresh_spent: bool,
    ended: bool,
}

impl Grant {
    /// What a request comes to, and the grant after it.
    fn apply(mut self, what: What) -> (bool, Self) {
        let succeeds = match what {
            What::Code | What::Refresh => {
                let spent = if what == What::Code { &mut self.code_spent } else { &mut self.refresh_spent };
                let succeeds = !*spent && !self.ended;
                self.ended |= *spent;
                *spent = true;
                succeeds
            }
            What::Revoke | What::UserRevokes => {
                self.ended = true;
                true
            }
        };
        (succeeds, self)
    }
}

/// Whether there is an order of the requests, each somewhere between being asked and being answered, in which one after the
/// other they come to what was seen, and the grant to `ended`.
fn is_linear(seen: &[Seen], grant: Grant, ended: bool) -> bool {
    if seen.is_empty() {
        return grant.ended == ended;
    }
    let first_answer = seen.iter().map(|one| one.answered).min();
    (0..seen.len()).any(|at| {
        let one = seen[at];
        if Some(one.asked) > first_answer {
            return false;
        }
        let (succeeded, after) = grant.apply(one.what);
        let rest: Vec<_> = seen.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, one)| *one).collect();
        succeeded == one.succeeded && is_linear(&rest, after, ended)
    })
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_histories_are_as_if_one_after_the_other(#[case] kind: Kind) {
    let pair = Pair::new(kind).await;
    let ana = AccountId::parse("ana").unwrap();
    let rounds = std::env::var("CHARTGATE_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24_usize);
    let mut unlike = 0;
    for round in 0..rounds {
        let code = pair.code().await;
        let tokens = pair.exchange(0, &code).await.ok();
        // A mixture that differs from round to round: refreshes and replays of the code, at times a revocation.
        let mut mixture = vec![What::Refresh, What::Refresh];
        mixture
            .extend([What::Code, What::Revoke, What::UserRevokes, What::Refresh].into_iter().take(round % 4));
        mixture.rotate_left(round % 3);
        let answers = join_all(mixture.iter().enumerate().map(|(number, what)| {
            let (pair, code, tokens, ana) = (&pair, &code, &tokens, &ana);
            async move {
                let asked = std::time::Instant::now();
                let succeeded = match what {
                    What::Code => pair.exchange(number + round, code).await.status.is_success(),
                    What::Refresh => pair.refresh(number + round, tokens).await.status.is_success(),
                    What::Revoke => {
                        pair.revoke(number + round, tokens).await;
                        true
                    }
                    What::UserRevokes => {
                        pair.node(number).store.revoke_authorizations_of(ana, None).await.is_ok()
                    }
                };
                Seen { what: *what, asked, answered: std::time::Instant::now(), succeeded }
            }
        }))
        .await;
        let ended = !pair.is_live(&tokens).await;
        let before = Grant { code_spent: true, refresh_spent: false, ended: false };
        assert!(is_linear(&answers, before, ended), "no order explains {answers:?}, ended: {ended}");
        unlike += usize::from(answers.iter().any(|one| one.what == What::Refresh && one.succeeded));
    }
    assert!(unlike > 0, "in some round a refresh must come first");
}
