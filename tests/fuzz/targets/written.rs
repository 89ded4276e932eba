//! Searchsets as EHRs write them, and a little worse: out of choices.

use chartgate::fhir::resource_type::ResourceType;

use super::generator::Choices;
use super::node::Node;
use super::reference::{EHR, FACADE};

/// The types that the generated searches are for.
pub const SEARCHED: &[ResourceType] = &[
    ResourceType::Observation,
    ResourceType::MedicationRequest,
    ResourceType::DocumentReference,
    ResourceType::Patient,
    ResourceType::Encounter,
];

const KINDS: &[(&str, &str)] = &[
    ("Observation", "subject"),
    ("MedicationRequest", "subject"),
    ("DocumentReference", "subject"),
    ("Patient", ""),
    ("Encounter", "subject"),
    ("AllergyIntolerance", "patient"),
    ("DiagnosticReport", "subject"),
    ("Practitioner", ""),
    ("Medication", ""),
    ("Provenance", ""),
    ("Location", ""),
    ("Binary", ""),
    ("Group", ""),
    ("Claim", "patient"),
    ("OperationOutcome", ""),
];

const IDS: &[&str] = &["a", "b", "c", "d-1", "e.2", "", "..", "x/y", "\\u0061", "a\\u002fb"];

const LABELS: &[(&str, &str)] = &[
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"),
    ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R"),
    ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "PSY"),
    ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT"),
    ("", "R"),
];

