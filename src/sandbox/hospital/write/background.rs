//! What stands behind the visits: allergies, immunizations, the care team.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::meds::Allergen;
use crate::sandbox::hospital::codes::vaccines::{Dose, INFLUENZA, SCHEDULE};
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::person::Gp;
use crate::sandbox::hospital::staff::{Clinician, OYELARAN};
use crate::sandbox::hospital::{directory, json as j, time};

/// How a child reacted to an allergen.
#[derive(Clone, Copy, Debug)]
pub struct Reaction {
    /// SNOMED CT concept of the manifestation.
    pub code: &'static str,
    /// Words.
    pub words: &'static str,
    /// FHIR severity: mild, moderate, severe.
    pub severity: &'static str,
}

/// Hives.
pub const HIVES: Reaction = Reaction { code: "126485001", words: "Urticaria", severity: "moderate" };
/// Anaphylaxis.
pub const ANAPHYLAXIS: Reaction = Reaction { code: "39579001", words: "Anaphylaxis", severity: "severe" };
/// Rash.
pub const RASH: Reaction = Reaction { code: "271807003", words: "Rash", severity: "mild" };
/// Vomiting.
pub const VOMITING: Reaction = Reaction { code: "422400008", words: "Vomiting", severity: "moderate" };
/// Sneezing.
pub const SNEEZING: Reaction = Reaction { code: "76067001", words: "Sneezing", severity: "mild" };

