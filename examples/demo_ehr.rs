//! The demo hospital's FHIR server alone, for developing against: `cargo run --example demo_ehr -- --no-auth`.

use std::net::SocketAddr;
use std::sync::Arc;

use chartgate::domain::clock::{Clock, SystemClock};
use chartgate::domain::random::SystemRandom;
use chartgate::sandbox::ehr::{Ehr, EhrAuth, EhrOptions, Knobs};
use chartgate::sandbox::hospital::{Hospital, HospitalSpec};
use clap::Parser;
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 9099)]
    port: u16,
    /// How many children; never fewer than there are stories.
    #[arg(long, default_value_t = 20)]
    patients: usize,
    /// The same seed gives the same hospital.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Anybody may ask, from any page. Required: this example has no clients.
    #[arg(long)]
    no_auth: bool,
    /// Writes every resource as NDJSON to standard output and ends.
    #[arg(long)]
    dump: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let clock = Arc::new(SystemClock);
    let spec = HospitalSpec { seed: args.seed, patients: args.patients, as_of: clock.now() };
    let hospital = Hospital::generate(&spec);
    if args.dump {
        return dump(&hospital);
    }
    if !args.no_auth {
        return Err(
            "this example only serves without sign-in: pass --no-auth, or use `chartgate demo`".into()
        );
    }
    for story in hospital.stories() {
        println!("{}  {}  {}  {:20} {}", story.mrn, story.id, story.birth_date, story.name, story.story);
    }
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let listener = tokio::net::TcpListener::bind(address).await?;
    let base_url = format!("http://{}/r4", listener.local_addr()?).parse()?;
    println!("FHIR base URL: {base_url}");
    let shutdown = CancellationToken::new();
    let ehr = Ehr::new(
        hospital,
        EhrOptions {
            base_url,
            clock,
            random: Arc::new(SystemRandom),
            auth: EhrAuth::Open,
            knobs: Arc::new(Knobs::default()),
            shutdown: shutdown.clone(),
        },
    );
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        shutdown.cancel();
    });
    ehr.serve(listener).await;
    Ok(())
}

fn dump(hospital: &Hospital) -> Result<(), Box<dyn std::error::Error>> {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let records = (0..hospital.children().len()).filter_map(|index| hospital.record(index));
    for entry in
        hospital.directory().entries.iter().cloned().chain(records.flat_map(|record| record.entries.clone()))
    {
        out.write_all(&entry.body)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