/// A searchset of some entries.
pub fn searchset(choices: &mut Choices<'_>) -> String {
    let mut members = vec![r#""resourceType":"Bundle""#.to_owned(), r#""type":"searchset""#.to_owned()];
    if choices.once_in(3) {
        let links: Vec<_> = (0..=choices.below(2)).map(|_| link(choices)).collect();
        members.push(format!(r#""link":[{}]"#, links.join(",")));
    }
    if choices.once_in(4) {
        members.push(r#""total":99"#.to_owned());
    }
    if choices.once_in(40) {
        members.push(
            choices
                .pick(&[r#""type":"batch""#, r#""entry":{}"#, r#""entry":[]"#, r#""link":null"#])
                .to_owned(),
        );
    }
    let mut entries = Vec::new();
    while !choices.is_empty() && entries.len() < 24 {
        entries.push(entry(choices));
    }
    members.push(format!(r#""entry":[{}]"#, entries.join(",")));
    let (mark, space) = (choices.once_in(16), choices.pick(&[",", ", ", ",\n  "]));
    format!("{}{{{}}}", if mark { "\u{feff}" } else { "" }, members.join(space))
}

fn link(choices: &mut Choices<'_>) -> String {
    let relation = choices.pick(&["next", "next", "self", "first", ""]);
    let url = choices.pick(&[
        "Observation?page=2",
        "https://ehr.example/fhir/Observation?page=2",
        "https://ehr.example/fhir?_getpages=1",
        "/fhir/Observation?page=2",
        "?page=2",
        "https://ehr.example/fhirx/Observation",
        "https://evil.example/fhir/Observation",
        "https:\\/\\/ehr.example\\/fhir\\/Observation?page=3",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/fhir/%2e%2e/admin",
        "//evil.example/",
        "Observation/../../admin?x",
        "Observation?x=\\u0000",
        "",
    ]);
    format!(r#"{{"relation":"{relation}","url":"{url}"}}"#)
}

fn entry(choices: &mut Choices<'_>) -> String {
    let mut members = Vec::new();
    if choices.once_in(2) {
        members.push(format!(r#""fullUrl":"{EHR}/Observation/a""#));
    }
    members.push(format!(r#""resource":{}"#, resource(choices, true)));
    match choices.below(8) {
        0 | 1 => {}
        2 => members.push(r#""search":{"mode":"include"}"#.to_owned()),
        3 => members.push(r#""search":{"score":1}"#.to_owned()),
        4 => members.push(
            choices
                .pick(&[
                    r#""search":{"mode":"outcome"}"#,
                    r#""search":{"mode":"match","mode":"include"}"#,
                    r#""search":[]"#,
                    r#""search":{"mode":1}"#,
                    r#""search":{"mode":"match"},"search":{"mode":"match"}"#,
                    r#""resource":{"resourceType":"Patient","id":"b"}"#,
                    r#""search":{"mode":"inclu\u0064e"}"#,
                ])
                .to_owned(),
        ),
        _ => members.push(r#""search":{"mode":"match"}"#.to_owned()),
    }
    if choices.once_in(3) {
        members.reverse();
    }
    if choices.once_in(60) { "null".to_owned() } else { format!("{{{}}}", members.join(",")) }
}

fn resource(choices: &mut Choices<'_>, outer: bool) -> String {
    let (kind, owner) = choices.pick(KINDS);
    let mut members = vec![format!(r#""resourceType":"{kind}""#)];
    members.push(format!(r#""id":"{}""#, choices.pick(IDS)));
    if !owner.is_empty() {
        members.push(format!(r#""{owner}":{}"#, reference(choices, "Patient")));
    }
    for _ in 0..choices.below(4) {
        members.push(more(choices, outer));
    }
    if choices.once_in(12) {
        // Something twice, not always the same.
        let again = choices.below(members.len());
        let change = choices.once_in(2);
        let twin = if change {
            members[again].replace("/a", "/b").replace(":\"a\"", ":\"b\"")
        } else {
            members[again].clone()
        };
        members.push(twin);
    }
    if choices.once_in(4) {
        members.reverse();
    }
    format!("{{{}}}", members.join(choices.pick(&[",", " , "])))
}

fn more(choices: &mut Choices<'_>, outer: bool) -> String {
    match choices.below(14) {
        0 => {
            let (system, code) = choices.pick(LABELS);
            format!(
                r#""meta":{{"versionId":"{}","security":[{{"system":"{system}","code":"{code}"}}]}}"#,
                choices.below(3)
            )
        }
        1 => format!(
            r#""category":[{{"coding":[{{"system":"s","code":"{}"}}]}}]"#,
            choices.pick(&["laboratory", "vital-signs"])
        ),
        2 => format!(
            r#""category":{}"#,
            choices.pick(&[r#"["food"]"#, r#"{"coding":{"code":"x"}}"#, "null", "[[]]", r#""x""#])
        ),
        3 => format!(r#""performer":[{}]"#, reference(choices, "Practitioner")),
        4 => format!(r#""performer":[{{"actor":{}}}]"#, reference(choices, "Patient")),
        5 => format!(r#""medicationReference":{}"#, reference(choices, "Medication")),
        6 => format!(r#""target":[{}]"#, reference(choices, "Observation")),
        7 => format!(
            r#""content":[{{"attachment":{{"url":"{}/Binary/{}"}}}}]"#,
            choices.pick(&[EHR, FACADE, ""]),
            choices.pick(IDS)
        ),
        8 => format!(r#""presentedForm":[{{"url":"Binary/{}"}},{{"data":"AA=="}}]"#, choices.pick(IDS)),
        9 if outer => format!(r#""contained":[{}]"#, resource(choices, false)),
        10 => format!(
            r#""text":{{"div":"<a href=\"{EHR}/Patient/a\">{}</a>"}}"#,
            choices.pick(&["x", "\\u00e9", "\\\\", "\\\"reference\\\":"])
        ),
        11 => r#""valueQuantity":{"value":1.50}"#.to_owned(),
        12 => format!(r#""author":[{}]"#, reference(choices, "Patient")),
        _ => format!(r#""encounter":{}"#, reference(choices, "Encounter")),
    }
}

fn reference(choices: &mut Choices<'_>, kind: &str) -> String {
    let id = choices.pick(IDS);
    let kind = if choices.once_in(6) { choices.pick(KINDS).0 } else { kind };
    match choices.below(20) {
        0..=8 => format!(r#"{{"reference":"{kind}/{id}"}}"#),
        9 | 10 => format!(r#"{{"reference":"{EHR}/{kind}/{id}","display":"x"}}"#),
        11 => format!(r#"{{"reference":"{}/{kind}/{id}"}}"#, EHR.replace('/', "\\/")),
        12 => format!(r#"{{"reference":"{kind}/{id}/_history/1"}}"#),
        13 => format!(r#"{{"reference":"https://other.example/{kind}/{id}"}}"#),
        14 => format!(r##"{{"reference":"#{id}"}}"##),
        15 => format!(r#"{{"type":"{kind}","identifier":{{"value":"1"}}}}"#),
        16 => r#"{"display":"Dr. Lee"}"#.to_owned(),
        17 => format!(r#"[{{"reference":"{kind}/{id}"}}]"#),
        18 => choices.pick(&["null", "7", "\"Patient/a\"", "{}", "[]", r#"{"reference":null}"#]).to_owned(),
        _ => format!(r#"{{"reference":"{kind}/{id}","reference":"Patient/b"}}"#),
    }
}

/// A node as JSON again, repeated members and all; what is neither text, list nor object as `null`.
pub fn json(node: &Node) -> String {
    match node {
        Node::Other => "null".to_owned(),
        Node::Text(text) => serde_json::to_string(text).unwrap(),
        Node::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Node::Object(members) => {
            let member = |(name, value): &(String, Node)| {
                format!("{}:{}", serde_json::to_string(name).unwrap(), json(value))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}