/// Who looks after a child: role (SNOMED CT code, words) and clinician.
pub type Team<'t> = &'t [((&'static str, &'static str), &'static Clinician)];

/// Primary care provider.
pub const ROLE_PCP: (&str, &str) = ("446050000", "Primary care provider");
/// Specialist.
pub const ROLE_SPECIALIST: (&str, &str) = ("69280009", "Specialized physician");
/// Care coordinator.
pub const ROLE_COORDINATOR: (&str, &str) = ("768820003", "Care coordinator");
/// Social worker.
pub const ROLE_SOCIAL_WORKER: (&str, &str) = ("106328005", "Social worker");
/// Dietitian.
pub const ROLE_DIETITIAN: (&str, &str) = ("159033005", "Dietitian");

impl Chart<'_> {
    /// Writes an allergy.
    pub fn allergy(&mut self, to: &Allergen, reaction: Reaction, since: Timestamp, by: &'static Clinician) {
        let body = json!({
            "clinicalStatus": j::hl7_concept("allergyintolerance-clinical", "active", "Active"),
            "verificationStatus": j::hl7_concept("allergyintolerance-verification", "confirmed", "Confirmed"),
            "type": "allergy",
            "category": [to.category],
            "criticality": if reaction.severity == "severe" { "high" } else { "low" },
            "code": j::concept(to.system, to.code, to.name),
            "patient": self.subject(),
            "recordedDate": time::date_time(since),
            "recorder": j::reference(&by.reference(), &by.signed()),
            "reaction": [{
                "manifestation": [j::concept(j::SNOMED, reaction.code, reaction.words)],
                "severity": reaction.severity
            }]
        });
        let allergy = self.add(Kind::AllergyIntolerance, &["us-core-allergyintolerance"], since, body);
        self.wrote("allergies", by, since, &allergy);
    }

    /// States that no allergy is known.
    pub fn no_known_allergies(&mut self, since: Timestamp, by: &'static Clinician) {
        let body = json!({
            "clinicalStatus": j::hl7_concept("allergyintolerance-clinical", "active", "Active"),
            "verificationStatus": j::hl7_concept("allergyintolerance-verification", "confirmed", "Confirmed"),
            "code": j::concept(j::SNOMED, "716186003", "No known allergy"),
            "patient": self.subject(),
            "recordedDate": time::date_time(since),
            "recorder": j::reference(&by.reference(), &by.signed())
        });
        let allergy = self.add(Kind::AllergyIntolerance, &["us-core-allergyintolerance"], since, body);
        self.wrote("allergies", by, since, &allergy);
    }

    /// Writes the immunizations that are due by now, with influenza for the last three autumns.
    pub fn immunizations(&mut self) {
        let by = self.child.pcp().unwrap_or(&OYELARAN);
        for dose in SCHEDULE {
            let late = if dose.months == 0 { 0 } else { self.draw.between(0, 18) };
            let due = time::shift(time::at_months(self.child.birth, dose.months), late);
            if due < self.today {
                self.immunization(dose, due, by);
            }
        }
        for years in (1..=3).rev() {
            let autumn = jiff::civil::Date::new(self.today.year() - years, 10, 14).unwrap_or(self.today);
            let day = time::shift(autumn, self.draw.between(-9, 12));
            if self.child.age_days(day) > 200 && day > self.child.birth && self.draw.chance(75) {
                let dose = Dose { cvx: INFLUENZA.0, name: INFLUENZA.1, months: 0, number: 1 };
                self.immunization(&dose, day, by);
            }
        }
    }

    fn immunization(&mut self, dose: &Dose, day: jiff::civil::Date, by: &'static Clinician) {
        let at = time::at(day, 10, 15);
        let lot = format!("{}{:04}", self.draw.pick(&["AH", "KT", "MX", "UJ"]), self.draw.between(100, 9899));
        let site = if dose.months < 15 { ("LT", "left thigh") } else { ("LA", "left arm") };
        let body = json!({
            "status": "completed",
            "vaccineCode": j::concept(j::CVX, dose.cvx, dose.name),
            "patient": self.subject(),
            "occurrenceDateTime": day.to_string(),
            "primarySource": false,
            "reportOrigin": { "text": "State immunization registry" },
            "lotNumber": lot,
            "site": j::hl7_concept("v3-ActSite", site.0, site.1),
            "performer": [{ "actor": j::reference(&by.reference(), &by.signed()) }],
            "protocolApplied": [{ "doseNumberPositiveInt": dose.number }]
        });
        let immunization = self.add(Kind::Immunization, &["us-core-immunization"], at, body);
        self.wrote("immunizations", by, at, &immunization);
    }

    /// Writes the care team: the PCPs, whoever is named, and the guardians.
    pub fn care_team(&mut self, since: Timestamp, named: Team<'_>) {
        let mut participants: Vec<Value> = Vec::new();
        for gp in &self.child.gp {
            if let Gp::Practitioner(clinician) | Gp::Role(clinician) = gp {
                participants.push(participant(ROLE_PCP, clinician));
            } else {
                participants.push(json!({
                    "role": [j::concept(j::SNOMED, ROLE_PCP.0, ROLE_PCP.1)],
                    "member": j::reference(&gp.reference(), &gp.display())
                }));
            }
        }
        participants.extend(named.iter().map(|(role, clinician)| participant(*role, clinician)));
        for (place, carer) in self.child.household.carers.iter().enumerate() {
            let id = super::super::demographics::related_person_id(self.child.index, place);
            participants.push(json!({
                "role": [j::concept(j::SNOMED, "133932002", "Caregiver")],
                "member": j::reference(&format!("RelatedPerson/{id}"), &format!("{} {}", carer.given, carer.family))
            }));
        }
        if participants.is_empty() {
            return;
        }
        let telecom: Vec<Value> = named.first().map(|(_, c)| j::phone(&c.phone())).into_iter().collect();
        let mut body = json!({
            "status": "active",
            "name": format!("Care team of {}", self.child.name()),
            "category": [j::concept(j::LOINC, "LA28865-6", "Longitudinal care-coordination focused care team")],
            "subject": self.subject(),
            "period": { "start": time::date_time(since) },
            "participant": participants,
            "managingOrganization": [j::reference("Organization/org-1", super::super::staff::HOSPITAL.name)]
        });
        if !telecom.is_empty() {
            j::set(&mut body, "telecom", Value::Array(telecom));
        }
        let team = self.add(Kind::CareTeam, &["us-core-careteam"], since, body);
        let by = named.first().map_or(&OYELARAN, |(_, clinician)| *clinician);
        self.wrote("care team", by, since, &team);
    }
}

/// A clinician on the team; the telephone number is in the Practitioner.
fn participant(role: (&str, &str), clinician: &Clinician) -> Value {
    let employer = directory::employer(clinician);
    json!({
        "role": [j::concept(j::SNOMED, role.0, role.1)],
        "member": j::reference(&clinician.reference(), &clinician.signed()),
        "onBehalfOf": j::reference(&format!("Organization/{}", employer.organization_id()), employer.name)
    })
}
