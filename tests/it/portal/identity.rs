//! How people prove who they are, through the pages: set-up, second step, recovery, one's own account (S-16 to S-27, D-01 to D-04).

use std::time::Duration;

use chartgate::credentials::totp::TotpSecret;
use chartgate::domain::clock::Clock as _;
use chartgate::domain::language::Language;
use http::StatusCode;
use scraper::{Html, Selector};

use super::world::{Answer, Jar, PASSWORD, World};

const ANA: &str = "ana@example.org";
const ANSWERS: [(&str, &str); 6] = [
    ("question1", "pet"),
    ("answer1", "Captain Nemo"),
    ("question2", "job"),
    ("answer2", "The bakery"),
    ("question3", "dish"),
    ("answer3", "Pea soup"),
];

impl World {
    /// The latest mail.
    async fn mail(&self) -> chartgate::store::outbox::NewMail {
        self.store.mails(1).await.unwrap().remove(0).mail
    }

    /// Subjects of all mails, latest first.
    async fn subjects(&self) -> Vec<String> {
        let mails = self.store.mails(100).await.unwrap();
        mails.into_iter().map(|mail| mail.mail.subject).collect()
    }

    /// A link to set an account up, as it was mailed.
    async fn set_up_link(&self, email: &str) -> String {
        let account = self.store.account_by_email(email).await.unwrap().unwrap();
        let mut transaction = self.store.begin().await.unwrap();
        self.accounts.queue_set_up(&mut transaction, &account, Language::En).await.unwrap();
        transaction.commit().await.unwrap();
        let body = self.mail().await.body;
        let start = body.find("/set-up/").unwrap();
        body[start..].split_whitespace().next().unwrap().to_owned()
    }

    /// The pass code of the latest mail.
    async fn pass_code(&self) -> String {
        let body = self.mail().await.body;
        let code = body.lines().find(|line| line.len() == 8 && line.chars().all(char::is_alphanumeric));
        code.unwrap_or_else(|| panic!("no code in {body}")).to_owned()
    }

    async fn with_questions(&self, email: &str) {
        let link = self.set_up_link(email).await;
        let answer = self.submit(&mut Jar::default(), &link, &link, &chosen(PASSWORD, &ANSWERS)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    async fn password_of(&self, email: &str, password: &str) -> Answer {
        let fields = [("email", email), ("password", password)];
        self.submit(&mut Jar::default(), "/sign-in", "/sign-in", &fields).await
    }
}

fn chosen<'a>(password: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("password", password), ("again", password)], more].concat()
}

/// The secret that a page gives an authenticator app, and the field that brings it back.
fn app(page: &str) -> (TotpSecret, String) {
    let page = Html::parse_document(page);
    let one = |css: &str| page.select(&Selector::parse(css).unwrap()).next().unwrap();
    let key: String = one("ol.steps .code").text().collect();
    let bytes = totp_bytes(&key);
    (TotpSecret::from_bytes(&bytes).unwrap(), one("input[name=totp]").attr("value").unwrap().to_owned())
}

/// Base32 (RFC 4648 6) by hand.
fn totp_bytes(key: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::new());
    for c in key.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        bits = (bits << 5) | u32::try_from(value).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 255).unwrap());
        }
    }
    bytes
}

fn texts(page: &str, css: &str) -> Vec<String> {
    let page = Html::parse_document(page);
    page.select(&Selector::parse(css).unwrap()).map(|element| element.text().collect()).collect()
}

