//! The pages of families and "Validate a token" over the running server: real EHR, cache and facade.

use std::time::Duration;

use chartgate::domain::access_request::{AccessRequest, RequestKind, RequestState};
use chartgate::domain::account::{Account, AccountKind, AccountState};
use chartgate::domain::clock::Clock as _;
use chartgate::domain::ids::{AccessRequestId, AccountId, FhirId};
use serde_json::{Value, json};

use crate::leaks_http::House;
use crate::oracle_server::server::Answer;

/// Mia, who comes of age on 22 September 2026, the day after the tests begin; her PCP is Ben. And her brother.
fn children() -> Vec<Value> {
    let patient = |id: &str, born: &str| {
        json!({"resourceType": "Patient", "id": id, "birthDate": born, "name": [{"family": "Torres", "given": [id]}],
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "system": "urn:hospital", "value": format!("CG-{id}")}],
            "generalPractitioner": [{"reference": "Practitioner/d1"}]})
    };
    let observation = |id: &str, patient: &str| {
        json!({"resourceType": "Observation", "id": id, "status": "final", "subject": {"reference": format!("Patient/{patient}")},
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}]})
    };
    let visit = json!({"resourceType": "Encounter", "id": "leo-visit", "status": "finished", "class": {"code": "AMB"},
        "subject": {"reference": "Patient/leo"}});
    vec![
        patient("mia", "2008-09-22"),
        patient("leo", "2015-01-31"),
        observation("leo-lab", "leo"),
        observation("mia-lab", "mia"),
        visit,
    ]
}

struct Family {
    house: House,
}

/// A browser.
struct Browser {
    cookie: String,
    language: &'static str,
}

impl Family {
    async fn new() -> Self {
        let house = House::with(children(), Vec::new()).await;
        for (name, patients) in
            [("rosa", vec!["leo", "mia"]), ("max", vec!["leo"]), ("miaherself", vec!["mia"])]
        {
            let patients = patients.into_iter().map(|id| FhirId::parse(id).unwrap()).collect();
            let account = Account {
                id: AccountId::parse(name).unwrap(),
                kind: AccountKind::Guardian { patients },
                email: format!("{name}@home.example"),
                name: format!("{name} Torres"),
                phone: None,
                state: AccountState::Active,
                created_at: house.node.clock.now(),
            };
            house.node.store.insert_account(&account).await.unwrap();
        }
        let (mia, own) = (FhirId::parse("mia").unwrap(), AccountId::parse("miaherself").unwrap());
        house.node.store.mark_own_record(&own, &mia).await.unwrap();
        Self { house }
    }

    async fn browser(&self, account: &str, language: &'static str) -> Browser {
        Browser { cookie: self.house.node.signed_in(account).await, language }
    }

    async fn get(&self, browser: &Browser, path: &str) -> Answer {
        let headers = [("cookie", browser.cookie.as_str()), ("accept-language", browser.language)];
        self.house.node.send("GET", path, &headers, None).await
    }

