//! References that nobody can follow: `urn:uuid:`, `urn:oid:`, queries, malformed texts. They made sense to the system that wrote
//! them; a reader here is told that there was something, and not sent after it. What leads to another server stays.

use std::borrow::Cow;

use memchr::memmem;

use crate::fhir::reference::Target;

use super::attachments::value_after;
use super::json::unescape;

/// What takes the place of such a reference (R4 "data-absent-reason"): the element stays one that may stand there.
const ABSENT: &str = r#""_reference":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}"#;

/// `resource` with each literal reference that leads nowhere taken out. Identifier, display and type beside it stay.
pub fn marked<'a>(resource: Cow<'a, str>, bases: &[&str]) -> Cow<'a, str> {
    const KEY: &[u8] = b"\"reference\"";
    // A place that says something of its reference already has no room for more.
    if memmem::find(resource.as_bytes(), b"\"_reference\"").is_some() {
        return resource;
    }
    let (mut out, mut copied) = (String::new(), 0);
    for at in memmem::find_iter(resource.as_bytes(), KEY) {
        let Some((start, end)) = value_after(&resource, at + KEY.len()) else { continue };
        let raw = resource.get(start..end).unwrap_or_default();
        if is_plain(raw) || !leads_nowhere(raw, bases) {
            continue;
        }
        out.push_str(resource.get(copied..at).unwrap_or_default());
        out.push_str(ABSENT);
        copied = end + 1;
    }
    if copied == 0 {
        return resource;
    }
    out.push_str(resource.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The usual `Type/id`, told by its letters.
fn is_plain(raw: &str) -> bool {
    let Some((name, id)) = raw.split_once('/') else { return false };
    let id_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    raw.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (1..=64).contains(&id.len())
        && id.bytes().all(id_byte)
        && !matches!(id, "." | "..")
}

fn leads_nowhere(raw: &str, bases: &[&str]) -> bool {
    let text = if raw.contains('\\') { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
    let elsewhere = text.starts_with("http://") || text.starts_with("https://");
    !elsewhere && Target::parse(&text, bases) == Target::Unreadable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_marked_and_everything_else_stays() {
        let base = "https://ehr.example/fhir";
        for kept in [
            "Practitioner/1",
            "Practitioner/1/_history/2",
            "#in",
            "https://ehr.example/fhir/Location/2",
            r"https:\/\/ehr.example\/fhir\/Location\/2",
            "https://other.example/fhir/Location/3",
            "https://other.example/a-page",
        ] {
            let json = format!(r#"{{"a":{{"reference":"{kept}","display":"x"}},"reference":"said"}}"#);
            let json = json.replace(r#","reference":"said""#, "");
            assert_eq!(marked(Cow::Borrowed(&json), &[base]), json);
        }
        for gone in [
            "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
            "urn:oid:1.2.3",
            r"urn:\u0075uid:0",
            "Patient?identifier=1",
            "/Patient/1",
            "",
        ] {
            let json = format!(
                r#"{{"a":[{{ "reference" : "{gone}" ,"display":"x"}},{{"reference":"{gone}"}}],"b":1}}"#
            );
            let shown = marked(Cow::Borrowed(&json), &[base]);
            let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
            let absent = &shown["a"][0]["_reference"]["extension"][0];
            assert_eq!(absent["valueCode"], "unknown", "{gone}");
            assert_eq!((&shown["a"][0]["display"], &shown["b"]), (&"x".into(), &1.into()));
            assert!(shown["a"][1]["reference"].is_null() && shown["a"][1]["_reference"].is_object());
        }
    }

    #[test]
    fn words_in_a_text_are_no_reference() {
        let json =
            r#"{"text":"say \"reference\":\"urn:uuid:1\" aloud","reference":{"reference":"Patient/1"}}"#;
        assert_eq!(marked(Cow::Borrowed(json), &[]), json);
    }
}
