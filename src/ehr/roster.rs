//! Panels as a file that the hospital writes, every night say: which patient has whom for PCP. CSV or NDJSON; read again when
//! it changes; a file that is not right in every line changes nothing; one that is too old counts for nothing (S-33).

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::access::permit::PanelLookup;
use crate::access::sources::PrimaryCare;
use crate::domain::clock::{SharedClock, Timestamp};
use crate::domain::ids::{FhirId, Npi};

use super::primary_care::ListHealth;

/// Largest file, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// How the file names a patient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    /// The logical id in the EHR.
    Id(FhirId),
    /// The medical record number.
    Mrn(String),
}

/// What one version of the file says.
#[derive(Debug)]
pub(super) struct Roster {
    written: Timestamp,
    by_patient: HashMap<Who, PrimaryCare>,
    /// Whether some patients are named by MRN.
    pub(super) has_mrns: bool,
}

impl Roster {
    /// The PCPs of a patient under any of these names.
    pub(super) fn of<'a>(&self, names: impl IntoIterator<Item = &'a Who>) -> PrimaryCare {
        let mut whole = PrimaryCare::default();
        for known in names.into_iter().filter_map(|name| self.by_patient.get(name)) {
            merge(&mut whole, known);
        }
        whole
    }

    /// The patients of these providers and organizations.
    pub(super) fn panel(&self, lookup: &PanelLookup) -> BTreeSet<&Who> {
        let theirs = |care: &PrimaryCare| {
            care.npis.iter().any(|npi| lookup.npis().contains(npi))
                || care.organizations.iter().any(|id| lookup.organizations().contains(id))
        };
        self.by_patient.iter().filter(|(_, care)| theirs(care)).map(|(who, _)| who).collect()
    }
}

fn merge(whole: &mut PrimaryCare, part: &PrimaryCare) {
    whole.npis.extend(part.npis.iter().filter(|npi| !whole.npis.contains(npi)).cloned().collect::<Vec<_>>());
    let organizations = part.organizations.iter().filter(|id| !whole.organizations.contains(id));
    whole.organizations.extend(organizations.cloned().collect::<Vec<_>>());
}

/// Why a file was not taken. Says where, never what: the values are patients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterError {
    /// It cannot be read.
    #[error("the roster file cannot be read: {0}")]
    Io(String),
    /// It is larger than anything that could be meant.
    #[error("the roster file is too large")]
    TooLarge,
    /// The first line of a CSV file does not name the columns.
    #[error("the roster file's first line must name its columns: patient_id or mrn, and npi or organization")]
    Columns,
    /// A line is not as it should be.
    #[error("line {0} of the roster file {1}")]
    Line(usize, &'static str),
    /// It has far fewer patients than the one before: it may have been cut off at the end of a line.
    #[error(
        "the roster file has {found} patients and the one before had {before}: fewer than ehr.panel.roster_min_share allows"
    )]
    Shrunk {
        /// Patients in it.
        found: usize,
        /// Patients in the one that counts.
        before: usize,
    },
    /// There is nobody in it.
    #[error("the roster file has no patients")]
    Empty,
}

/// The file.
#[derive(Debug)]
pub struct RosterFile {
    path: PathBuf,
    max_age: Duration,
    min_share: u8,
    clock: SharedClock,
    held: ArcSwapOption<Roster>,
    /// Change time and length of the file that was looked at last.
    seen: Mutex<Option<(SystemTime, u64)>>,
}

impl RosterFile {
    /// The file at `path`, not yet read. What was written longer ago than `max_age` counts for nothing.
    pub fn new(path: PathBuf, max_age: Duration, clock: SharedClock) -> Self {
        Self { path, max_age, min_share: 0, clock, held: ArcSwapOption::empty(), seen: Mutex::new(None) }
    }

    /// The same, not taken when it has less than so many percent of the patients in the one that counts.
    #[must_use]
    pub fn with_min_share(self, percent: u8) -> Self {
        Self { min_share: percent, ..self }
    }