#[tokio::test]
async fn s17_from_the_mail_to_a_password_and_secure_questions() {
    let world = World::new().await;
    let link = world.set_up_link(ANA).await;
    assert!(!world.log.whats().contains(&"set_up".to_owned()));
    let mut jar = Jar::default();
    let page = world.get(&mut jar, &link).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Welcome, ana Example") && page.body.contains(ANA));
    let weak = world.submit(&mut jar, &link, &link, &chosen("too short", &ANSWERS)).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.body.contains("Use at least 15 characters"), "{}", weak.body);
    assert!(weak.body.contains("Captain Nemo"), "what was typed stays");
    let none = world.submit(&mut jar, &link, &link, &chosen("grey heron counts tiles", &[])).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "D-02: three questions");
    let twice = [("question1", "pet"), ("question2", "pet"), ("answer1", "abc"), ("answer2", "A b c")];
    let twice = world.submit(&mut jar, &link, &link, &chosen("grey heron counts tiles", &twice)).await;
    assert!(twice.body.contains("You chose this question already"));
    assert!(twice.body.contains("an answer of its own"));
    let done = world.submit(&mut jar, &link, &link, &chosen("grey heron counts tiles", &ANSWERS)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert!(done.body.contains("Your account is ready"));
    let again = world.submit(&mut jar, "/sign-in", &link, &chosen("grey heron counts hats", &ANSWERS)).await;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(again.body.contains("set up with this link before") && again.body.contains("/recover"));
    assert_eq!(world.password_of(ANA, "grey heron counts tiles").await.header("location"), "/");
}

#[tokio::test]
async fn s17_links_end_by_time_and_by_a_newer_one_and_say_the_way_on() {
    let world = World::new().await;
    let first = world.set_up_link(ANA).await;
    let second = world.set_up_link(ANA).await;
    let mut jar = Jar::default();
    let void = world.get(&mut jar, &first).await;
    assert_eq!(void.status, StatusCode::GONE);
    assert!(void.body.contains("a newer link") && void.body.contains("help@lakeside.example"));
    assert_eq!(world.get(&mut jar, &second).await.status, StatusCode::OK);
    world.clock.advance(Duration::from_hours(24 * 7));
    assert!(world.get(&mut jar, &second).await.body.contains("older than seven days"));
    for unknown in ["/set-up/cgu_unknown", "/set-up/x"] {
        assert!(world.get(&mut jar, unknown).await.body.contains("We do not know this link"));
    }
}

