//! The use-cases of requests and notices: who is told what, and that nothing is doubled.

use std::sync::Arc;
use std::time::Duration;

use chartgate::access::sources::{AuditSink, AuditUnavailable};
use chartgate::accounts::{Accounts, AccountsError, Answer, By, NewAccessRequest, NewGrant};
use chartgate::credentials::password::Passwords;
use chartgate::domain::access_request::{OPEN_FOR, RequestKind, RequestState};
use chartgate::domain::account::{AccountKind, StaffRole};
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::grant::{DataKinds, GrantedBy};
use chartgate::domain::ids::AccountId;
use chartgate::domain::language::Language;
use chartgate::domain::notice::NoticeKind;
use chartgate::domain::random::SystemRandom;
use chartgate::jobs::digest::{DigestHour, send_digests};
use chartgate::mail::letters::Letters;
use chartgate::store::Store;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::store::on_both;
use crate::store::samples::{account, account_id, patient, practice, provider, sponsored, sponsorship};
use crate::support::databases::{Database, Kind};

on_both! {
    s41_s46_the_family_is_mailed_and_the_provider_is_told_the_answer;
    s32_support_is_mailed_who_asks_and_initials_alone;
    s42_of_two_who_answer_at_once_one_wins_and_one_mail_is_sent;
    s32_support_hands_a_request_on_to_the_family;
    a_request_that_nobody_answers_ends_and_its_provider_is_told_once;
    s71_a_sponsored_user_has_the_sponsor_ask;
    one_mail_a_day_for_those_who_want_it;
}

#[derive(Default)]
struct Log(Mutex<Vec<AuditEvent>>);

impl AuditSink for Log {
    fn record(&self, event: AuditEvent) -> BoxFuture<'_, Result<(), AuditUnavailable>> {
        self.0.lock().push(event);
        Box::pin(async { Ok(()) })
    }
}

struct World {
    db: Database,
    log: Arc<Log>,
    accounts: Accounts,
}

impl World {
    async fn new(kind: Kind) -> Self {
        let db = Database::new(kind).await;
        let log = Arc::new(Log::default());
        let accounts = accounts(&db, db.store.clone(), &log);
        for account in [
            provider("ana", 0),
            provider("ben", 1),
            sponsored("jo"),
            account("mom", AccountKind::Guardian { patients: vec![patient("p1")] }),
            account("sue", AccountKind::Staff { role: StaffRole::Support }),
        ] {
            db.store.insert_account(&account).await.unwrap();
        }
        db.store.insert_practice(&practice("north", None, &[0])).await.unwrap();
        db.store.insert_sponsorship(&sponsorship("s1", "ana", "jo")).await.unwrap();
        Self { db, log, accounts }
    }

    async fn ask(&self, kind: RequestKind) -> chartgate::domain::access_request::AccessRequest {
        self.accounts.access_requests().ask(new(kind), &account_id("ana"), &by("ana")).await.unwrap()
    }

    /// Mails as recipient, subject and text, oldest first.
    async fn mails(&self) -> Vec<(String, String, String)> {
        let mut mails: Vec<_> = self.db.store.mails(100).await.unwrap();
        mails.reverse();
        mails.into_iter().map(|queued| (queued.mail.to, queued.mail.subject, queued.mail.body)).collect()
    }

    async fn notices(&self, of: &str) -> Vec<NoticeKind> {
        let notices = self.db.store.notices_of(&account_id(of)).await.unwrap();
        notices.into_iter().map(|notice| notice.new.kind).collect()
    }
}

fn accounts(db: &Database, store: Store, log: &Arc<Log>) -> Accounts {
    let random = Arc::new(SystemRandom);
    let passwords = Arc::new(Passwords::new(random.clone(), 1).unwrap());
    let letters = Letters {
        hospital: "Harbor Children's".to_owned(),
        portal: "https://portal.example".to_owned(),
        support: "help@hospital.example".to_owned(),
    };
    Accounts::new(store, passwords, log.clone(), db.clock.clone(), random).with_letters(letters)
}

