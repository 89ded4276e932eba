//! `practice add|list`: practices and their rosters, until the portal's own pages do it.

use clap::{Args, Subcommand};

use crate::domain::ids::{FhirId, Npi, PracticeId};
use crate::domain::practice::Practice;
use crate::domain::random::SystemRandom;

use super::open::Installation;
use super::{CommandError, Place};

#[derive(Subcommand)]
pub enum PracticeCommand {
    /// Add a practice with its roster.
    Add(Box<AddPractice>),
    /// List practices and rosters.
    List(Place),
}

#[derive(Args)]
pub struct AddPractice {
    #[command(flatten)]
    place: Place,
    /// Name as printed.
    #[arg(long)]
    name: String,
    /// Id; drawn at random when absent.
    #[arg(long)]
    id: Option<String>,
    /// Postal address, one line.
    #[arg(long, default_value = "")]
    address: String,
    /// Main telephone.
    #[arg(long, default_value = "")]
    phone: String,
    /// FHIR id of its Organization in the EHR.
    #[arg(long)]
    organization: Option<String>,
    /// NPI of a provider; may be given several times.
    #[arg(long = "npi", value_name = "NPI", required = true)]
    roster: Vec<String>,
}

pub async fn run(command: PracticeCommand) -> Result<(), CommandError> {
    match command {
        PracticeCommand::Add(add) => self::add(*add).await,
        PracticeCommand::List(place) => list(&place).await,
    }
}

async fn add(add: AddPractice) -> Result<(), CommandError> {
    let roster = add.roster.iter().map(|npi| Npi::parse(npi).map_err(|_| format!("'{npi}' is not an NPI")));
    let practice = Practice {
        id: match &add.id {
            Some(id) => PracticeId::parse(id)?,
            None => PracticeId::generate(&SystemRandom),
        },
        name: add.name,
        address: add.address,
        phone: add.phone,
        organization: add.organization.as_deref().map(FhirId::parse).transpose()?,
        roster: roster.collect::<Result<_, _>>()?,
    };
    let installation = Installation::open(&add.place).await?;
    if installation.store.practice(&practice.id).await?.is_some() {
        return Err(format!("there is a practice '{}' already", practice.id).into());
    }
    installation.store.insert_practice(&practice).await?;
    installation.record("practice_add", practice.id.as_str()).await?;
    installation.store.close().await;
    println!("practice: {}", practice.id);
    Ok(())
}

async fn list(place: &Place) -> Result<(), CommandError> {
    let installation = Installation::open(place).await?;
    for practice in installation.store.practices().await? {
        let roster: Vec<_> = practice.roster.iter().map(Npi::as_str).collect();
        println!("{}\t{}\t{}", practice.id, practice.name, roster.join(" "));
    }
    installation.store.close().await;
    Ok(())
}
