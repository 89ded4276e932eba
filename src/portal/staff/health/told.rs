//! What the parts report, in words and numbers with units.

use jiff::tz::TimeZone;

use super::figures::{bytes, count, share, span, times};
use crate::cache::{Reason, Report, TypeReport};
use crate::domain::clock::Timestamp;
use crate::ehr::{BreakerState, EhrHealth, PrimaryCareHealth, RouteHealth, TokenState};
use crate::fhir::resource_type::ResourceType;
use crate::web::dates;

/// A name and what is said of it.
pub type Fact = (&'static str, String);

/// When it is, and where.
pub struct When<'a> {
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

impl When<'_> {
    /// `24 Nov 2026, 09:41 (12 min ago)`; `Not yet`.
    fn was(&self, at: Option<Timestamp>) -> String {
        at.map_or_else(
            || "Not yet".to_owned(),
            |at| format!("{} ({} ago)", dates::moment(at, self.zone), span(self.now.since(at))),
        )
    }
}

/// The connection to the EHR.
pub fn ehr(health: &EhrHealth, when: &When<'_>) -> Vec<Fact> {
    let asked = match health.breaker {
        BreakerState::Closed => "Yes".to_owned(),
        BreakerState::Open { until } if when.now < until => {
            format!("No, after failures; tried again in {}", span(until.since(when.now)))
        }
        BreakerState::Open { .. } => "No, after failures; the next request tries again".to_owned(),
        BreakerState::Probing => "One request is out to see whether it is back".to_owned(),
    };
    let token = match health.token {
        TokenState::NotNeeded => "The EHR asks for none, or for one that does not expire".to_owned(),
        TokenState::Absent => "None now; the next request gets one".to_owned(),
        TokenState::Good { until } => {
            format!("Good until {}, renewed before", dates::moment(until, when.zone))
        }
        TokenState::Failed { at } => format!("Not to be had: {}", when.was(Some(at))),
    };
    let latency = health.latency.map_or_else(
        || "No request yet".to_owned(),
        |[half, most, all]| {
            format!(
                "Half within {}, 95 of 100 within {}, 99 of 100 within {}",
                span(half),
                span(most),
                span(all)
            )
        },
    );
    let all: u64 = health.outcomes.iter().map(|(_, count)| count).sum();
    let mut failed: Vec<_> = health.outcomes.iter().filter(|(outcome, _)| *outcome != "ok").collect();
    failed.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let failures: Vec<_> = failed
        .into_iter()
        .map(|(outcome, number)| format!("{}: {}", failure(outcome), count(*number)))
        .collect();
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    vec![
        ("It is asked", asked),
        ("Last answer", when.was(health.answered_at)),
        ("Last failure", health.failed_at.map_or_else(|| "None".to_owned(), |at| when.was(Some(at)))),
        ("Time it takes, latest 1,000 requests", latency),
        ("Requests", count(all)),
        ("Of these failed", if failures.is_empty() { "None".to_owned() } else { failures.join("; ") }),
        (
            "Now",
            format!(
                "{} under way, at most {}; {} waiting for their turn",
                times(number(health.load.under_way), "request"),
                count(number(health.load.most)),
                count(number(health.load.waiting))
            ),
        ),
        ("Our access token", token),
        ("CapabilityStatement read", when.was(health.capabilities_at)),
    ]
}

