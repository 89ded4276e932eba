//! `Patient/[id]/$everything` (R4 Patient, "Operation $everything"): the searches of each type for the patient, one after the other. Each
//! page is a page of one of them, judged like any other, and there is a further page only if something is on it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::access::authorizer::{Frame, Place, Total};
use crate::access::refusal::{DenyReason, Refusal};
use crate::access::released::Released;
use crate::domain::ids::FhirId;
use crate::fhir::everything::Everything;
use crate::fhir::interaction::Search;
use crate::fhir::resource_type::ResourceType;

use super::event::Asked;
use super::{Caller, PageError, Records, Unanswered};

/// What is asked for, and the searches that it comes to.
struct Record<'a> {
    patient: &'a FhirId,
    searches: Vec<Search>,
    /// What a handle of one of its pages holds.
    sealed: Search,
    self_url: String,
}

impl Records {
    /// The first page of a patient's record.
    pub async fn everything(
        &self,
        caller: &Caller,
        patient: &FhirId,
        wanted: &Everything,
    ) -> Result<Released, Unanswered> {
        let mut asked = asked(caller, patient);
        let self_url = format!("{}/Patient/{patient}/$everything?{}", self.offer.base(), wanted.query());
        let record = self.record_of(patient, wanted, self_url);
        let outcome = self.judge_everything(&mut asked, &record, 0, Place::default()).await;
        self.disclose(asked, outcome).await
    }

    /// A further page of it.
    pub async fn everything_page(
        &self,
        caller: &Caller,
        patient: &FhirId,
        handle: &str,
    ) -> Result<Released, Unanswered> {
        let mut asked = asked(caller, patient);
        let outcome = match self.pages.open_step(&caller.subject, ResourceType::Patient, handle) {
            Ok((sealed, step, place)) => match Everything::read(&sealed.query, &self.offer.rules()) {
                Ok(wanted) if sealed.patient.as_ref() == Some(patient) => {
                    let record = self.record_of(patient, &wanted, self.step_url(patient, handle));
                    self.judge_everything(&mut asked, &record, step, place).await
                }
                _ => Err(PageError::Unknown.into()),
            },
            Err(error) => Err(error.into()),
        };
        self.disclose(asked, outcome.map(Released::as_further_page)).await
    }

    fn record_of<'a>(&self, patient: &'a FhirId, wanted: &Everything, self_url: String) -> Record<'a> {
        let query = wanted.query().into();
        let resource_type = ResourceType::Patient;
        Record {
            patient,
            searches: wanted.searches(patient, &self.offer.rules()),
            sealed: Search { resource_type, patient: Some(patient.clone()), query },
            self_url,
        }
    }

    /// The page that begins at a place of one of the searches, or the first page of a later one with something on it.
    async fn judge_everything(
        &self,
        asked: &mut Asked<'_>,
        record: &Record<'_>,
        mut step: usize,
        mut place: Place,
    ) -> Result<Released, Unanswered> {
        let caller = asked.caller;
        loop {
            let search = record.searches.get(step).ok_or(Unanswered::not_found(DenyReason::NotFound))?;
            let goes_on = AtomicBool::new(false);
            let seal = |place: &Place| {
                goes_on.store(true, Ordering::Relaxed);
                let handle = self.pages.seal_step(&caller.subject, &record.sealed, step, place);
                self.step_url(record.patient, &handle)
            };
            let self_url = &*record.self_url;
            let frame =
                |after_all| Frame { self_url, seal: &seal, after_all, total: Total::Omit, count_only: false };
            // The patient comes first, and says whether there is anything for this reader at all.
            let page = self.judge_page(asked, search, place.clone(), frame(None)).await?;
            if goes_on.load(Ordering::Relaxed) {
                return Ok(page);
            }
            match self.next_step(asked, &record.searches, step + 1).await? {
                None => return Ok(page),
                Some(next) if page.matches() == 0 => (step, place) = (next, Place::default()),
                Some(next) => {
                    let begin = Place::default();
                    let handle = self.pages.seal_step(&caller.subject, &record.sealed, next, &begin);
                    let url = self.step_url(record.patient, &handle);
                    return self.judge_page(asked, search, place, frame(Some(&url))).await;
                }
            }
        }
    }

    /// The next of the searches with something to show. What the scopes do not cover has nothing.
    async fn next_step(
        &self,
        asked: &mut Asked<'_>,
        searches: &[Search],
        from: usize,
    ) -> Result<Option<usize>, Unanswered> {
        for (step, search) in searches.iter().enumerate().skip(from) {
            match self.judge_page(asked, search, Place::default(), super::pipeline::NO_FRAME).await {
                Ok(page) if page.matches() > 0 => return Ok(Some(step)),
                Ok(_) | Err(Unanswered::Refused(Refusal::InsufficientScope(_) | Refusal::NotFound(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn step_url(&self, patient: &FhirId, handle: &str) -> String {
        format!("{}/Patient/{patient}/$everything?_page={handle}", self.offer.base())
    }
}

fn asked<'a>(caller: &'a Caller, patient: &FhirId) -> Asked<'a> {
    Asked::about(caller, "Patient everything".to_owned(), vec![patient.clone()])
}
