//! Providers' registrations from the first page to the account, on both databases (S-01, S-10 to S-18).

use std::sync::Arc;

use bytes::Bytes;
use chartgate::access::sources::{AuditSink, AuditUnavailable};
use chartgate::accounts::provider_registration::files::FileProblem;
use chartgate::accounts::provider_registration::{
    ApplicationError, PracticeChoice, RegistrationSettings, problems_of,
};
use chartgate::accounts::{Accounts, By};
use chartgate::credentials::password::Passwords;
use chartgate::credentials::seal::SealingKey;
use chartgate::domain::account::AccountKind;
use chartgate::domain::audit::AuditEvent;
use chartgate::domain::ids::{AccountId, ProviderRegistrationId};
use chartgate::domain::language::Language;
use chartgate::domain::provider_registration::{
    Answers, DocumentKind, DocumentState, DocumentStep, RegistrationState,
};
use chartgate::domain::random::SystemRandom;
use chartgate::domain::secret::{PlainToken, TokenKind};
use chartgate::mail::letters::Letters;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::on_both;
use crate::support::databases::{Database, Kind};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n";

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
    staff: By,
}

fn answers() -> Answers {
    Answers {
        name: "José Ñandú".into(),
        credential: "MD".into(),
        npi: "1234567893".into(),
        email: "Jose@Kids.example".into(),
        phone: "(555) 010-0100".into(),
        practice_name: "Oak Street Pediatrics".into(),
        practice_address: "1 Oak Street, Lakeside, MA 02139".into(),
        practice_phone: "(555) 010-0101".into(),
        sponsor: "no".into(),
        ..Answers::default()
    }
}

impl World {
    async fn new(kind: Kind) -> Self {
        let db = Database::new(kind).await;
        let (log, random) = (Arc::new(Log::default()), Arc::new(SystemRandom));
        let passwords = Arc::new(Passwords::new(random.clone(), 2).unwrap());
        let letters = Letters {
            hospital: "Harbor Children's".into(),
            portal: "https://portal.example/".into(),
            support: "help@hospital.example".into(),
        };
        let settings = RegistrationSettings { max_upload: 400_000, ..RegistrationSettings::default() };
        let key = SealingKey::from_bytes([7; 32]);
        let accounts = Accounts::new(db.store.clone(), passwords, log.clone(), db.clock.clone(), random)
            .with_letters(letters)
            .with_provider_registration(settings, &key);
        let kim = chartgate::domain::account::Account {
            id: AccountId::parse("kim").unwrap(),
            kind: AccountKind::Staff { role: chartgate::domain::account::StaffRole::Provisioning },
            email: "kim@hospital.example".into(),
            name: "Kim Novak".into(),
            phone: None,
            state: chartgate::domain::account::AccountState::Active,
            created_at: chartgate::domain::clock::Timestamp::from_millis(0),
        };
        db.store.insert_account(&kim).await.unwrap();
        let staff = By { account: Some(kim.id), ..By::default() };
        Self { db, log, accounts, staff }
    }

    async fn draft(&self, answers: &Answers) -> PlainToken {
        let saved = self.accounts.save_registration(None, answers, Language::En, &By::default()).await;
        saved.unwrap().unwrap()
    }

    /// Sends these answers; the identifier of what is open then.
    async fn send(&self, answers: &Answers) -> ProviderRegistrationId {
        let handle = self.draft(answers).await;
        assert!(self.accounts.send_registration(&handle, &By::default()).await.unwrap());
        self.db.store.waiting_registrations().await.unwrap().pop().unwrap().id
    }

    /// The mails that wait, as recipient, subject and body.
    async fn mails(&self) -> Vec<(String, String, String)> {
        let mut transaction = self.db.store.begin().await.unwrap();
        let mails = transaction.claim_mails(50).await.unwrap();
        for mail in &mails {
            transaction.mail_sent(mail.number).await.unwrap();
        }
        transaction.commit().await.unwrap();
        mails.into_iter().map(|queued| (queued.mail.to, queued.mail.subject, queued.mail.body)).collect()
    }