#[tokio::test]
async fn d03_with_an_app_eight_characters_do_and_its_codes_work_once() {
    let world = World::new().await;
    let link = world.set_up_link(ANA).await;
    let mut jar = Jar::default();
    let page = world.get(&mut jar, &link).await.body;
    let (secret, sealed) = app(&page);
    assert!(page.contains("<svg"), "a QR code");
    let fields = |code: &'static str| {
        let more = [&ANSWERS[..], &[("factor", "app"), ("code", code)]].concat();
        chosen("h3ron+Cup", &more)
    };
    let mut wrong = fields("000000");
    wrong.push(("totp", &sealed));
    let wrong = world.submit(&mut jar, &link, &link, &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("not the code that your app shows now"));
    assert_eq!(app(&wrong.body).0.bytes(), secret.bytes(), "the key stays the same after an error");
    let code = secret.code_at(world.clock.now()).unwrap();
    let mut right: Vec<(&str, &str)> = fields("").into_iter().filter(|(name, _)| *name != "code").collect();
    right.extend([("totp", sealed.as_str()), ("code", &code)]);
    let done = world.submit(&mut jar, &link, &link, &right).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let codes = texts(&done.body, ".codes li");
    assert_eq!(codes.len(), 10);

    // The password alone leads to the second step and no further.
    let mut jar = Jar::default();
    let fields = [("email", ANA), ("password", "h3ron+Cup"), ("next", "/help/privacy")];
    let step = world.submit(&mut jar, "/sign-in", "/sign-in", &fields).await;
    assert_eq!(step.header("location"), "/sign-in/second");
    assert!(!jar.has("__Host-chartgate"));
    assert_eq!(world.get(&mut jar, "/account").await.status, StatusCode::SEE_OTHER);
    // The code that set it up is used; the next period's works, once.
    let second = "/sign-in/second";
    let used = world.submit(&mut jar, second, second, &[("code", &code)]).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "a code works once");
    world.clock.advance(Duration::from_secs(30));
    let next = secret.code_at(world.clock.now()).unwrap();
    let mut other = jar.clone();
    let there = world.submit(&mut jar, second, second, &[("code", &next)]).await;
    assert_eq!(there.header("location"), "/help/privacy", "{}", there.body);
    let replay = world.submit(&mut other, second, second, &[("code", &next)]).await;
    assert_eq!(replay.status, StatusCode::UNPROCESSABLE_ENTITY, "nor in another browser");
    // A recovery code, as a person types it; once.
    let typed = codes[0].to_lowercase().replace('-', " ");
    let mut third = other.clone();
    let there = world.submit(&mut other, second, second, &[("code", &typed)]).await;
    assert_eq!(there.status, StatusCode::SEE_OTHER);
    assert!(
        world.subjects().await[0].contains("A recovery code was used")
            || world.subjects().await[1].contains("A recovery code was used")
    );
    let replay = world.submit(&mut third, second, second, &[("code", &typed)]).await;
    assert_eq!(replay.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Guessing is slowed down, never locked for good (D-04).
    let mut last = StatusCode::OK;
    for _ in 0..6 {
        last = world.submit(&mut third, second, second, &[("code", "123456")]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(Duration::from_mins(9));
    let late = secret.code_at(world.clock.now()).unwrap();
    assert_eq!(
        world.submit(&mut third, second, second, &[("code", &late)]).await.status,
        StatusCode::SEE_OTHER
    );
    // Ten minutes after the password the second step is over.
    let fields = [("email", ANA), ("password", "h3ron+Cup")];
    let mut slow = Jar::default();
    world.submit(&mut slow, "/sign-in", "/sign-in", &fields).await;
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(world.get(&mut slow, second).await.header("location"), "/sign-in");
}

#[tokio::test]
async fn s22_s25_d01_a_mailed_pass_code_and_the_questions_give_a_new_password() {
    let world = World::new().await;
    world.with_questions(ANA).await;
    let mut session = world.sign_in("ana").await;
    let mut jar = Jar::default();
    // The same answer whether there is an account.
    let before = world.subjects().await.len();
    let nobody = world.submit(&mut jar, "/recover", "/recover", &[("email", "nobody@example.org")]).await;
    assert_eq!(nobody.header("location"), "/recover/code");
    assert_eq!(world.subjects().await.len(), before);
    let page = world.get(&mut jar, "/recover/code").await.body;
    assert!(page.contains("If there is an account for nobody@example.org"));
    let wrong = world.submit(&mut jar, "/recover/code", "/recover/code", &[("code", "ABCDEFGH")]).await;
    let words = texts(&wrong.body, ".error-summary li");

    world.submit(&mut jar, "/recover", "/recover", &[("email", " Ana@Example.org ")]).await;
    let first = world.pass_code().await;
    world.submit(&mut jar, "/recover", "/recover", &[("email", ANA)]).await;
    let second = world.pass_code().await;
    let code = "/recover/code";
    let void = world.submit(&mut jar, code, code, &[("code", &first)]).await;
    assert_eq!(void.status, StatusCode::UNPROCESSABLE_ENTITY, "S-25: a new one voids the old");
    assert_eq!(texts(&void.body, ".error-summary li"), words, "as for an address without an account");
    assert_eq!(world.get(&mut jar, "/recover/password").await.header("location"), "/recover");
    let typed = format!("{} {}", &second[..4].to_lowercase(), &second[4..]);
    let mut thief = jar.clone();
    let right = world.submit(&mut jar, code, code, &[("code", &typed)]).await;
    assert_eq!(right.header("location"), "/recover/password", "{}", right.body);
    let again = world.submit(&mut thief, code, code, &[("code", &typed)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "S-25: once");

    // The code is never enough (D-02), and what is wrong is not told apart.
    let password = "/recover/password";
    let page = world.get(&mut jar, password).await.body;
    assert!(page.contains("first pet") && page.contains("first job") && page.contains("first dish"));
    let new = "amber kite over lagoon";
    let answers = [("answer1", "captain nemo"), ("answer2", "bakery"), ("answer3", "PEA SOUP")];
    let wrong = world.submit(&mut jar, password, password, &chosen(new, &answers)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("help@lakeside.example"), "S-27");
    let answers = [("answer1", "captain nemo"), ("answer2", "THE  Bakery."), ("answer3", "peasoup")];
    let weak = world.submit(&mut jar, password, password, &chosen("short", &answers)).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut second_browser = jar.clone();
    let done = world.submit(&mut jar, password, password, &chosen(new, &answers)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    assert!(world.subjects().await[0].contains("Your password was changed"));
    let twice = world
        .submit(&mut second_browser, password, password, &chosen("another kite over hills", &answers))
        .await;
    assert_eq!(twice.status, StatusCode::GONE, "a recovery is completed once");
    assert_eq!(world.get(&mut session, "/account").await.status, StatusCode::SEE_OTHER, "sessions end");
    assert_eq!(world.password_of(ANA, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.password_of(ANA, new).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn d01_a_pass_code_ends_after_half_an_hour_and_after_five_attempts() {
    let world = World::new().await;
    world.with_questions(ANA).await;
    let mut jar = Jar::default();
    let code = "/recover/code";
    world.submit(&mut jar, "/recover", "/recover", &[("email", ANA)]).await;
    let late = world.pass_code().await;
    world.clock.advance(Duration::from_mins(29));
    // The address is asked anew by then; the code still works within its time.
    world.clock.advance(Duration::from_mins(1));
    let id = world.store.account_by_email(ANA).await.unwrap().unwrap().id;
    assert!(world.accounts.prove_pass_code(ANA, &late, &chartgate::accounts::By::operator()).await.is_err());
    world.submit(&mut jar, "/recover", "/recover", &[("email", ANA)]).await;
    let right = world.pass_code().await;
    for _ in 0..5 {
        let wrong = world.submit(&mut jar, code, code, &[("code", "22222222")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let spent = world.submit(&mut jar, code, code, &[("code", &right)]).await;
    assert_eq!(spent.status, StatusCode::UNPROCESSABLE_ENTITY, "five attempts");
    assert!(world.store.password_hash(&id).await.unwrap().is_some());
}

#[tokio::test]
async fn d02_s27_an_account_without_questions_is_sent_to_the_support_mailbox() {
    let world = World::new().await;
    let mut jar = Jar::default();
    world.submit(&mut jar, "/recover", "/recover", &[("email", "jo@example.org")]).await;
    let code = world.pass_code().await;
    world.submit(&mut jar, "/recover/code", "/recover/code", &[("code", &code)]).await;
    let page = world.get(&mut jar, "/recover/password").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("no secure questions") && page.body.contains("help@lakeside.example"));
}

#[tokio::test]
async fn s24_s26_questions_change_through_a_mailed_pass_code_alone() {
    let world = World::new().await;
    world.with_questions(ANA).await;
    let mut jar = world.sign_in("ana").await;
    let page = world.get(&mut jar, "/account").await.body;
    assert!(page.contains("Reset my security questions and answers"));
    let (ask, new) = ("/account/questions", "/account/questions/new");
    let without = world.submit(&mut jar, new, new, &[&ANSWERS[..], &[("code", "22222222")]].concat()).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.submit(&mut jar, ask, ask, &[]).await.header("location"), new);
    let code = world.pass_code().await;
    // A code for questions does not give a password.
    let mut other = Jar::default();
    world.submit(&mut other, "/recover", "/recover", &[("email", "nobody@example.org")]).await;
    assert!(world.accounts.prove_pass_code(ANA, &code, &chartgate::accounts::By::operator()).await.is_err());
    let others = [("question1", "book"), ("answer1", "Emil"), ("question2", "street"), ("answer2", "Elm St")];
    let half = world.submit(&mut jar, new, new, &[&others[..], &[("code", &code)]].concat()).await;
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
    let all = [&others[..], &[("question3", "friend"), ("answer3", "Ines"), ("code", &code)]].concat();
    let done = world.submit(&mut jar, new, new, &all).await;
    assert_eq!(done.header("location"), "/account?changed=questions", "{}", done.body);
    assert!(world.subjects().await[0].contains("security questions were changed"));
    let again = world.submit(&mut jar, new, new, &all).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
}

#[tokio::test]
async fn a_password_is_changed_with_the_present_one_and_other_sessions_end() {
    let world = World::new().await;
    let mut here = world.sign_in("ana").await;
    let mut there = world.sign_in("ana").await;
    let path = "/account/password";
    let new = "violet ladder in harbour";
    let wrong = world.submit(&mut here, path, path, &chosen(new, &[("current", "not this one")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = world.submit(&mut here, path, path, &chosen(new, &[("current", PASSWORD)])).await;
    assert_eq!(done.header("location"), "/account?changed=password", "{}", done.body);
    assert_eq!(world.get(&mut here, "/account").await.status, StatusCode::OK);
    assert_eq!(world.get(&mut there, "/account").await.status, StatusCode::SEE_OTHER);
    assert!(world.subjects().await[0].contains("Your password was changed"));
}

#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_and_a_new_browser_is_told_of() {
    let world = World::new().await;
    let mut here = world.sign_in("ana").await;
    assert!(world.subjects().await.is_empty(), "the first browser is no news");
    let mut there = world.sign_in("ana").await;
    assert!(world.subjects().await[0].contains("A sign-in from a new browser"));
    let page = world.get(&mut here, "/account/sessions").await.body;
    assert_eq!(texts(&page, "li.person").len(), 2);
    let html = Html::parse_document(&page);
    let selector = Selector::parse("input[name=session]").unwrap();
    let ids: Vec<&str> = html.select(&selector).map(|input| input.attr("value").unwrap()).collect();
    assert_eq!(ids.len(), 1, "one's own ends by signing out");
    // Another account cannot end it.
    let mut jo = world.sign_in("jo").await;
    let end = "/account/sessions/end";
    world.submit(&mut jo, "/account/sessions", end, &[("session", ids[0])]).await;
    assert_eq!(world.get(&mut there, "/account").await.status, StatusCode::OK);
    world.submit(&mut here, "/account/sessions", end, &[("session", ids[0])]).await;
    assert_eq!(world.get(&mut there, "/account").await.status, StatusCode::SEE_OTHER);
    let mut third = world.sign_in("ana").await;
    world.submit(&mut here, "/account/sessions", "/account/sessions/end-others", &[]).await;
    assert_eq!(world.get(&mut third, "/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.get(&mut here, "/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn second_factors_are_added_renamed_and_removed_after_a_fresh_sign_in() {
    let world = World::new().await;
    let mut jar = world.sign_in("ana").await;
    let path = "/account/factors/app";
    let (secret, sealed) = app(&world.get(&mut jar, path).await.body);
    let code = secret.code_at(world.clock.now()).unwrap();
    let fields = [("totp", sealed.as_str()), ("code", &code), ("name", "Work phone")];
    let mut jo = world.sign_in("jo").await;
    let foreign = world.submit(&mut jo, path, path, &fields).await;
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY, "a secret counts for one account");
    let added = world.submit(&mut jar, path, path, &fields).await;
    assert_eq!(texts(&added.body, ".codes li").len(), 10);
    assert!(world.subjects().await[0].contains("A second step was added"));
    let page = world.get(&mut jar, "/account").await.body;
    assert!(page.contains("Work phone") && page.contains("10 recovery codes left"));
    let id = page.split("/account/factors/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let one = format!("/account/factors/{id}");
    assert_eq!(world.get(&mut jo, &one).await.status, StatusCode::NOT_FOUND);
    world.submit(&mut jar, &one, &one, &[("name", "Old phone")]).await;
    assert!(world.get(&mut jar, "/account").await.body.contains("Old phone"));
    let removal = format!("{one}/remove");
    world.clock.advance(Duration::from_mins(16));
    let stale = world.submit(&mut jar, &one, &removal, &[]).await;
    assert!(stale.header("location").starts_with("/sign-in?again=yes"), "{}", stale.header("location"));
    let mut fresh = Jar::default();
    let fields = [("email", ANA), ("password", PASSWORD)];
    world.submit(&mut fresh, "/sign-in", "/sign-in", &fields).await;
    let code = secret.code_at(world.clock.now()).unwrap();
    world.submit(&mut fresh, "/sign-in/second", "/sign-in/second", &[("code", &code)]).await;
    world.submit(&mut fresh, &one, &removal, &[]).await;
    assert!(world.subjects().await[0].contains("A second step was removed"));
    assert_eq!(world.password_of(ANA, PASSWORD).await.header("location"), "/", "no second step any more");
}
