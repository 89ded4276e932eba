//! What the list of patients at the hospital needs of an Encounter.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::domain::ids::FhirId;

/// An Encounter, as far as the list prints it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Encounter {
    id: String,
    status: String,
    class: Coding,
    #[serde(rename = "type")]
    kinds: Vec<Concept>,
    #[serde(rename = "serviceType")]
    service: Concept,
    period: Period,
    #[serde(rename = "reasonCode")]
    reasons: Vec<Concept>,
    location: Vec<Place>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Coding {
    code: String,
    display: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Concept {
    text: Option<String>,
    coding: Vec<Coding>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    display: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Period {
    start: Option<String>,
    end: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Place {
    location: Reference,
    status: Option<String>,
}

impl Concept {
    fn words(&self) -> Option<&str> {
        let coded = || self.coding.iter().find_map(|coding| coding.display.as_deref());
        self.text.as_deref().or_else(coded).filter(|words| !words.is_empty())
    }
}

/// How long a patient stays for an encounter of this class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Inpatient, observation, short stay: in a bed.
    Bed,
    /// Emergency department.
    Emergency,
    /// A visit.
    Visit,
}

impl Encounter {
    /// The logical id.
    pub fn id(&self) -> Option<FhirId> {
        FhirId::parse(&self.id).ok()
    }

    /// How long the patient stays (v3 `ActCode`).
    pub fn stay(&self) -> Stay {
        match self.class.code.as_str() {
            "IMP" | "ACUTE" | "NONAC" | "OBSENC" | "SS" => Stay::Bed,
            "EMER" => Stay::Emergency,
            _ => Stay::Visit,
        }
    }

    /// Whether it is going on.
    pub fn is_under_way(&self) -> bool {
        matches!(self.status.as_str(), "in-progress" | "arrived" | "triaged" | "onleave")
    }

    /// Whether it took place: planned and cancelled ones, and mistakes, did not.
    pub fn took_place(&self) -> bool {
        self.is_under_way() || self.status == "finished"
    }

    /// The day on which it began, in the hospital's time zone.
    pub fn began(&self, zone: &TimeZone) -> Option<Date> {
        day(self.period.start.as_deref()?, zone)
    }

    /// The day on which it ended.
    pub fn ended(&self, zone: &TimeZone) -> Option<Date> {
        day(self.period.end.as_deref()?, zone)
    }

    /// Why, in a few words; else what kind of encounter it is.
    pub fn what(&self) -> &str {
        let reason = self.reasons.iter().find_map(Concept::words);
        reason
            .or_else(|| self.service.words())
            .or_else(|| self.kinds.iter().find_map(Concept::words))
            .unwrap_or_default()
    }

    /// Where: the active location, else the first one named.
    pub fn place(&self) -> &str {
        let active = self.location.iter().find(|place| place.status.as_deref() == Some("active"));
        let place = active.or_else(|| self.location.last());
        place.and_then(|place| place.location.display.as_deref()).unwrap_or_default()
    }
}

/// The day of a FHIR dateTime: its own day when it is just a date, the day in the zone otherwise.
fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Some(zone.to_datetime(instant).date()),
        Err(_) => text.get(..10)?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const ADMISSION: &str = r#"{"resourceType":"Encounter","id":"e1","status":"in-progress","class":{"code":"IMP"},
        "period":{"start":"2026-11-20T23:30:00-05:00"},
        "reasonCode":[{"coding":[{"code":"1","display":"Bronchiolitis"}]}],
        "location":[{"location":{"display":"Emergency"},"status":"completed"},{"location":{"display":"5 West"},"status":"active"}]}"#;

    #[test]
    fn an_admission_is_read_with_what_the_list_prints() {
        let one: Encounter = serde_json::from_str(ADMISSION).unwrap();
        assert_eq!((one.what(), one.place(), one.stay()), ("Bronchiolitis", "5 West", Stay::Bed));
        assert!(one.is_under_way());
        let zone = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(one.began(&zone), Some(date(2026, 11, 20)), "the hospital's day, not UTC's");
        assert_eq!(one.ended(&zone), None);
    }

    #[test]
    fn dates_without_a_time_keep_their_day() {
        assert_eq!(day("2026-11-20", &TimeZone::UTC), Some(date(2026, 11, 20)));
        assert_eq!(day("2026", &TimeZone::UTC), None);
    }
}
