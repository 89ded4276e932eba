//! Encounters, and the conditions that they and the problem list hold.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::dx::Dx;
use crate::sandbox::hospital::codes::procedures::Proc;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::staff::{Clinician, EMERGENCY_DEPT, HOSPITAL, Unit};
use crate::sandbox::hospital::{json as j, time};

/// What kind of contact it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Admitted to a ward.
    Inpatient,
    /// Seen in the emergency department and sent home.
    Emergency,
    /// First visit to a specialty clinic.
    Consultation,
    /// Return visit to a specialty clinic.
    FollowUp,
    /// Return visit by video.
    Video,
    /// Born here.
    Birth,
}

impl Setting {
    /// v3 `ActCode` of `Encounter.class`.
    const fn class(self) -> (&'static str, &'static str) {
        match self {
            Self::Inpatient | Self::Birth => ("IMP", "inpatient encounter"),
            Self::Emergency => ("EMER", "emergency"),
            Self::Consultation | Self::FollowUp => ("AMB", "ambulatory"),
            Self::Video => ("VR", "virtual"),
        }
    }

    /// SNOMED CT concept of `Encounter.type`.
    const fn coded(self) -> (&'static str, &'static str) {
        match self {
            Self::Inpatient => ("183452005", "Emergency hospital admission"),
            Self::Birth => ("3950001", "Birth"),
            Self::Emergency => ("4525004", "Emergency department patient visit"),
            Self::Consultation => ("11429006", "Consultation"),
            Self::FollowUp => ("390906007", "Follow-up encounter"),
            Self::Video => ("448337001", "Telemedicine consultation with patient"),
        }
    }
}

/// Where a child went afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Home with the family.
    Home,
    /// Home, with nurses coming to the house.
    HomeNursing,
    /// To a psychiatric hospital.
    Psychiatric,
    /// To rehabilitation.
    Rehabilitation,
}

impl Disposition {
    const fn coded(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Home => ("home", "Home", "Discharged home with family"),
            Self::HomeNursing => ("home", "Home", "Discharged home with home nursing visits"),
            Self::Psychiatric => ("psy", "Psychiatric hospital", "Transferred to psychiatric hospital"),
            Self::Rehabilitation => ("rehab", "Rehabilitation", "Transferred to inpatient rehabilitation"),
        }
    }
}

/// A contact to be written.
pub struct Visit<'v> {
    /// What kind.
    pub setting: Setting,
    /// Where.
    pub unit: &'static Unit,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; absent while the child is still there.
    pub to: Option<Timestamp>,
    /// Who was responsible.
    pub attending: &'static Clinician,
    /// Who else took part: v3 `ParticipationType` code and clinician.
    pub team: &'v [(&'static str, &'static Clinician)],
    /// Why the child came, in words.
    pub reason: &'v str,
    /// What was found, the main one first.
    pub diagnoses: &'v [&'static Dx],
    /// Where the child went.
    pub disposition: Option<Disposition>,
    /// Whether the child came through the emergency department.
    pub through_ed: bool,
}

/// A contact that has been written.
#[derive(Clone, Debug)]
pub struct Enc {
    /// `Encounter/...`.
    pub reference: String,
    /// When it began.
    pub from: Timestamp,
    /// When it ended.
    pub to: Option<Timestamp>,
    /// Who was responsible.
    pub attending: &'static Clinician,
    /// Where.
    pub unit: &'static Unit,
    /// Why, in words.
    pub reason: String,
}

impl Enc {
    /// The end, or `otherwise` while it lasts.
    pub fn end_or(&self, otherwise: Timestamp) -> Timestamp {
        self.to.unwrap_or(otherwise)
    }
}

