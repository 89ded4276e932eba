//! Part of what was released: `_elements` and `_summary` (R4 Search, "Summary" and "Elements"), and `_pretty`. The EHR is asked for
//! whole resources, by which the policy judges; what goes out is cut down from what may go out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use fhir_profiles::summary::{Elements, elements};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// How much of each resource is wanted, and how it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Which elements.
    pub part: Part,
    /// Whether it is written for people's eyes (`_pretty=true`).
    pub pretty: bool,
}

/// Which elements of a resource are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All.
    #[default]
    Whole,
    /// These, and those that are mandatory (`_elements`).
    Elements(BTreeSet<String>),
    /// Those of the summary (`_summary=true`).
    Summary,
    /// The narrative and those that are mandatory (`_summary=text`).
    Text,
    /// All but the narrative (`_summary=data`).
    Data,
}

impl Shape {
    /// Whether the body goes out as it was released.
    pub fn is_whole(&self) -> bool {
        self.part == Part::Whole && !self.pretty
    }

    /// The parameters that say this, each with an ampersand before it, for links to further pages.
    pub fn parameters(&self) -> String {
        match &self.part {
            Part::Whole => String::new(),
            Part::Elements(names) => {
                format!("&_elements={}", names.iter().map(String::as_str).collect::<Vec<_>>().join(","))
            }
            Part::Summary => "&_summary=true".to_owned(),
            Part::Text => "&_summary=text".to_owned(),
            Part::Data => "&_summary=data".to_owned(),
        }
    }

    /// A resource or a searchset in this shape; `None` when it is not JSON.
    pub fn of(&self, json: &[u8]) -> Option<Vec<u8>> {
        let cut =
            if self.part == Part::Whole { Cow::Borrowed(json) } else { Cow::Owned(self.part.of(json)?) };
        Some(if self.pretty { pretty(&cut) } else { cut.into_owned() })
    }
}

impl Part {
    fn of(&self, json: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(json).ok()?;
        let whole: Members<'_> = serde_json::from_str(text).ok()?;
        if whole.word("resourceType").as_deref() != Some("Bundle") {
            return serde_json::to_vec(&self.of_resource(whole)?).ok();
        }
        let mut bundle = Vec::with_capacity(whole.0.len());
        for (name, value) in whole.0 {
            if name != "entry" {
                bundle.push((name, Cow::Borrowed(value)));
                continue;
            }
            let entries: Vec<Members<'_>> = serde_json::from_str(value.get()).ok()?;
            let cut: Option<Vec<Written<'_>>> =
                entries.into_iter().map(|entry| self.of_entry(entry)).collect();
            bundle.push((name, Cow::Owned(to_raw_value(&cut?).ok()?)));
        }
        serde_json::to_vec(&Written(bundle)).ok()
    }

    /// Elements are those of the type that was searched: what was included stays whole.
    fn of_entry<'a>(&self, entry: Members<'a>) -> Option<Written<'a>> {
        #[derive(Deserialize)]
        struct Search<'a> {
            #[serde(borrow)]
            mode: Option<Cow<'a, str>>,
        }
        let search =
            entry.get("search").and_then(|search| serde_json::from_str::<Search<'_>>(search.get()).ok());
        let included = search.and_then(|search| search.mode).is_some_and(|mode| mode == "include");
        let whole = included && matches!(self, Self::Elements(_));
        let mut written = Vec::with_capacity(entry.0.len());
        for (name, value) in entry.0 {
            let cut = if name == "resource" && !whole {
                Cow::Owned(to_raw_value(&self.of_resource(serde_json::from_str(value.get()).ok()?)?).ok()?)
            } else {
                Cow::Borrowed(value)
            };
            written.push((name, cut));
        }
        Some(Written(written))
    }

    fn of_resource<'a>(&self, resource: Members<'a>) -> Option<Written<'a>> {
        let kind = resource.word("resourceType")?;
        let known = elements(&kind);
        let mut written: Vec<(String, Cow<'a, RawValue>)> = Vec::with_capacity(resource.0.len() + 1);
        let mut meta = None;
        for (name, value) in resource.0 {
            match name.as_str() {
                "meta" => meta = Some(value),
                // An underscore stands for what belongs to a primitive element of that name.
                element if self.keeps(known, element.strip_prefix('_').unwrap_or(element)) => {
                    written.push((name, Cow::Borrowed(value)));
                }
                _ => {}
            }
        }
        let at = written.iter().position(|(name, _)| name == "id").map_or(written.len().min(1), |at| at + 1);
        written.insert(at, ("meta".to_owned(), Cow::Owned(marked(meta)?)));
        Some(Written(written))
    }

    fn keeps(&self, known: Option<&Elements>, element: &str) -> bool {
        // Without these a resource is not what it says, or says the opposite of it.
        if matches!(element, "resourceType" | "id" | "implicitRules" | "modifierExtension") {
            return true;
        }
        let mandatory = known.is_some_and(|known| known.is_mandatory(element));
        match self {
            Self::Whole => true,
            Self::Elements(names) => mandatory || names.contains(element),
            Self::Summary => known.is_some_and(|known| known.is_summary(element)),
            Self::Text => mandatory || element == "text",
            Self::Data => element != "text",
        }
    }
}