    async fn verify(&self, id: &ProviderRegistrationId, kind: DocumentKind) {
        let decide = |step| self.accounts.decide_document(id, kind, step, None, None, &self.staff);
        decide(DocumentStep::Fax).await.unwrap();
        decide(DocumentStep::Verify).await.unwrap();
    }

    async fn state(&self, id: &ProviderRegistrationId) -> RegistrationState {
        self.db.store.provider_registration(id).await.unwrap().unwrap().state
    }
}

async fn s10_s16_s17_from_the_form_to_the_account(kind: Kind) {
    let world = World::new(kind).await;
    let id = world.send(&Answers { sponsor: "yes".into(), ..answers() }).await;
    let mails = world.mails().await;
    let (to, _, body) = &mails[0];
    assert_eq!((mails.len(), to.as_str()), (1, "jose@kids.example"));
    let link = body.lines().find_map(|line| line.split("/register/status/").nth(1)).unwrap();
    let link = PlainToken::presented(TokenKind::RegistrationStatus, link).unwrap();
    let application = world.accounts.application_by_link(&link).await.unwrap().unwrap();
    assert_eq!(application.registration.id, id);
    assert_eq!(application.required(), DocumentKind::ALL, "S-14");

    // S-16: nobody can sign in before approval, for there is no account.
    assert!(world.db.store.account_by_email("jose@kids.example").await.unwrap().is_none());
    let early = world.accounts.approve_registration(&id, PracticeChoice::New, &world.staff).await;
    assert_eq!(early.unwrap_err(), ApplicationError::Incomplete);
    assert!(world.db.store.account_by_email("jose@kids.example").await.unwrap().is_none());

    for kind in DocumentKind::ALL {
        world.verify(&id, kind).await;
    }
    let account = world.accounts.approve_registration(&id, PracticeChoice::New, &world.staff).await.unwrap();
    assert_eq!((account.name.as_str(), account.email.as_str()), ("José Ñandú, MD", "jose@kids.example"));
    assert!(world.db.store.password_hash(&account.id).await.unwrap().is_none(), "chosen from the mail");
    assert!(world.db.store.may_sponsor(&account.id).await.unwrap(), "S-15");
    let AccountKind::Provider { npi } = &account.kind else { panic!("a provider") };
    assert_eq!(world.db.store.practices_with(npi).await.unwrap()[0].name, "Oak Street Pediatrics");
    let mails = world.mails().await;
    assert!(mails.iter().any(|mail| mail.2.contains("/set-up/cgu_")), "S-17: {mails:?}");
    assert!(mails.iter().any(|mail| mail.1.contains("approved")));
    let done: Vec<_> = world.log.0.lock().iter().map(|event| event.what.clone()).collect();
    for what in ["registration_send", "registration_document_verify", "registration_approve"] {
        assert!(done.iter().any(|done| done == what), "{what} in {done:?}");
    }
}