fn new(kind: RequestKind) -> NewAccessRequest {
    NewAccessRequest {
        kind,
        patient: patient("p1"),
        initials: "M. T.".to_owned(),
        sought: "sealed-name".to_owned(),
        reason: "Asthma after discharge".to_owned(),
        contact: "555 0142 until five".to_owned(),
    }
}

fn by(who: &str) -> By {
    By { account: Some(account_id(who)), ..By::default() }
}

fn grant() -> NewGrant {
    NewGrant {
        patient: patient("p1"),
        provider: account_id("ana"),
        granted_by: GrantedBy::Guardian,
        kinds: DataKinds::ALL,
        covers_restricted: false,
        ends_at: None,
    }
}

async fn s41_s46_the_family_is_mailed_and_the_provider_is_told_the_answer(kind: Kind) {
    let world = World::new(kind).await;
    world.db.store.set_language(&account_id("mom"), Language::Es).await.unwrap();
    let request = world.ask(RequestKind::NonPcp).await;
    let requests = world.accounts.access_requests();
    let again = requests.ask(new(RequestKind::Pcp), &account_id("ana"), &by("ana")).await;
    assert!(matches!(again, Err(AccountsError::Taken(_))), "one at a time, of whichever kind");
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    let (to, subject, body) = &mails[0];
    assert_eq!(to, "mom@kids.example");
    assert!(
        body.contains("pide ver el expediente") && body.contains("M. T.") && body.contains("Practice north")
    );
    assert!(!body.contains("Asthma") && !body.contains("p1") && !subject.contains("M. T."), "D-13: {body}");
    assert_eq!(world.notices("mom").await, [NoticeKind::AccessAsked]);
    assert_eq!(requests.open_for_patient(&patient("p1")).await.unwrap(), std::slice::from_ref(&request));

    let other = NewGrant { provider: account_id("ben"), ..grant() };
    let wrong = requests.answer(&request.id, Answer::Grant(other), &by("mom")).await;
    assert!(matches!(wrong, Err(AccountsError::Invalid(_))), "a grant for somebody else is no answer");
    let answered = requests.answer(&request.id, Answer::Grant(grant()), &by("mom")).await.unwrap();
    assert_eq!(answered.state, RequestState::Granted);
    assert_eq!(world.db.store.grants_for_patient(&patient("p1")).await.unwrap().len(), 1);
    let mails = world.mails().await;
    assert_eq!((mails.len(), mails[1].0.as_str()), (2, "ana@kids.example"));
    assert!(mails[1].2.contains("M. T.") && mails[1].1.contains("You can see a record now"));
    assert_eq!(world.notices("ana").await, [NoticeKind::AccessGranted]);
    let late = requests.answer(&request.id, Answer::Refuse { reason: String::new() }, &by("mom")).await;
    assert_eq!(late.unwrap_err(), AccountsError::Unknown);
    assert!(requests.open_for_patient(&patient("p1")).await.unwrap().is_empty());
    assert_eq!(world.mails().await.len(), 2);

    // A no is told kindly, and one may ask again.
    let request = world.ask(RequestKind::NonPcp).await;
    requests.answer(&request.id, Answer::Refuse { reason: String::new() }, &by("mom")).await.unwrap();
    assert_eq!(world.notices("ana").await.len(), 2);
    let request = world.ask(RequestKind::NonPcp).await;
    assert_eq!(
        requests.withdraw(&request.id, &account_id("ben"), &by("ben")).await.unwrap_err(),
        AccountsError::Unknown
    );
    requests.withdraw(&request.id, &account_id("ana"), &by("ana")).await.unwrap();
    let whats: Vec<_> = world.log.0.lock().iter().map(|event| event.what.clone()).collect();
    assert_eq!(
        whats,
        [
            "access_request_ask",
            "grant_add",
            "access_request_grant",
            "access_request_ask",
            "access_request_refuse",
            "access_request_ask",
            "access_request_withdraw"
        ]
    );
}