/// `meta` with the tag that says that the resource is not whole (R4 Search, "Elements").
fn marked(meta: Option<&RawValue>) -> Option<Box<RawValue>> {
    #[derive(Serialize)]
    struct Tag {
        system: &'static str,
        code: &'static str,
    }
    let tag = Tag { system: "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", code: "SUBSETTED" };
    let mut members = match meta {
        Some(meta) => serde_json::from_str::<Members<'_>>(meta.get()).ok()?.0,
        None => Vec::new(),
    };
    let own = members.iter().position(|(name, _)| name == "tag").map(|at| members.remove(at).1);
    let tags = own.and_then(|own| serde_json::from_str::<Vec<&RawValue>>(own.get()).ok()).unwrap_or_default();
    let subsetted = to_raw_value(&tag).ok()?;
    let tags: Vec<&RawValue> = tags.into_iter().chain([&*subsetted]).collect();
    let mut written: Vec<_> = members.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))).collect();
    written.push(("tag".to_owned(), Cow::Owned(to_raw_value(&tags).ok()?)));
    to_raw_value(&Written(written)).ok()
}

/// An object's members in order, their values untouched: numbers keep their digits.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    fn word(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

struct Written<'a>(Vec<(String, Cow<'a, RawValue>)>);

impl Serialize for Written<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, &**value)))
    }
}

/// JSON with a member or an element a line. What stands in strings and numbers is not touched.
fn pretty(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped, mut opened) = (0_usize, false, false, false);
    let line = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.resize(out.len() + 2 * depth, b' ');
    };
    for byte in json {
        if in_string {
            out.push(*byte);
            in_string = *byte != b'"' || escaped;
            escaped = *byte == b'\\' && !escaped;
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(byte, b'}' | b']');
        if closes {
            depth = depth.saturating_sub(1);
        }
        if opened != closes {
            line(&mut out, depth);
        }
        opened = matches!(byte, b'{' | b'[');
        out.push(*byte);
        match byte {
            b'{' | b'[' => depth += 1,
            b',' => line(&mut out, depth),
            b':' => out.push(b' '),
            b'"' => in_string = true,
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const RESOURCE: &str = r#"{"resourceType":"Observation","id":"1","meta":{"versionId":"2","tag":[{"code":"x"}]},"text":{"div":"<p/>"},
        "status":"final","_status":{"id":"s"},"code":{"text":"c"},"valueQuantity":{"value":1.50},"note":[{"text":"n"}]}"#;

    fn part(part: &Part) -> String {
        String::from_utf8(part.of(RESOURCE.as_bytes()).unwrap()).unwrap()
    }

    fn names(text: &str) -> Vec<String> {
        let members: Members<'_> = serde_json::from_str(text).unwrap();
        members.0.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn each_part_keeps_what_it_says_and_is_marked() {
        let one = part(&Part::Elements(["valueQuantity".to_owned()].into()));
        assert_eq!(names(&one), ["resourceType", "id", "meta", "status", "_status", "code", "valueQuantity"]);
        assert!(one.contains("1.50"), "numbers keep their digits");
        let meta: Value = serde_json::from_str::<Value>(&one).unwrap()["meta"].clone();
        assert_eq!((meta["versionId"].as_str(), meta["tag"][0]["code"].as_str()), (Some("2"), Some("x")));
        assert_eq!(meta["tag"][1]["code"], "SUBSETTED");
        assert_eq!(
            names(&part(&Part::Summary)),
            ["resourceType", "id", "meta", "status", "_status", "code", "valueQuantity"]
        );
        assert_eq!(
            names(&part(&Part::Text)),
            ["resourceType", "id", "meta", "text", "status", "_status", "code"]
        );
        let data = names(&part(&Part::Data));
        assert!(data.contains(&"note".to_owned()) && !data.contains(&"text".to_owned()));
    }

    #[test]
    fn in_a_searchset_what_was_included_stays_whole() {
        let bundle = format!(
            r#"{{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{{"fullUrl":"u","resource":{RESOURCE},"search":{{"mode":"match"}}}},
            {{"resource":{{"resourceType":"Practitioner","id":"p","name":[]}},"search":{{"mode":"include"}}}}]}}"#
        );
        let cut = Part::Elements(["status".to_owned()].into()).of(bundle.as_bytes()).unwrap();
        let cut: Value = serde_json::from_slice(&cut).unwrap();
        assert_eq!(cut["entry"][0]["resource"].get("note"), None);
        assert_eq!(cut["entry"][0]["fullUrl"], "u");
        assert_eq!(
            cut["entry"][1]["resource"],
            json!({"resourceType": "Practitioner", "id": "p", "name": []})
        );
        let summary: Value = serde_json::from_slice(&Part::Summary.of(bundle.as_bytes()).unwrap()).unwrap();
        assert!(summary["entry"][1]["resource"]["meta"]["tag"].is_array());
    }

    #[test]
    fn pretty_changes_white_space_alone() {
        let text = r#"{"a":[],"b":{},"c":[1.50,"x, {y}: \"z\\"],"d":{"e":null}}"#;
        let shown = String::from_utf8(pretty(text.as_bytes())).unwrap();
        assert_eq!(shown.lines().count(), 11, "{shown}");
        assert!(shown.contains("1.50") && shown.contains(r#""x, {y}: \"z\\""#));
        assert_eq!(
            serde_json::from_str::<Value>(&shown).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert_eq!(pretty(shown.as_bytes()), shown.as_bytes(), "once is enough");
    }

    #[test]
    fn what_is_not_json_has_no_part() {
        for text in ["", "[]", "{", "{\"id\":1}"] {
            assert_eq!(Part::Summary.of(text.as_bytes()), None, "{text}");
        }
    }
}