async fn s16_uploads_are_sealed_and_come_back_as_they_were(kind: Kind) {
    let world = World::new(kind).await;
    let id = world.send(&answers()).await;
    let filler = b"%secret licence 4711\n".repeat(15_000);
    let bytes = [b"%PDF-1.7\n", filler.as_slice(), &PDF[9..]].concat();
    let by = By::default();
    let upload =
        |bytes: Vec<u8>| world.accounts.upload_document(&id, DocumentKind::Identity, Bytes::from(bytes), &by);
    upload(bytes.clone()).await.unwrap();
    let document = world.db.store.registration_documents(&id).await.unwrap().remove(0);
    assert_eq!(document.state, DocumentState::Uploaded);
    let first = document.upload.unwrap();
    let pieces = world.db.store.registration_pieces(&first).await.unwrap();
    assert!(pieces.len() > 1 && !pieces.concat().contains("licence"));
    let open = |upload| world.accounts.open_upload(&id, DocumentKind::Identity, upload, &world.staff);
    let (_, plain) = open(&first).await.unwrap().unwrap();
    assert_eq!(plain.as_slice(), bytes);

    for (bytes, wrong) in [
        (vec![], FileProblem::Empty),
        (b"<html>".to_vec(), FileProblem::Kind),
        (PDF[..40].to_vec(), FileProblem::Damaged),
        (vec![b'%'; 400_001], FileProblem::TooLarge),
    ] {
        assert_eq!(upload(bytes).await.unwrap_err(), ApplicationError::File(wrong));
    }
    // Replaced while it is not verified; what staff looked at before cannot be verified any more.
    upload(PDF.to_vec()).await.unwrap();
    assert!(open(&first).await.unwrap().is_none());
    let verify = |seen| {
        let (step, kind) = (DocumentStep::Verify, DocumentKind::Identity);
        world.accounts.decide_document(&id, kind, step, seen, None, &world.staff)
    };
    assert_eq!(verify(Some(&first)).await.unwrap_err(), ApplicationError::Changed);
    let second = world.db.store.registration_documents(&id).await.unwrap().remove(0).upload.unwrap();
    verify(Some(&second)).await.unwrap();
    assert_eq!(upload(PDF.to_vec()).await.unwrap_err(), ApplicationError::Changed);
}

async fn s16_a_rejected_document_is_mailed_with_its_reason(kind: Kind) {
    let world = World::new(kind).await;
    let id = world.send(&answers()).await;
    world.mails().await;
    let kind = DocumentKind::Certification;
    let decide = |step, reason| world.accounts.decide_document(&id, kind, step, None, reason, &world.staff);
    assert_eq!(decide(DocumentStep::Reject, Some("x")).await.unwrap_err(), ApplicationError::Changed);
    decide(DocumentStep::Fax, None).await.unwrap();
    assert_eq!(decide(DocumentStep::Reject, Some(" ")).await.unwrap_err(), ApplicationError::Reason);
    decide(DocumentStep::Reject, Some("It is not signed.")).await.unwrap();
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].2.contains("It is not signed.") && mails[0].2.contains("/register/status/cgv_"));
}

async fn s10_of_two_at_once_one_counts(kind: Kind) {
    let world = World::new(kind).await;
    let handle = world.draft(&answers()).await;
    let by = By::default();
    let (one, two) = tokio::join!(
        world.accounts.send_registration(&handle, &by),
        world.accounts.send_registration(&handle, &by)
    );
    assert_eq!(u8::from(one.unwrap()) + u8::from(two.unwrap()), 1, "sent once");
    let waiting = world.db.store.waiting_registrations().await.unwrap();
    assert_eq!((waiting.len(), world.mails().await.len()), (1, 1));
    let id = &waiting[0].id;
    for kind in [DocumentKind::Certification, DocumentKind::Identity] {
        world.verify(id, kind).await;
    }
    let (approved, refused) = tokio::join!(
        world.accounts.approve_registration(id, PracticeChoice::New, &world.staff),
        world.accounts.refuse_registration(id, "Not in our area.", &world.staff)
    );
    assert!(approved.is_ok() != refused.is_ok(), "{approved:?} {refused:?}");
    let lost = approved.map(drop).err().or(refused.err()).unwrap();
    assert_eq!(lost, ApplicationError::Changed);
    let account = world.db.store.account_by_email("jose@kids.example").await.unwrap();
    assert_eq!(account.is_some(), world.state(id).await == RegistrationState::Approved);
}

async fn s17_two_who_approve_at_once_make_one_account(kind: Kind) {
    let world = World::new(kind).await;
    let id = world.send(&answers()).await;
    for kind in [DocumentKind::Certification, DocumentKind::Identity] {
        world.verify(&id, kind).await;
    }
    world.mails().await;
    let approve = || world.accounts.approve_registration(&id, PracticeChoice::New, &world.staff);
    let (one, two) = tokio::join!(approve(), approve());
    assert!(one.is_ok() != two.is_ok());
    assert_eq!(one.err().or(two.err()), Some(ApplicationError::Changed));
    assert_eq!(world.db.store.practices().await.unwrap().len(), 1, "nothing is doubled");
    assert_eq!(world.mails().await.len(), 2, "approved, and the set-up link");
}