async fn s32_support_is_mailed_who_asks_and_initials_alone(kind: Kind) {
    let world = World::new(kind).await;
    for (reason, contact) in [("", "555"), ("Mine", " "), (&*"x".repeat(501), "555")] {
        let new = NewAccessRequest {
            reason: reason.to_owned(),
            contact: contact.to_owned(),
            ..new(RequestKind::Pcp)
        };
        let asked = world.accounts.access_requests().ask(new, &account_id("ana"), &by("ana")).await;
        assert!(matches!(asked, Err(AccountsError::Invalid(_))));
    }
    let asked =
        world.accounts.access_requests().ask(new(RequestKind::Pcp), &account_id("jo"), &by("jo")).await;
    assert!(matches!(asked, Err(AccountsError::Invalid(_))), "the sponsor has to ask");
    let request = world.ask(RequestKind::Pcp).await;
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1, "the family is not asked");
    let (to, subject, body) = &mails[0];
    assert_eq!(to, "help@hospital.example");
    for said in [
        "Dr. ana",
        "1234567893",
        "Practice north",
        "ana@kids.example",
        "555 0142 until five",
        "M. T.",
        "/staff/requests",
    ] {
        assert!(body.contains(said), "{said}: {body}");
    }
    assert!(!body.contains("Asthma") && !body.contains("sealed-name") && !subject.contains("M. T."));
    let requests = world.accounts.access_requests();
    let silent = requests.answer(&request.id, Answer::Refuse { reason: " ".to_owned() }, &by("sue")).await;
    assert!(matches!(silent, Err(AccountsError::Invalid(_))), "support gives its reason");
    let yes = requests.answer(&request.id, Answer::Grant(grant()), &by("sue")).await;
    assert!(matches!(yes, Err(AccountsError::Invalid(_))), "support grants nothing");
    let reason = "Registered elsewhere, confirmed by phone".to_owned();
    requests.answer(&request.id, Answer::Refuse { reason: reason.clone() }, &by("sue")).await.unwrap();
    let latest = requests.latest(&account_id("ana"), &patient("p1")).await.unwrap().unwrap();
    assert_eq!((latest.state, latest.answer), (RequestState::Refused, Some(reason.clone())));
    assert!(!world.mails().await[1].2.contains(&reason), "the reason is in the portal alone");
    let request = world.ask(RequestKind::Pcp).await;
    requests.answer(&request.id, Answer::Corrected, &by("sue")).await.unwrap();
    assert_eq!(world.notices("ana").await.len(), 2);
    assert!(world.db.store.grants_for_patient(&patient("p1")).await.unwrap().is_empty());
}

async fn s42_of_two_who_answer_at_once_one_wins_and_one_mail_is_sent(kind: Kind) {
    let world = World::new(kind).await;
    let other = accounts(&world.db, world.db.other().await, &world.log);
    let request = world.ask(RequestKind::NonPcp).await;
    let mut tasks = Vec::new();
    for n in 0..8 {
        let accounts = if n % 2 == 0 { world.accounts.clone() } else { other.clone() };
        let id = request.id.clone();
        tasks.push(tokio::spawn(async move {
            let answer =
                if n < 4 { Answer::Grant(grant()) } else { Answer::Refuse { reason: String::new() } };
            accounts.access_requests().answer(&id, answer, &by("mom")).await
        }));
    }
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(request) => won.push(request.state),
            Err(error) => assert_eq!(error, AccountsError::Unknown),
        }
    }
    assert_eq!(won.len(), 1);
    let grants = world.db.store.grants_for_patient(&patient("p1")).await.unwrap();
    assert_eq!(grants.len(), usize::from(won[0] == RequestState::Granted));
    assert_eq!(world.mails().await.len(), 2, "the family's and one to the provider");
    assert_eq!(world.notices("ana").await.len(), 1);
}