    /// What the file said last, unless that is too old.
    pub(super) fn current(&self) -> Option<Arc<Roster>> {
        let held = self.held.load_full()?;
        let age = self.clock.now().since(held.written);
        metrics::gauge!("chartgate_roster_age_seconds").set(age.as_secs_f64());
        (age < self.max_age).then_some(held)
    }

    /// How the file that counts is; `None` while none does.
    pub(super) fn health(&self) -> Option<ListHealth> {
        self.current().map(|roster| ListHealth { written: roster.written, patients: roster.by_patient.len() })
    }

    /// Reads the file if it changed. On failure what it said before stays. Returns whether something new is known.
    pub fn refresh(&self) -> Result<bool, RosterError> {
        let io = |error: std::io::Error| RosterError::Io(error.kind().to_string());
        let about = std::fs::metadata(&self.path).map_err(io)?;
        let version = (about.modified().map_err(io)?, about.len());
        if self.seen.lock().as_ref() == Some(&version) {
            return Ok(false);
        }
        let read = self.read(version);
        // A file that was refused is refused once, not every few seconds.
        *self.seen.lock() = Some(version);
        match read {
            Ok(roster) => {
                tracing::info!(patients = roster.by_patient.len(), "the roster file was read");
                self.held.store(Some(Arc::new(roster)));
                Ok(true)
            }
            Err(error) => {
                metrics::counter!("chartgate_roster_refused_total").increment(1);
                Err(error)
            }
        }
    }

    fn read(&self, (modified, length): (SystemTime, u64)) -> Result<Roster, RosterError> {
        if length > LARGEST {
            return Err(RosterError::TooLarge);
        }
        let text =
            std::fs::read_to_string(&self.path).map_err(|error| RosterError::Io(error.kind().to_string()))?;
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let written = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        let rows = if is_ndjson(&self.path, &text) { ndjson(&text)? } else { csv_rows(&text)? };
        let mut by_patient: HashMap<Who, PrimaryCare> = HashMap::new();
        for (who, care) in rows {
            merge(by_patient.entry(who).or_default(), &care);
        }
        if by_patient.is_empty() {
            return Err(RosterError::Empty);
        }
        // Whom a file that was cut off does not name any more would lose their PCP, and nothing in it would be wrong.
        let (found, before) = (by_patient.len(), self.current().map_or(0, |held| held.by_patient.len()));
        if found * 100 < before * usize::from(self.min_share) {
            return Err(RosterError::Shrunk { found, before });
        }
        let has_mrns = by_patient.keys().any(|who| matches!(who, Who::Mrn(_)));
        // A time that has not come yet would make it new for too long.
        Ok(Roster { written: written.min(self.clock.now()), by_patient, has_mrns })
    }

    /// Looks at the file again and again, for as long as it is polled: for a background job.
    pub async fn keep(self: Arc<Self>) {
        loop {
            let file = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || file.refresh()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "the roster file is not taken; what it said before stays");
                }
                Err(_) => tracing::error!("the roster file could not be read to its end"),
            }
            if self.current().is_none() {
                tracing::error!(
                    "there is no roster file of the last days: nobody has access by primary care"
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn is_ndjson(path: &Path, text: &str) -> bool {
    path.extension().is_some_and(|extension| extension == "ndjson") || text.trim_start().starts_with('{')
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    patient_id: String,
    mrn: String,
    npi: String,
    organization: String,
}

impl Row {
    fn judge(self, line: usize) -> Result<(Who, PrimaryCare), RosterError> {
        let wrong = |what| RosterError::Line(line, what);
        let who = match (self.patient_id.trim(), self.mrn.trim()) {
            ("", "") => return Err(wrong("names no patient")),
            ("", mrn) => Who::Mrn(mrn.to_owned()),
            (id, "") => Who::Id(FhirId::parse(id).map_err(|_| wrong("has a patient id that cannot be one"))?),
            _ => return Err(wrong("names a patient in two ways")),
        };
        let mut care = PrimaryCare::default();
        if !self.npi.trim().is_empty() {
            care.npis.push(Npi::parse(self.npi.trim()).map_err(|_| wrong("has an NPI that cannot be one"))?);
        }
        if !self.organization.trim().is_empty() {
            let id = self.organization.trim();
            let id = FhirId::parse(id.strip_prefix("Organization/").unwrap_or(id));
            care.organizations.push(id.map_err(|_| wrong("has an organization that cannot be one"))?);
        }
        if care.is_nobody() {
            return Err(wrong("names neither provider nor organization"));
        }
        Ok((who, care))
    }
}

fn ndjson(text: &str) -> Result<Vec<(Who, PrimaryCare)>, RosterError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let row: Row =
                serde_json::from_str(line).map_err(|_| RosterError::Line(number + 1, "is not a row"))?;
            row.judge(number + 1)
        })
        .collect()
}