async fn s10_who_has_an_account_is_told_by_mail_and_nobody_else(kind: Kind) {
    let world = World::new(kind).await;
    let id = world.send(&answers()).await;
    world.mails().await;
    // The same NPI from elsewhere: the owner of the open one is told.
    let stranger = Answers { email: "other@x.example".into(), ..answers() };
    let handle = world.draft(&stranger).await;
    assert!(world.accounts.send_registration(&handle, &By::default()).await.unwrap(), "as if it were new");
    let mails = world.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.0.as_str()).collect::<Vec<_>>(), ["jose@kids.example"]);
    assert_eq!(world.db.store.waiting_registrations().await.unwrap().len(), 1);
    for kind in [DocumentKind::Certification, DocumentKind::Identity] {
        world.verify(&id, kind).await;
    }
    world.accounts.approve_registration(&id, PracticeChoice::New, &world.staff).await.unwrap();
    world.mails().await;
    let handle = world.draft(&stranger).await;
    assert!(world.accounts.send_registration(&handle, &By::default()).await.unwrap());
    let mails = world.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.0.as_str()).collect::<Vec<_>>(), ["jose@kids.example"]);
}

async fn s17_refused_and_withdrawn_keep_no_uploads(kind: Kind) {
    let world = World::new(kind).await;
    for withdraws in [true, false] {
        let id = world.send(&answers()).await;
        let (kind, by) = (DocumentKind::Identity, By::default());
        world.accounts.upload_document(&id, kind, Bytes::from_static(PDF), &by).await.unwrap();
        let upload = world.db.store.registration_documents(&id).await.unwrap().remove(0).upload.unwrap();
        world.mails().await;
        if withdraws {
            world.accounts.withdraw_registration(&id, &by).await.unwrap();
        } else {
            world.accounts.refuse_registration(&id, "Not in our area.", &world.staff).await.unwrap();
            assert!(world.mails().await[0].2.contains("Not in our area."));
        }
        assert!(world.db.store.registration_pieces(&upload).await.unwrap().is_empty());
        let again = world.accounts.upload_document(&id, kind, Bytes::from_static(PDF), &by).await;
        assert_eq!(again.unwrap_err(), ApplicationError::Changed);
    }
}

on_both! {
    s10_s16_s17_from_the_form_to_the_account;
    s16_uploads_are_sealed_and_come_back_as_they_were;
    s16_a_rejected_document_is_mailed_with_its_reason;
    s10_of_two_at_once_one_counts;
    s17_two_who_approve_at_once_make_one_account;
    s10_who_has_an_account_is_told_by_mail_and_nobody_else;
    s17_refused_and_withdrawn_keep_no_uploads;
}

#[test]
fn s01_what_is_typed_is_checked() {
    assert!(problems_of(&answers(), None).is_empty());
    let wrong = |answers: Answers| problems_of(&answers, None).first().map(|problem| problem.field);
    assert_eq!(wrong(Answers { npi: "1234567890".into(), ..answers() }), Some("npi"), "the check digit");
    assert_eq!(wrong(Answers { npi: "123 456 7893".into(), ..answers() }), None);
    assert_eq!(wrong(Answers { credential: "RN".into(), ..answers() }), Some("credential"), "S-04");
    assert_eq!(wrong(Answers { email: "jose".into(), ..answers() }), Some("email"));
    assert_eq!(wrong(Answers { sponsor: String::new(), ..answers() }), Some("sponsor-no"), "S-15");
    assert_eq!(wrong(Answers { practice_name: String::new(), ..answers() }), Some("practice_sought"));
    assert_eq!(problems_of(&Answers::default(), None).len(), 7);
}
