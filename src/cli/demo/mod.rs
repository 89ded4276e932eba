//! `demo`: the whole system on one machine, with a synthetic children's hospital behind it.

mod folder;
mod report;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use clap::Args;
use tokio::net::TcpListener;

use crate::app::{App, Surroundings, options};
use crate::config;
use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::random::SystemRandom;
use crate::sandbox::cast::{self, Cast, Stage};
use crate::sandbox::ehr::{Ehr, EhrAuth, EhrOptions, Knobs};
use crate::sandbox::hospital::{Hospital, HospitalSpec};
use crate::sandbox::identity::{self, ProviderSpec, Somebody};
use crate::sandbox::mailbox::{OutgoingMail, router};
use crate::store::Store;
use crate::{lifecycle, server, telemetry};

use self::folder::Folder;
use super::CommandError;

/// Mails that the mailbox page lists.
const MAILS_SHOWN: u32 = 500;

#[derive(Args)]
pub struct DemoArgs {
    /// Print one line of JSON for scripts once ready.
    #[arg(long)]
    json: bool,
    /// Port of the portal on 127.0.0.1; the synthetic EHR takes the next one. 0: any two free ports.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// How many patients the hospital has; never fewer than there are stories.
    #[arg(long, default_value_t = 60)]
    patients: usize,
    /// The same seed gives the same hospital.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep the data in this folder; otherwise it is temporary.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs until SIGTERM or SIGINT.
pub async fn run(args: DemoArgs) -> Result<(), CommandError> {
    let portal_listener = server::bind(loopback(args.port)).await?;
    let ehr_listener =
        server::bind(loopback(if args.port == 0 { 0 } else { args.port.wrapping_add(1) })).await?;
    let portal = format!("http://localhost:{}", portal_listener.local_addr()?.port());
    let ehr_base = format!("http://127.0.0.1:{}/r4", ehr_listener.local_addr()?.port());
    let stop = lifecycle::stop_on_signal()?;

    let folder = Folder::open(args.data.as_deref())?;
    let key = folder.prepare(portal_listener.local_addr()?, &portal, &ehr_base)?;
    let hospital = Hospital::generate(&HospitalSpec {
        seed: args.seed,
        patients: args.patients,
        as_of: SystemClock.now(),
    });
    let surroundings =
        Surroundings { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), demo: true };
    let config = config::load(&folder.config())?;
    let _log = telemetry::start(&options::log(&config))?;
    let mut app = App::build(&config, &surroundings).await?;
    app.router = app.router.nest("/demo/mailbox", mailbox(app.store.clone()));
    let cast = people(&folder, &app, &hospital, &portal).await?;
    for (path, spec) in providers(&hospital, &cast, &portal) {
        let key = SigningKey::generate(SigningAlgorithm::Rs256)?;
        let (clock, random) = (surroundings.clock.clone(), surroundings.random.clone());
        app.router = app.router.nest(&path, identity::router(spec, key, clock, random));
    }
    folder.write_clients(&cast, &format!("{portal}{}", options::FHIR_PATH))?;
    let report = report::Report::new(&portal, &ehr_base, &hospital, cast);

    let ehr = Ehr::new(
        hospital,
        EhrOptions {
            base_url: ehr_base.parse()?,
            clock: surroundings.clock.clone(),
            random: surroundings.random.clone(),
            auth: EhrAuth::BackendServices(vec![key.registration()?]),
            knobs: Arc::new(Knobs::default()),
            shutdown: stop.clone(),
        },
    );
    let hospital_server = tokio::spawn(serve_ehr(ehr, ehr_listener));
    report.print(args.json)?;
    app.serve(portal_listener, None, stop).await;
    hospital_server.await?;
    Ok(())
}

/// Guardians whom the patient portal of the demo knows, at most.
const GUARDIANS: usize = 24;

/// The demo's two identity providers, by path: hospital staff at Children's ID, families at the patient portal.
fn providers(hospital: &Hospital, cast: &Cast, portal: &str) -> Vec<(String, ProviderSpec)> {
    let staff = cast.users.iter().filter(|user| user.kind == "staff").map(|user| Somebody {
        subject: user.email.clone(),
        name: user.name.clone(),
        email: user.email.clone(),
        fhir_user: None,
    });
    let families = hospital.guardians().filter(|one| one.has_portal_account).take(GUARDIANS);
    let families = families.map(|one| Somebody {
        subject: one.person_id.clone(),
        fhir_user: Some(format!("Person/{}", one.person_id)),
        name: one.name,
        email: one.email.to_lowercase(),
    });
    let spec = |name, end: &str, people| {
        let path = format!("/demo/{end}");
        let spec = ProviderSpec {
            name,
            issuer: format!("{portal}{path}"),
            client_id: "chartgate",
            redirect_uri: format!("{portal}/sign-in/{end}/callback"),
            after_sign_out: format!("{portal}/sign-in"),
            people,
        };
        (path, spec)
    };
    vec![
        spec("Children\u{2019}s ID", "childrens-id", staff.collect()),
        spec("Patient portal", "patient-portal", families.collect()),
    ]
}

async fn serve_ehr(ehr: Ehr, listener: TcpListener) {
    ehr.serve(listener).await;
}

/// Every mail that would have gone out, oldest first.
fn mailbox(store: Store) -> Router {
    router(move || {
        let store = store.clone();
        Box::pin(async move {
            let mails = store.mails(MAILS_SHOWN).await.unwrap_or_default();
            let shown = mails.into_iter().rev().map(|queued| OutgoingMail {
                to: queued.mail.to,
                subject: queued.mail.subject,
                text: queued.mail.body,
                html: None,
                at: queued.queued_at,
            });
            shown.collect()
        })
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The people and clients of this folder: made at the first start, read from the folder after that.
async fn people(
    folder: &Folder,
    app: &App,
    hospital: &Hospital,
    portal: &str,
) -> Result<cast::Cast, CommandError> {
    let stage = Stage {
        store: &app.store,
        passwords: &app.passwords,
        random: &SystemRandom,
        now: SystemClock.now(),
        hospital,
        portal,
    };
    if let Some(cast) = folder.cast()? {
        cast::move_viewer(&stage).await?;
        return Ok(cast);
    }
    let cast = cast::seed(&stage).await?;
    folder.keep(&cast)?;
    Ok(cast)
}
