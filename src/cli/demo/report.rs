//! What the demo prints once it is ready: for a person, or one line of JSON for scripts.

use serde::Serialize;

use crate::app::options::FHIR_PATH;
use crate::cli::CommandError;
use crate::sandbox::cast::{Cast, DemoClient, DemoUser};
use crate::sandbox::hospital::Hospital;

/// Patients listed; the population may be of any size.
const LISTED: usize = 200;

/// Everything that is printed.
#[derive(Serialize)]
pub struct Report {
    portal: String,
    fhir: String,
    ehr: String,
    mailbox: String,
    users: Vec<DemoUser>,
    clients: Vec<DemoClient>,
    patients: Vec<DemoPatient>,
}

#[derive(Serialize)]
struct DemoPatient {
    mrn: String,
    id: String,
    name: String,
    birth_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<&'static str>,
}

impl Report {
    /// The report on a demo that is about to start.
    pub fn new(portal: &str, ehr: &str, hospital: &Hospital, cast: Cast) -> Self {
        let stories = hospital.stories();
        let patients = hospital.patients().take(LISTED.max(stories.len())).map(|facts| DemoPatient {
            story: stories.iter().find(|story| story.id == facts.id).map(|story| story.story),
            mrn: facts.mrn,
            id: facts.id,
            name: facts.name,
            birth_date: facts.birth_date,
        });
        Self {
            portal: portal.to_owned(),
            fhir: format!("{portal}{FHIR_PATH}"),
            ehr: ehr.to_owned(),
            mailbox: format!("{portal}/demo/mailbox"),
            patients: patients.collect(),
            users: cast.users,
            clients: cast.clients,
        }
    }

    /// Prints it.
    pub fn print(&self, json: bool) -> Result<(), CommandError> {
        use std::io::Write as _;
        let mut out = std::io::stdout().lock();
        if json {
            serde_json::to_writer(&mut out, self)?;
            writeln!(out)?;
        } else {
            self.write(&mut out)?;
        }
        out.flush()?;
        Ok(())
    }

    fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        writeln!(out, "\nChartgate is running. Nobody here is real.\n")?;
        writeln!(out, "  Portal     {}", self.portal)?;
        writeln!(out, "  FHIR R4    {}", self.fhir)?;
        writeln!(out, "  EHR        {} (synthetic; wants SMART Backend Services)", self.ehr)?;
        writeln!(out, "  Mailbox    {}", self.mailbox)?;
        writeln!(out, "\nSign in as\n")?;
        for user in &self.users {
            writeln!(out, "  {:<40} {}", user.email, user.password)?;
            let place = user.practice.as_deref().unwrap_or(&user.kind);
            writeln!(out, "  {:<40} {}: {}", user.name, place, user.note)?;
            if let (Some(seen), Some(unseen)) = (user.sees.first(), user.sees_not.first()) {
                writeln!(out, "  {:<40} for example {seen}, but not {unseen}", "")?;
            }
            writeln!(out)?;
        }
        writeln!(out, "Patients to look for\n")?;
        for patient in self.patients.iter().filter(|patient| patient.story.is_some()) {
            let story = patient.story.unwrap_or_default();
            writeln!(out, "  {}  {:<22} born {}  {story}", patient.mrn, patient.name, patient.birth_date)?;
        }
        writeln!(out, "\nClients for scripts: `chartgate demo --json`. Stop with Ctrl+C.")
    }
}
