//! A proxy that makes a FHIR server misbehave: `cargo run --example fault_proxy -- --upstream http://127.0.0.1:9099 --fault throttled`.
//!
//! Faults are named as in `docs/EHR.md`. While it runs, `PUT /.faults` sets another schedule.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chartgate::domain::clock::SystemClock;
use chartgate::sandbox::faults::{Fault, Proxy, ProxyOptions, Schedule};
use clap::Parser;
use url::Url;

#[derive(Parser)]
struct Args {
    /// Port on 127.0.0.1; 0 for a free one.
    #[arg(long, default_value_t = 9100)]
    port: u16,
    /// The FHIR server; its path does not matter.
    #[arg(long)]
    upstream: Url,
    /// Faults by name; one of them is drawn each time. `all` for all.
    #[arg(long)]
    fault: Vec<String>,
    /// Only where the path has this segment, such as `Observation`.
    #[arg(long)]
    on: Option<String>,
    /// To one request of so many.
    #[arg(long, default_value_t = 1)]
    one_in: u32,
    /// Where the draws begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What "slow" means, in seconds.
    #[arg(long, default_value_t = 30)]
    slow: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let mut faults = Vec::new();
    for name in &args.fault {
        let of_name = Fault::ALL.iter().filter(|fault| name == "all" || fault.name() == *name);
        let before = faults.len();
        faults.extend(of_name.copied());
        if faults.len() == before {
            return Err(format!("there is no fault '{name}'; docs/EHR.md lists them").into());
        }
    }
    chartgate::credentials::install_crypto_provider();
    let proxy = Proxy::start(ProxyOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], args.port)),
        upstream: args.upstream,
        slow: Duration::from_secs(args.slow),
        clock: Arc::new(SystemClock),
    })
    .await?;
    proxy.set(Schedule { faults, on: args.on, one_in: args.one_in, seed: args.seed, ..Schedule::default() });
    println!("{}", proxy.origin());
    tokio::signal::ctrl_c().await?;
    for passed in proxy.take_passed() {
        println!("{}  {}", passed.fault.map(Fault::name).unwrap_or_default(), passed.request);
    }
    Ok(())
}