fn csv_rows(text: &str) -> Result<Vec<(Who, PrimaryCare)>, RosterError> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let (_, first) = lines.next().ok_or(RosterError::Empty)?;
    let names = fields(first).ok_or(RosterError::Columns)?;
    let known = ["patient_id", "mrn", "npi", "organization"];
    let has = |one: &str, other: &str| names.iter().any(|name| name == one || name == other);
    if !names.iter().all(|name| known.contains(&name.as_str()))
        || !has("patient_id", "mrn")
        || !has("npi", "organization")
    {
        return Err(RosterError::Columns);
    }
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let wrong = |what| RosterError::Line(number + 1, what);
            let values = fields(line).ok_or_else(|| wrong("has a quote that is not closed"))?;
            if values.len() != names.len() {
                return Err(wrong("has more or fewer fields than there are columns"));
            }
            let mut row = Row::default();
            for (name, value) in names.iter().zip(values) {
                let field = match name.as_str() {
                    "patient_id" => &mut row.patient_id,
                    "mrn" => &mut row.mrn,
                    "npi" => &mut row.npi,
                    _ => &mut row.organization,
                };
                *field = value;
            }
            row.judge(number + 1)
        })
        .collect()
}

/// The fields of a line of CSV (RFC 4180, without line breaks in fields); `None` when a quote is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    // The reader takes an open quote for closed at the end, where a file that was cut off ends too.
    if line.matches('"').count() % 2 == 1 {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .buffer_capacity(line.len().max(1))
        .from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::domain::clock::ManualClock;

    const NPI: &str = "1234567893";

    struct File {
        roster: Arc<RosterFile>,
        clock: Arc<ManualClock>,
        folder: tempfile::TempDir,
        seconds: u64,
    }

    impl File {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = ManualClock::new(Timestamp::from_millis(1_790_000_000_000));
            let path = folder.path().join("roster.csv");
            let roster = RosterFile::new(path, Duration::from_hours(36), clock.clone());
            let roster = Arc::new(roster.with_min_share(50));
            Self { roster, clock, folder, seconds: 1_789_990_000 }
        }

        fn write(&mut self, text: &str) -> Result<bool, RosterError> {
            let mut file = std::fs::File::create(self.folder.path().join("roster.csv")).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            self.seconds += 1;
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds)).unwrap();
            self.roster.refresh()
        }

        fn has(&self, patient: &str) -> Option<bool> {
            let who = Who::Id(FhirId::parse(patient).unwrap());
            self.roster.current().map(|roster| roster.of([&who]) != PrimaryCare::default())
        }
    }

    #[test]
    fn both_forms_are_read() {
        let csv = csv_rows(&format!(
            "\u{feff}mrn,npi,organization\r\n\"CG-1\",{NPI},\r\n\"a \"\"b\"\", c\",,Organization/org-1\r\n\r\n"
        ));
        let ndjson = ndjson(&format!(
            "{{\"mrn\":\"CG-1\",\"npi\":\"{NPI}\"}}\n{{\"mrn\":\"a \\\"b\\\", c\",\"organization\":\"org-1\"}}\n"
        ));
        assert_eq!(csv, ndjson);
        assert_eq!(csv.unwrap()[1].0, Who::Mrn("a \"b\", c".into()));
    }

    #[test]
    fn what_is_not_right_in_every_line_is_refused_and_says_where_but_not_what() {
        for (text, line) in [
            ("patient_id,npi\np1\n", 2),
            ("patient_id,npi\np1,1234567893\np2,1234567890\n", 3),
            ("patient_id,npi\n,1234567893\n", 2),
            ("patient_id,npi\np 1,1234567893\n", 2),
            ("patient_id,npi\np1,\n", 2),
            ("patient_id,npi\n\"p1,1234567893\n", 2),
            ("patient_id,npi\np1,\"1234567893\n", 2),
            ("patient_id,npi\np1,1234567893,\n", 2),
            ("patient_id,mrn,npi\np1,m1,1234567893\n", 2),
        ] {
            let Err(RosterError::Line(found, what)) = csv_rows(text) else { panic!("{text}") };
            assert_eq!(found, line, "{text}");
            assert!(!what.contains("p1") && !what.contains("1234"), "{what}");
        }
        for text in ["", "npi\n1\n", "patient_id\np\n", "patient_id,npi,note\n"] {
            assert!(matches!(csv_rows(text), Err(RosterError::Columns | RosterError::Empty)), "{text}");
        }
        assert!(ndjson("{\"mrn\":\"x\",\"npi\":\"1234567893\",\"npi\":\"1\"}").is_err(), "twice");
    }

    #[test]
    fn s33_a_file_that_was_cut_off_at_the_end_of_a_line_is_not_taken() {
        let mut file = File::new();
        let of = |patients: &[&str]| {
            let rows: Vec<_> = patients.iter().map(|patient| format!("{patient},{NPI}\n")).collect();
            format!("patient_id,npi\n{}", rows.concat())
        };
        assert_eq!(file.write(&of(&["p1", "p2", "p3", "p4"])), Ok(true));
        assert_eq!(file.write(&of(&["p1"])), Err(RosterError::Shrunk { found: 1, before: 4 }));
        assert_eq!((file.has("p1"), file.has("p4")), (Some(true), Some(true)), "what it said before stays");
        assert_eq!(file.write(&of(&["p1", "p2"])), Ok(true), "half of them is enough");
        assert_eq!(file.has("p4"), Some(false));
        file.clock.advance(Duration::from_hours(40));
        assert_eq!(file.write(&of(&["p2", "p3", "p5"])), Ok(true));
        file.clock.advance(Duration::from_hours(40));
        file.seconds += 80 * 3600;
        assert_eq!(file.write(&of(&["p3"])), Ok(true), "where none counts any more, one is better than none");
    }

    #[test]
    fn s33_a_bad_file_changes_nothing_and_an_old_one_counts_for_nothing() {
        let mut file = File::new();
        assert_eq!(file.has("p1"), None, "not read yet");
        assert_eq!(file.write(&format!("patient_id,npi\np1,{NPI}\n")), Ok(true));
        assert_eq!((file.has("p1"), file.has("p2")), (Some(true), Some(false)));
        assert_eq!(file.roster.refresh(), Ok(false), "unchanged");
        assert!(file.write(&format!("patient_id,npi\np2,{NPI}\np1,1")).is_err());
        assert_eq!((file.has("p1"), file.has("p2")), (Some(true), Some(false)));
        assert!(file.write("patient_id,npi\n").is_err(), "nobody");
        assert_eq!(file.write(&format!("patient_id,npi\np2,{NPI}\n")), Ok(true));
        assert_eq!((file.has("p1"), file.has("p2")), (Some(false), Some(true)));
        file.clock.advance(Duration::from_hours(40));
        assert_eq!(file.has("p2"), None, "too old");
        std::fs::remove_file(file.folder.path().join("roster.csv")).unwrap();
        assert!(matches!(file.roster.refresh(), Err(RosterError::Io(_))));
    }
}