async fn s32_support_hands_a_request_on_to_the_family(kind: Kind) {
    let world = World::new(kind).await;
    let request = world.ask(RequestKind::Pcp).await;
    let requests = world.accounts.access_requests();
    requests.pass_on(&request.id, &by("sue")).await.unwrap();
    assert_eq!(requests.pass_on(&request.id, &by("sue")).await.unwrap_err(), AccountsError::Unknown);
    let late = requests.answer(&request.id, Answer::Corrected, &by("sue")).await;
    assert!(matches!(late, Err(AccountsError::Invalid(_))), "it is the family's now");
    assert_eq!(world.notices("mom").await, [NoticeKind::AccessAsked]);
    assert_eq!(world.notices("ana").await, [NoticeKind::AccessPassedOn]);
    let to: Vec<_> = world.mails().await.into_iter().map(|(to, ..)| to).collect();
    assert_eq!(to, ["help@hospital.example", "mom@kids.example", "ana@kids.example"]);
    let open = requests.open_for_patient(&patient("p1")).await.unwrap();
    assert!(open[0].passed_on_at.is_some());
    requests.answer(&request.id, Answer::Grant(grant()), &by("mom")).await.unwrap();
}

async fn a_request_that_nobody_answers_ends_and_its_provider_is_told_once(kind: Kind) {
    let world = World::new(kind).await;
    let other = accounts(&world.db, world.db.other().await, &world.log);
    world.ask(RequestKind::NonPcp).await;
    world.db.clock.advance(OPEN_FOR);
    let (mine, yours) = (world.accounts.access_requests(), other.access_requests());
    let (mine, yours) = tokio::join!(mine.expire(), yours.expire());
    assert_eq!(mine.unwrap() + yours.unwrap(), 1);
    assert_eq!(world.notices("ana").await, [NoticeKind::AccessExpired]);
    assert_eq!(world.mails().await.len(), 2);
}

async fn s71_a_sponsored_user_has_the_sponsor_ask(kind: Kind) {
    let world = World::new(kind).await;
    let requests = world.accounts.access_requests();
    let jo = world.db.store.account(&account_id("jo")).await.unwrap().unwrap();
    for _ in 0..2 {
        let told = requests.nudge_sponsors(&jo, &patient("p1"), "M. T.", &by("jo")).await.unwrap();
        assert_eq!(told, ["Dr. ana"]);
    }
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1, "asked twice, told once");
    assert_eq!(mails[0].0, "ana@kids.example");
    assert!(mails[0].2.contains("Dr. jo") && mails[0].2.contains("M. T."));
    assert_eq!(world.notices("ana").await, [NoticeKind::SponsorShouldAsk]);
}

async fn one_mail_a_day_for_those_who_want_it(kind: Kind) {
    let world = World::new(kind).await;
    let store = world.db.other().await;
    let other = accounts(&world.db, store.clone(), &world.log);
    let mom: AccountId = account_id("mom");
    world.accounts.choose_mails(&mom, true).await.unwrap();
    world.accounts.choose_language(&mom, Language::Es).await.unwrap();
    world.ask(RequestKind::NonPcp).await;
    let requests = world.accounts.access_requests();
    requests.ask(new(RequestKind::NonPcp), &account_id("ben"), &by("ben")).await.unwrap();
    assert!(world.mails().await.is_empty(), "both wait");
    assert_eq!(world.db.store.unread_notices(&mom).await.unwrap(), 2, "the portal tells at once");
    let hour = DigestHour { hour: 7, zone: jiff::tz::TimeZone::get("America/Chicago").unwrap() };
    assert_eq!(
        send_digests(&world.db.store, &world.accounts, &hour).await.unwrap(),
        0,
        "not before the hour"
    );
    world.db.clock.advance(Duration::from_hours(24));
    let (mine, yours) = tokio::join!(
        send_digests(&world.db.store, &world.accounts, &hour),
        send_digests(&store, &other, &hour)
    );
    assert_eq!(mine.unwrap() + yours.unwrap(), 1, "of two nodes one sends it");
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].1.contains("Sus avisos del día") && mails[0].2.matches("M. T.").count() == 2,
        "{mails:?}"
    );
    world.db.clock.advance(Duration::from_hours(24));
    assert_eq!(
        send_digests(&world.db.store, &world.accounts, &hour).await.unwrap(),
        0,
        "nothing new, no mail"
    );
}