impl Chart<'_> {
    /// Writes a contact and its diagnoses.
    pub fn visit(&mut self, visit: &Visit<'_>) -> Enc {
        let id = self.reserve(Kind::Encounter);
        let reference = format!("Encounter/{id}");
        let updated = visit.to.map_or(self.now.min(time::after(visit.from, 180)), |end| time::after(end, 20));
        let enc = Enc {
            reference: reference.clone(),
            from: visit.from,
            to: visit.to,
            attending: visit.attending,
            unit: visit.unit,
            reason: visit.reason.to_owned(),
        };
        let mut diagnoses = Vec::new();
        for (rank, dx) in (1..).zip(visit.diagnoses) {
            let condition = self.encounter_diagnosis(&enc, dx);
            let (code, words) = if visit.to.is_some() && visit.setting == Setting::Inpatient {
                ("DD", "Discharge diagnosis")
            } else {
                ("AD", "Admission diagnosis")
            };
            diagnoses.push(json!({
                "condition": j::reference(&condition, dx.name),
                "use": j::hl7_concept("diagnosis-role", code, words),
                "rank": rank
            }));
        }
        let body = self.encounter_body(visit, &id, &Value::Array(diagnoses));
        self.put(Kind::Encounter, &id, &["us-core-encounter"], updated, body);
        self.wrote(&reference, visit.attending, updated, &reference);
        enc
    }

    fn encounter_body(&self, visit: &Visit<'_>, id: &str, diagnoses: &Value) -> Value {
        let (class, class_words) = visit.setting.class();
        let (code, words) = visit.setting.coded();
        let status = if visit.to.is_some() { "finished" } else { "in-progress" };
        let number = format!("V{:08}", 30_000_000 + self.child.index * 1009 % 60_000_000);
        let mut body = json!({
            "identifier": [{ "use": "official", "system": j::VISIT_NUMBER, "value": format!("{number}-{}", id.rsplit("enc").next().unwrap_or("0")) }],
            "status": status,
            "class": j::coding(&j::hl7("v3-ActCode"), class, class_words),
            "type": [j::concept(j::SNOMED, code, words)],
            "serviceType": { "text": visit.attending.specialty.name },
            "subject": self.subject(),
            "participant": self.participants(visit),
            "period": j::period(visit.from, visit.to),
            "reasonCode": [{ "text": visit.reason }],
            "location": locations(visit, self.now),
            "serviceProvider": j::reference("Organization/org-1", HOSPITAL.name)
        });
        if !diagnoses.as_array().is_none_or(Vec::is_empty) {
            j::set(&mut body, "diagnosis", diagnoses.clone());
        }
        let mut stay = json!({});
        if visit.through_ed {
            j::set(
                &mut stay,
                "admitSource",
                j::hl7_concept("admit-source", "emd", "From accident/emergency department"),
            );
        } else if visit.setting == Setting::Birth {
            j::set(&mut stay, "admitSource", j::hl7_concept("admit-source", "born", "Born in hospital"));
        }
        if let Some(disposition) = visit.disposition {
            let (code, display, text) = disposition.coded();
            let disposition = j::concept_text(&j::hl7("discharge-disposition"), code, display, text);
            j::set(&mut stay, "dischargeDisposition", disposition);
        }
        if stay.as_object().is_some_and(|s| !s.is_empty()) {
            j::set(&mut body, "hospitalization", stay);
        }
        body
    }

    fn participants(&self, visit: &Visit<'_>) -> Value {
        let everybody = std::iter::once(("ATND", visit.attending)).chain(visit.team.iter().copied());
        let mut all: Vec<Value> = everybody
            .map(|(code, clinician)| {
                let words = match code {
                    "ATND" => "attender",
                    "CON" => "consultant",
                    "ADM" => "admitter",
                    "DIS" => "discharger",
                    "REF" => "referrer",
                    _ => "secondary performer",
                };
                json!({
                    "type": [j::hl7_concept("v3-ParticipationType", code, words)],
                    "period": j::period(visit.from, visit.to),
                    "individual": j::reference(&clinician.reference(), &clinician.signed())
                })
            })
            .collect();
        if visit.setting == Setting::Consultation
            && let Some(pcp) = self.child.pcp()
        {
            all.push(json!({
                "type": [j::hl7_concept("v3-ParticipationType", "REF", "referrer")],
                "individual": j::reference(&pcp.reference(), &pcp.signed())
            }));
        }
        Value::Array(all)
    }

    fn encounter_diagnosis(&mut self, enc: &Enc, dx: &Dx) -> String {
        let body = json!({
            "clinicalStatus": clinical_status(if enc.to.is_some() { "resolved" } else { "active" }),
            "verificationStatus": j::hl7_concept("condition-ver-status", "confirmed", "Confirmed"),
            "category": [j::hl7_concept("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
            "code": diagnosis_code(dx),
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "onsetDateTime": time::date_time(enc.from),
            "recordedDate": time::date_time(enc.from),
            "recorder": j::reference(&enc.attending.reference(), &enc.attending.signed())
        });
        let mut body = body;
        if let Some(end) = enc.to {
            j::set(&mut body, "abatementDateTime", json!(time::date_time(end)));
        }
        let condition =
            self.add(Kind::Condition, &["us-core-condition-encounter-diagnosis"], enc.end_or(enc.from), body);
        self.wrote(&enc.reference, enc.attending, enc.from, &condition);
        condition
    }

    /// Puts a diagnosis on the problem list since `onset`, until `abated` if it is over.
    pub fn problem(
        &mut self,
        dx: &Dx,
        onset: Timestamp,
        abated: Option<Timestamp>,
        by: &'static Clinician,
    ) -> String {
        let mut body = json!({
            "extension": [{ "url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": time::date_time(onset) }],
            "clinicalStatus": clinical_status(if abated.is_some() { "resolved" } else { "active" }),
            "verificationStatus": j::hl7_concept("condition-ver-status", "confirmed", "Confirmed"),
            "category": [j::hl7_concept("condition-category", "problem-list-item", "Problem List Item")],
            "code": diagnosis_code(dx),
            "subject": self.subject(),
            "onsetDateTime": time::day_of(onset).to_string(),
            "recordedDate": time::date_time(onset),
            "recorder": j::reference(&by.reference(), &by.signed())
        });
        if let Some(abated) = abated {
            j::set(&mut body, "abatementDateTime", json!(time::day_of(abated).to_string()));
        }
        let updated = abated.unwrap_or(onset);
        let condition =
            self.add(Kind::Condition, &["us-core-condition-problems-health-concerns"], updated, body);
        self.wrote("problem list", by, updated, &condition);
        condition
    }

    /// Writes a procedure that was done during `enc`.
    pub fn procedure(&mut self, enc: &Enc, proc: &Proc, at: Timestamp, by: &'static Clinician, note: &str) {
        let mut body = json!({
            "status": "completed",
            "code": j::concept(j::SNOMED, proc.snomed, proc.name),
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "performedDateTime": time::date_time(at),
            "performer": [{ "actor": j::reference(&by.reference(), &by.signed()) }],
            "location": j::reference(&format!("Location/loc-{}", enc.unit.number), enc.unit.name),
            "reasonCode": [{ "text": enc.reason }]
        });
        if !note.is_empty() {
            j::set(&mut body, "note", json!([{ "text": note }]));
        }
        let procedure = self.add(Kind::Procedure, &["us-core-procedure"], time::after(at, 45), body);
        self.wrote(&enc.reference, enc.attending, at, &procedure);
    }
}

/// Where the child was: the unit itself first, and the emergency department before it where that was the way in.
fn locations(visit: &Visit<'_>, now: Timestamp) -> Value {
    let place = |unit: &Unit, from, to: Option<Timestamp>| {
        json!({
            "location": j::reference(&format!("Location/loc-{}", unit.number), unit.name),
            "status": if to.is_some() { "completed" } else { "active" },
            "period": j::period(from, to)
        })
    };
    if !visit.through_ed {
        return json!([place(visit.unit, visit.from, visit.to)]);
    }
    let moved = time::after(visit.from, 150).min(visit.to.unwrap_or(now));
    json!([place(visit.unit, moved, visit.to), place(&EMERGENCY_DEPT, visit.from, Some(moved))])
}

fn clinical_status(code: &str) -> Value {
    let words = if code == "active" { "Active" } else { "Resolved" };
    j::hl7_concept("condition-clinical", code, words)
}

/// SNOMED CT first, ICD-10-CM second, as US Core asks.
pub fn diagnosis_code(dx: &Dx) -> Value {
    let icd10 = j::coding(j::ICD10, dx.icd10, dx.name);
    let codings = if dx.snomed.is_empty() {
        vec![icd10]
    } else {
        vec![j::coding(j::SNOMED, dx.snomed, dx.name), icd10]
    };
    json!({ "coding": codings, "text": dx.name })
}