    /// Submits a form with the token of the page that shows it; the page to which it leads.
    async fn post(&self, browser: &Browser, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(browser, page).await.text();
        let token = between(&shown, "name=\"csrf\" value=\"", "\"");
        let body = serde_urlencoded::to_string([fields, &[("csrf", token)]].concat()).unwrap();
        let headers = [
            ("cookie", browser.cookie.as_str()),
            ("accept-language", browser.language),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.house.node.send("POST", path, &headers, Some(&body)).await
    }

    /// Where a child's page is, from the list of several.
    async fn child(&self, browser: &Browser, name: &str) -> String {
        let list = self.get(browser, "/").await.text();
        let (_, rest) = list.split_once(&format!("<h2>{name}</h2>")).unwrap_or_else(|| panic!("{list}"));
        between(rest, "href=\"", "\"").to_owned()
    }

    async fn sees_leo(&self, reader: &'static str) -> (u16, u16) {
        let token = self.house.token(reader, &["user/*.rs"], None).await;
        let lab = self.house.get("/Observation/leo-lab", &token).await.status.as_u16();
        (lab, self.house.get("/Encounter/leo-visit", &token).await.status.as_u16())
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split(after).next().unwrap()
}

const EVERYTHING: &[(&str, &str)] =
    &[("visits", "on"), ("notes", "on"), ("medications", "on"), ("labs", "on"), ("until", "revoked")];

/// The sheet of an invitation on paper: token and MRN.
async fn on_paper(family: &Family, browser: &Browser, child: &str) -> (String, String) {
    let path = format!("{child}/invite");
    let who = [("step", "who"), ("name", "Dr. Ana"), ("way", "paper")];
    let answer = family.post(browser, &path, &path, &who).await;
    assert_eq!(answer.status, 200);
    let parts = [&[("step", "parts"), ("name", "Dr. Ana"), ("way", "paper")], EVERYTHING].concat();
    assert!(family.post(browser, &path, &path, &parts).await.text().contains("Dr. Ana"));
    let check = [&[("step", "check"), ("name", "Dr. Ana"), ("way", "paper")], EVERYTHING].concat();
    let answer = family.post(browser, &path, &path, &check).await;
    let sheet = answer.text();
    assert_eq!(answer.status, 200, "{sheet}");
    assert!(sheet.contains("<svg") && !sheet.contains("src=\"data:"), "the code stands in the page");
    let token = between(&sheet, "<dt>Token</dt><dd class=\"code sheet-token\">", "<").to_owned();
    let mrn = between(&sheet, "<dt>MRN</dt><dd class=\"code sheet-token\">", "<").to_owned();
    (token, mrn)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s50_to_s56_a_paper_invitation_opens_the_record_and_revoking_closes_it_on_the_next_request() {
    let family = Family::new().await;
    let rosa = family.browser("rosa", "en").await;
    let leo = family.child(&rosa, "leo").await;
    assert_eq!(family.sees_leo("ana").await, (404, 404), "S-40");
    let (token, mrn) = on_paper(&family, &rosa, &leo).await;
    assert_eq!(mrn, "CG-leo");
    let page = family.get(&rosa, &leo).await.text();
    assert!(page.contains("Not used yet. Works until 21 Mar 2027."), "S-54: {page}");

    let ana = family.browser("ana", "en").await;
    let enter = |mrn: &'static str| {
        let (family, ana, token) = (&family, &ana, token.clone());
        async move {
            let fields = [("token", token.as_str()), ("mrn", mrn)];
            family.post(ana, "/invitations/token", "/invitations/token", &fields).await
        }
    };
    let wrong = enter("CG-mia").await;
    assert_eq!(wrong.status, 422, "S-53");
    assert!(wrong.text().contains("You can still ask for access"), "S-55");
    let done = enter("CG-leo").await;
    assert_eq!(done.status, 200);
    assert!(done.text().contains("opens when you next find the patient"), "S-56");
    assert_eq!(family.sees_leo("ana").await, (200, 200));
    assert_eq!(family.sees_leo("nia").await, (200, 200), "S-71: staff with their sponsor");
    assert_eq!(enter("CG-leo").await.status, 422, "D-05");

    // Narrowed, then revoked: what the cache holds is not shown either.
    let page = family.get(&rosa, &leo).await.text();
    let change = between(&page, "<a class=\"button second\" href=\"", "\"").to_owned();
    assert!(change.contains("/grants/"), "{change}");
    let labs = [("labs", "on"), ("until", "revoked")];
    assert_eq!(family.post(&rosa, &change, &change, &labs).await.status, 200);
    assert_eq!(family.sees_leo("ana").await, (200, 404), "D-06");
    let page = family.get(&rosa, &leo).await.text();
    let end = between(&page, "<a class=\"button danger\" href=\"", "\"").to_owned();
    let asked = family.get(&rosa, &end).await.text();
    assert!(asked.contains("Revoke") && asked.contains("What they read before stays with them"), "{asked}");
    let answer = family.post(&rosa, &end, &end, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(family.sees_leo("ana").await, (404, 404), "from the next request on");
    assert_eq!(family.sees_leo("nia").await, (404, 404));
    let page = answer.text();
    let undo = between(&page, "<form method=\"post\" action=\"/children", "\"");
    let undo = format!("/children{undo}");
    assert!(undo.ends_with("/restore"), "{undo}");
    assert_eq!(family.post(&rosa, &leo, &undo, &[]).await.status, 200);
    assert_eq!(family.sees_leo("ana").await, (200, 404), "as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_a_family_reads_who_looked_and_why_in_its_language() {
    let family = Family::new().await;
    let max = family.browser("max", "es-US").await;
    family.sees_leo("ben").await;
    // One child: its page is the home.
    let page = family.get(&max, "/").await.text();
    assert!(
        page.contains("<html lang=\"es\">")
            && page.contains("Estas personas pueden ver el expediente de leo")
    );
    assert!(
        page.contains("Practice south") && page.contains("Aquí trabaja el médico de siempre de leo"),
        "{page}"
    );
    let list = between(&page, "<p class=\"after\"><a href=\"", "\"").to_owned();
    let looked = family.get(&max, &list).await.text();
    assert!(
        looked.contains("Trabaja en el consultorio de siempre de leo") && looked.contains("sep 2026"),
        "{looked}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d07_a_child_who_turns_18_tonight() {
    let family = Family::new().await;
    let rosa = family.browser("rosa", "en").await;
    let own = family.browser("miaherself", "en").await;
    let mia = family.child(&rosa, "mia").await;
    let page = family.get(&rosa, &mia).await.text();
    assert!(page.contains("mia turns 18 on 22 Sep 2026"), "announced: {page}");
    assert_eq!(family.get(&own, "/").await.status, 403, "not of age yet");
    let (token, mrn) = on_paper(&family, &rosa, &mia).await;
    let ana = family.browser("ana", "en").await;
    let fields = [("token", token.as_str()), ("mrn", mrn.as_str())];
    let entered = family.post(&ana, "/invitations/token", "/invitations/token", &fields).await;
    assert_eq!(entered.status, 200);
    let reader = family.house.token("ana", &["user/*.rs"], None).await;
    assert_eq!(family.house.get("/Observation/mia-lab", &reader).await.status, 200);
    let page = family.get(&rosa, &mia).await.text();
    assert!(page.contains("Until mia turns 18 on 22 Sep 2026"), "{page}");
    let unused = on_paper(&family, &rosa, &mia).await;

    // Midnight at the hospital.
    let clock = &family.house.node.clock;
    let midnight = chartgate::domain::clock::Timestamp::from_millis(1_790_035_200_000);
    clock.advance(midnight.since(clock.now()).saturating_sub(Duration::from_secs(2)));
    assert_eq!(family.house.get("/Observation/mia-lab", &reader).await.status, 200);
    clock.advance(Duration::from_secs(2));
    assert_eq!(family.house.get("/Observation/mia-lab", &reader).await.status, 404, "the grant has ended");
    let rosa = family.browser("rosa", "en").await;
    let mia = family.child(&rosa, "mia").await;
    let over = family.get(&rosa, &mia).await;
    assert_eq!(over.status, 403);
    assert!(over.text().contains("mia turned 18 on 22 Sep 2026 and now decides"), "{}", over.text());
    assert_eq!(family.get(&rosa, &format!("{mia}/invite")).await.status, 403, "nothing below it either");
    let fields = [("token", unused.0.as_str()), ("mrn", unused.1.as_str())];
    let ben = family.browser("ben", "en").await;
    let late = family.post(&ben, "/invitations/token", "/invitations/token", &fields).await;
    assert_eq!(late.status, 422, "a guardian's invitation ends with the guardian's say");

    // Mia decides from now on.
    let own = family.browser("miaherself", "en").await;
    let page = family.get(&own, "/").await;
    assert_eq!(page.status, 200);
    let place = between(&page.text(), "<a class=\"button\" href=\"", "/invite\"").to_owned();
    let (token, mrn) = on_paper(&family, &own, &place).await;
    let ana = family.browser("ana", "en").await;
    let fields = [("token", token.as_str()), ("mrn", mrn.as_str())];
    assert_eq!(family.post(&ana, "/invitations/token", "/invitations/token", &fields).await.status, 200);
    assert_eq!(family.house.get("/Observation/mia-lab", &reader).await.status, 200);
    clock.advance(Duration::from_hours(24 * 400));
    let reader = family.house.token("ana", &["user/*.rs"], None).await;
    assert_eq!(
        family.house.get("/Observation/mia-lab", &reader).await.status,
        200,
        "the patient's own goes on"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_pages_of_families_are_for_that_family_alone() {
    let family = Family::new().await;
    let (rosa, max) = (family.browser("rosa", "en").await, family.browser("max", "en").await);
    let leo = family.child(&rosa, "leo").await;
    assert_eq!(family.get(&rosa, &leo).await.status, 200);
    assert_eq!(family.get(&max, &leo).await.status, 404, "an address works for its account alone");
    let ana = family.browser("ana", "en").await;
    assert_eq!(family.get(&ana, &leo).await.status, 403);
    let nia = family.browser("nia", "en").await;
    let staff = family.get(&nia, "/invitations/token").await;
    assert_eq!(staff.status, 403);
    assert!(staff.text().contains("Give the invitation to the provider"), "{}", staff.text());
    let nobody = Browser { cookie: String::new(), language: "en" };
    let arrive = family.get(&nobody, "/invitations").await;
    assert_eq!(arrive.status, 200);
    assert!(arrive.text().contains("register first"), "S-51");
    let clinician = family.get(&ana, "/invitations").await;
    assert!(clinician.text().contains("name=\"token\""), "led on to the form");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s45_a_provider_with_an_account_is_let_in_at_once_and_errors_stand_at_their_fields() {
    let family = Family::new().await;
    let rosa = family.browser("rosa", "en").await;
    let leo = family.child(&rosa, "leo").await;
    let path = format!("{leo}/invite");
    let wrong =
        family.post(&rosa, &path, &path, &[("step", "who"), ("way", "email"), ("email", "ana")]).await;
    assert_eq!(wrong.status, 422);
    let text = wrong.text();
    assert!(
        text.contains("href=\"#name\"")
            && text.contains("id=\"email-error\"")
            && text.contains("value=\"ana\"")
    );
    let email =
        family.house.node.store.account(&AccountId::parse("ana").unwrap()).await.unwrap().unwrap().email;
    let who = [("name", "Dr. A"), ("way", "email"), ("email", email.as_str())];
    let past =
        [&[("step", "parts"), ("labs", "on"), ("until", "day"), ("ends", "2020-01-01")], &who[..]].concat();
    let answer = family.post(&rosa, &path, &path, &past).await;
    assert!(answer.status == 422 && answer.text().contains("id=\"ends-error\""), "{}", answer.text());
    let today = [&[("labs", "on"), ("until", "day"), ("ends", "2026-09-21")], &who[..]].concat();
    let check = [&[("step", "parts")], &today[..]].concat();
    let text = family.post(&rosa, &path, &path, &check).await.text();
    assert!(text.contains("uses this website already") && text.contains("Until 21 Sep 2026"), "{text}");
    let back = [&[("step", "check"), ("back", "yes")], &today[..]].concat();
    assert!(family.post(&rosa, &path, &path, &back).await.text().contains("value=\"2026-09-21\""), "kept");
    let send = [&[("step", "check")], &today[..]].concat();
    assert_eq!(family.post(&rosa, &path, &path, &send).await.status, 200);
    assert_eq!(family.sees_leo("ana").await, (200, 404));
    family.house.node.clock.advance(Duration::from_hours(24));
    assert_eq!(family.sees_leo("ana").await, (404, 404), "the day is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s41_s46_a_request_is_answered_yes_with_choices_or_no() {
    let family = Family::new().await;
    let store = &family.house.node.store;
    let now = family.house.node.clock.now();
    let ask = |id: &str, provider: &str| AccessRequest {
        id: AccessRequestId::parse(id).unwrap(),
        kind: RequestKind::NonPcp,
        patient: FhirId::parse("leo").unwrap(),
        provider: AccountId::parse(provider).unwrap(),
        initials: "l. T.".to_owned(),
        sought: "sealed".to_owned(),
        reason: "I look after the <asthma>.".to_owned(),
        contact: "555 0100".to_owned(),
        state: RequestState::Asked,
        asked_at: now,
        expires_at: now.plus(Duration::from_hours(24 * 30)),
        passed_on_at: None,
        answered_at: None,
        answered_by: None,
        answer: None,
    };
    let insert = async |request: AccessRequest| {
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_access_request(&request).await.unwrap();
        transaction.commit().await.unwrap();
    };
    insert(ask("one", "ana")).await;
    let (rosa, max) = (family.browser("rosa", "en").await, family.browser("max", "en").await);
    let leo = family.child(&rosa, "leo").await;
    let page = family.get(&rosa, &leo).await.text();
    assert!(page.contains("Somebody asks to see leo") && page.contains("&#60;asthma&#62;"), "{page}");
    let yes = format!("{leo}/requests/one");
    assert!(family.get(&rosa, &yes).await.text().contains("will see what you tick here"));
    let none = family.post(&rosa, &yes, &yes, &[("until", "revoked")]).await;
    assert_eq!(none.status, 422, "at least one part");
    let labs = [("labs", "on"), ("until", "revoked")];
    assert_eq!(family.post(&rosa, &yes, &yes, &labs).await.status, 200);
    assert_eq!(family.sees_leo("ana").await, (200, 404));
    assert_eq!(family.post(&rosa, &leo, &yes, &labs).await.status, 404, "answered once");

    insert(ask("two", "ben")).await;
    let home = family.get(&max, "/").await.text();
    let no = format!("/children{}", between(&home, "<a class=\"button second\" href=\"/children", "\""));
    assert!(no.ends_with("/requests/two/no"), "{no}");
    let told = family.post(&max, &no, &no, &[]).await.text();
    assert!(told.contains("You said no") && !told.contains("Somebody asks"), "{told}");
    let mails = store.mails(10).await.unwrap();
    assert!(mails.iter().all(|queued| !queued.mail.body.contains("asthma")), "D-13");
    assert_eq!(mails.len(), 2, "S-46: each provider is told");
}
