//! The command line. Each command is a file; this one says what they take.

mod check;
mod client;
mod demo;
mod invite;
mod keys;
mod open;
mod practice;
mod serve;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config};

/// What went wrong, for the person at the terminal.
pub type CommandError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(
    name = "chartgate",
    version,
    about = "Lets outside clinicians read their patients' hospital records"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole system on this machine with a synthetic hospital behind it.
    Demo(demo::DemoArgs),
    /// Run against the EHR that the configuration names.
    Serve(Place),
    /// Read the configuration and say what is wrong with it.
    CheckConfig(Place),
    /// Bring the database's schema up to date.
    Migrate(Place),
    /// Register, list and remove OAuth clients.
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// Add people.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Add and list practices and their rosters.
    #[command(subcommand)]
    Practice(practice::PracticeCommand),
    /// List and rotate signing keys.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Check the audit log's chain.
    VerifyAudit(Place),
}

/// Which installation a command works on.
#[derive(Args, Clone)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder of a demo (also while it runs).
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// The configuration file of the installation.
    fn file(&self) -> PathBuf {
        match (&self.config, &self.data) {
            (Some(file), _) => file.clone(),
            (None, Some(folder)) => folder.join("chartgate.toml"),
            (None, None) => PathBuf::from("chartgate.toml"),
        }
    }

    /// Reads and validates it.
    pub fn load(&self) -> Result<Config, CommandError> {
        Ok(config::load(&self.file())?)
    }
}

/// Parses the command line and runs the command. Errors go to standard error as sentences.
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("chartgate: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(line.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chartgate: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(place) => serve::run(&place).await,
        Command::CheckConfig(place) => check::config(&place),
        Command::Migrate(place) => check::migrate(&place).await,
        Command::Client(command) => client::run(command).await,
        Command::User(command) => user::run(command).await,
        Command::Practice(command) => practice::run(command).await,
        Command::Keys(command) => keys::run(command).await,
        Command::VerifyAudit(place) => check::audit(&place).await,
    }
}
