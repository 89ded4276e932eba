//! `user add`.

use std::io::{BufRead as _, IsTerminal as _};

use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};

use crate::credentials::password::Passwords;
use crate::credentials::strength;
use crate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use crate::domain::clock::{Clock as _, SystemClock};
use crate::domain::ids::{AccountId, FhirId, Npi, SponsorshipId};
use crate::domain::practice::{Sponsorship, SponsorshipState};
use crate::domain::random::SystemRandom;

use super::open::Installation;
use super::{CommandError, Place};

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add a person; the password is read from standard input.
    Add(Box<AddUser>),
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Provider,
    Sponsored,
    Guardian,
    Staff,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Provisioning,
    Support,
}

#[derive(Args)]
pub struct AddUser {
    #[command(flatten)]
    place: Place,
    /// Sign-in name.
    #[arg(long)]
    email: String,
    /// Name as printed on pages.
    #[arg(long)]
    name: String,
    /// What kind of person.
    #[arg(long, value_enum)]
    kind: Kind,
    /// A provider's NPI.
    #[arg(long, required_if_eq("kind", "provider"))]
    npi: Option<String>,
    /// Sign-in name of a sponsoring provider; may be given several times.
    #[arg(long, required_if_eq("kind", "sponsored"))]
    sponsor: Vec<String>,
    /// FHIR id of a guardian's child; may be given several times.
    #[arg(long, required_if_eq("kind", "guardian"))]
    patient: Vec<String>,
    /// What a member of staff does.
    #[arg(long, value_enum, required_if_eq("kind", "staff"))]
    role: Option<Role>,
    /// Telephone.
    #[arg(long)]
    phone: Option<String>,
}

pub async fn run(command: UserCommand) -> Result<(), CommandError> {
    let UserCommand::Add(add) = command;
    let account = account(&add)?;
    let installation = Installation::open(&add.place).await?;
    let store = &installation.store;
    if store.account_by_email(&account.email).await?.is_some() {
        return Err(format!("there is an account '{}' already", account.email).into());
    }
    let mut sponsors = Vec::new();
    for email in &add.sponsor {
        let sponsor = store.account_by_email(&email.to_lowercase()).await?;
        match sponsor {
            Some(Account { id, kind: AccountKind::Provider { .. }, .. }) => sponsors.push(id),
            _ => return Err(format!("'{email}' is not the sign-in name of a provider").into()),
        }
    }
    let password = read_password()?;
    strength::check(password.expose_secret(), &account.email, &account.name, false)
        .map_err(|error| format!("the password is not accepted: {error}"))?;
    let passwords = Passwords::new(std::sync::Arc::new(SystemRandom), 1)?;
    let hash = passwords.hash(password).await?;
    let mut change = store.begin().await?;
    change.insert_account(&account).await?;
    change.set_password_hash(&account.id, &hash).await?;
    for sponsor in sponsors {
        change
            .insert_sponsorship(&Sponsorship {
                id: SponsorshipId::generate(&SystemRandom),
                sponsor,
                sponsored: account.id.clone(),
                state: SponsorshipState::Active,
                created_at: account.created_at,
            })
            .await?;
    }
    change.commit().await?;
    installation.record("user_add", account.id.as_str()).await?;
    store.close().await;
    println!("account: {}", account.id);
    Ok(())
}

fn account(add: &AddUser) -> Result<Account, CommandError> {
    let kind = match add.kind {
        Kind::Provider => AccountKind::Provider {
            npi: Npi::parse(add.npi.as_deref().unwrap_or_default())
                .map_err(|_| "--npi is not a National Provider Identifier: 10 digits with a check digit")?,
        },
        Kind::Sponsored => AccountKind::Sponsored,
        Kind::Guardian => AccountKind::Guardian {
            patients: add.patient.iter().map(|id| FhirId::parse(id)).collect::<Result<_, _>>()?,
        },
        Kind::Staff => AccountKind::Staff {
            role: match add.role {
                Some(Role::Provisioning) => StaffRole::Provisioning,
                _ => StaffRole::Support,
            },
        },
    };
    let email = add.email.trim().to_lowercase();
    if email.len() > 254
        || email.split_once('@').is_none_or(|(user, host)| user.is_empty() || host.is_empty())
    {
        return Err("--email is not an e-mail address".into());
    }
    Ok(Account {
        id: AccountId::generate(&SystemRandom),
        kind,
        email,
        name: add.name.trim().to_owned(),
        phone: add.phone.clone(),
        state: AccountState::Active,
        created_at: SystemClock.now(),
    })
}

fn read_password() -> Result<SecretString, CommandError> {
    if std::io::stdin().is_terminal() {
        eprintln!("Password (at least {} characters; it is shown as you type):", strength::MIN_CHARS);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("no password on standard input".into());
    }
    Ok(SecretString::from(password.to_owned()))
}