fn failure(outcome: &'static str) -> &'static str {
    match outcome {
        "timeout" => "no answer in time",
        "unreachable" => "could not be reached",
        "server_error" => "answered with an error of its own (5xx)",
        "throttled" => "asked us to slow down (429)",
        "no_token" => "gave us no token",
        "too_large" => "answer too large",
        "misconfigured" => "its address cannot be used",
        other => other,
    }
}

/// Who is whose PCP.
pub fn primary_care(health: &PrimaryCareHealth, when: &When<'_>) -> Vec<Fact> {
    let route = match health.route {
        RouteHealth::Search => "The EHR’s Patient resources (generalPractitioner)".to_owned(),
        RouteHealth::Groups { practices } => {
            let practices = times(u64::try_from(practices).unwrap_or(u64::MAX), "practice");
            format!("The EHR’s Groups, of {practices}")
        }
        RouteHealth::List(None) => {
            "The hospital’s roster file, of which none counts now: nobody has access by primary care"
                .to_owned()
        }
        RouteHealth::List(Some(list)) => {
            let patients = times(u64::try_from(list.patients).unwrap_or(u64::MAX), "patient");
            format!("The hospital’s roster file, {patients}, written {}", when.was(Some(list.written)))
        }
    };
    vec![
        ("Where from", route),
        ("Patients whose PCP is remembered", count(u64::try_from(health.patients).unwrap_or(u64::MAX))),
        (
            "For how long",
            format!(
                "{}; up to {} while the EHR cannot be reached",
                span(health.max_age),
                span(health.max_stale)
            ),
        ),
        ("Look-ups that memory could not answer", count(health.looked_up)),
        (
            "Of these the EHR did not answer",
            format!("{}; an older answer stood in for {}", count(health.failed), count(health.stood_in)),
        ),
    ]
}

/// The cache as a whole.
pub fn cache(report: &Report, when: &When<'_>) -> Vec<Fact> {
    let sum = |types: &[TypeReport]| {
        types.iter().fold((0, 0), |(hits, all), one| (hits + one.hits, all + one.answers))
    };
    let rate = |(hits, all): (u64, u64), since: Timestamp| {
        let of = times(all, "answer");
        format!("{} of {of} since {}", share(hits, all), dates::moment(since, when.zone))
    };
    vec![
        ("Answered from memory", rate(sum(&report.types), report.since)),
        ("Lately", rate(sum(&report.lately.types), report.lately.since)),
        (
            "Memory",
            format!(
                "{} of at most {} ({})",
                bytes(report.bytes),
                bytes(report.most_bytes),
                share(report.bytes, report.most_bytes)
            ),
        ),
        (
            "Answers held",
            format!(
                "{}; {} of them that something is not there",
                count(report.entries),
                count(report.absent)
            ),
        ),
        ("Asked again before they expired", times(report.refreshed, "answer")),
        ("Gave way for want of memory", times(report.evicted, "answer")),
        (
            "Forgotten on request or word of a change",
            format!("{} in {}", times(report.purged, "answer"), times(report.purges, "purge")),
        ),
    ]
}

/// The tables of the cache.
pub struct Answers {
    pub types: Vec<TypeRow>,
    pub reasons: Vec<(&'static str, String, String)>,
}

/// One type, since the beginning and lately.
pub struct TypeRow {
    pub name: ResourceType,
    pub answers: String,
    pub hits: String,
    pub lately: String,
    pub lately_hits: String,
}

/// By type, and why answers did not come from memory, the most frequent first.
pub fn answers(report: &Report) -> Answers {
    let row = |one: &TypeReport| {
        let lately = report.lately.types.iter().find(|other| other.resource_type == one.resource_type);
        let (answers, hits) = lately.map_or((0, 0), |lately| (lately.answers, lately.hits));
        TypeRow {
            name: one.resource_type,
            answers: count(one.answers),
            hits: share(one.hits, one.answers),
            lately: count(answers),
            lately_hits: share(hits, answers),
        }
    };
    let all = report.types.iter().map(|one| one.answers).sum();
    let mut reasons: Vec<_> = report.reasons.iter().filter(|one| one.how != "hit").collect();
    reasons.sort_by_key(|one| std::cmp::Reverse(one.answers));
    Answers {
        types: report.types.iter().map(row).collect(),
        reasons: reasons
            .into_iter()
            .map(|one| (why(one), count(one.answers), share(one.answers, all)))
            .collect(),
    }
}

fn why(reason: &Reason) -> &'static str {
    match (reason.how, reason.reason) {
        ("miss", "cold") => "Nothing was held",
        ("miss", "expired") => "What was held had expired, and the EHR said something else",
        ("miss", "shared") => "Another request was asking the EHR for the same already",
        ("revalidated", _) => "What was held had expired, and the EHR confirmed it",
        ("stale", "ehr_failed") => "The EHR failed; an older answer stood in",
        ("stale", _) => "The EHR had failed a moment before; an older answer stood in",
        ("error", _) => "The EHR failed, and nothing could stand in",
        ("bypass", "no_store") => "The EHR forbids keeping it",
        ("bypass", "type_not_kept") => "The configuration has this type not kept",
        ("bypass", "too_large") => "It would take too much of the memory",
        ("bypass", "purged_meanwhile") => "It was forgotten while the EHR was answering",
        (_, other) => other,
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cache::Lately;
    use crate::ehr::{ListHealth, Load};

    pub struct Sample {
        pub ehr: Vec<Fact>,
        pub primary_care: Vec<Fact>,
        pub cache: Vec<Fact>,
        pub answers: Answers,
    }

    const fn minutes(number: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + number * 60_000)
    }

    fn health(down: bool) -> EhrHealth {
        EhrHealth {
            breaker: if down { BreakerState::Open { until: minutes(61) } } else { BreakerState::Closed },
            token: if down {
                TokenState::Failed { at: minutes(57) }
            } else {
                TokenState::Good { until: minutes(64) }
            },
            answered_at: Some(minutes(if down { 48 } else { 60 })),
            failed_at: down.then_some(minutes(59)),
            outcomes: if down {
                vec![("ok", 1204), ("timeout", 3), ("unreachable", 41)]
            } else {
                vec![("ok", 1204)]
            },
            latency: Some([12, 48, 1400].map(Duration::from_millis)),
            load: Load { under_way: 1, most: 64, waiting: 0 },
            capabilities_at: Some(minutes(12)),
        }
    }

    fn facts(down: bool) -> PrimaryCareHealth {
        let list = ListHealth { written: minutes(-300), patients: 1812 };
        PrimaryCareHealth {
            patients: 52,
            max_age: Duration::from_mins(5),
            max_stale: Duration::from_mins(15),
            looked_up: 209,
            failed: 3,
            stood_in: 2,
            route: if down { RouteHealth::List(None) } else { RouteHealth::List(Some(list)) },
        }
    }

    fn report() -> Report {
        let patient = |answers, hits| TypeReport { resource_type: ResourceType::Patient, answers, hits };
        let observation = TypeReport { resource_type: ResourceType::Observation, answers: 9000, hits: 8100 };
        let reason = |how, reason, answers| Reason { how, reason, answers };
        Report {
            since: minutes(0),
            entries: 3120,
            absent: 14,
            bytes: 27_500_000,
            most_bytes: 512 << 20,
            evicted: 0,
            purges: 2,
            purged: 31,
            refreshed: 77,
            types: vec![observation, patient(1000, 400)],
            lately: Lately { since: minutes(45), types: vec![patient(100, 90)] },
            reasons: vec![
                reason("hit", "fresh", 8500),
                reason("bypass", "no_store", 20),
                reason("miss", "cold", 1480),
            ],
        }
    }

    pub fn sample(down: bool) -> Sample {
        let when = When { now: minutes(60), zone: &TimeZone::UTC };
        let report = report();
        Sample {
            ehr: ehr(&health(down), &when),
            primary_care: primary_care(&facts(down), &when),
            cache: cache(&report, &when),
            answers: answers(&report),
        }
    }

    fn said(facts: &[Fact], name: &str) -> String {
        facts.iter().find(|(known, _)| *known == name).unwrap().1.clone()
    }

    #[test]
    fn what_is_counted_is_said_in_words_with_units() {
        let sample = sample(true);
        assert!(said(&sample.cache, "Answered from memory").starts_with("85 % of 10,000 answers since "));
        assert!(said(&sample.cache, "Lately").starts_with("90 % of 100 answers since "));
        assert_eq!(said(&sample.cache, "Memory"), "26.2 MiB of at most 512.0 MiB (5 %)");
        assert_eq!(said(&sample.ehr, "It is asked"), "No, after failures; tried again in 60 s");
        assert_eq!(
            said(&sample.ehr, "Of these failed"),
            "could not be reached: 41; no answer in time: 3",
            "the most frequent first"
        );
        assert!(said(&sample.primary_care, "Where from").contains("none counts now"));
        let reasons: Vec<_> = sample.answers.reasons.iter().map(|row| (row.0, row.1.as_str())).collect();
        assert_eq!(reasons, [("Nothing was held", "1,480"), ("The EHR forbids keeping it", "20")]);
        let [observation, patient] = &sample.answers.types[..] else { panic!("two types") };
        assert_eq!((observation.lately.as_str(), observation.lately_hits.as_str()), ("0", "–"));
        assert_eq!((patient.hits.as_str(), patient.lately_hits.as_str()), ("40 %", "90 %"));
    }
}
