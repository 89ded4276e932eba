//! Clinical notes: one text, written with headings, bullets and paragraphs, becomes plain text, HTML or PDF in a
//! Binary, which a `DocumentReference` (and for studies also a `DiagnosticReport`) points to.
//!
//! In a note's text a line that begins with `## ` is a heading, one with `- ` a bullet, any other line a paragraph.
//! Words in braces are filled in: see [`Chart::fill`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::pdf;
use super::visit::Enc;
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::staff::{Clinician, HOSPITAL};
use crate::sandbox::hospital::{json as j, time};

/// How a note is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain`
    Plain,
    /// `text/html`
    Html,
    /// `application/pdf`
    Pdf,
    /// `text/html` exactly as given, as pages that came from elsewhere are.
    Foreign,
}

impl Format {
    /// Media type of the Binary.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Html | Self::Foreign => "text/html",
            Self::Pdf => "application/pdf",
        }
    }
}

/// What kind of document it is, in LOINC.
#[derive(Debug)]
pub struct NoteKind {
    /// LOINC document type.
    pub loinc: &'static str,
    /// As printed.
    pub name: &'static str,
    /// LOINC part of a diagnostic service, when the document is a study's report.
    pub study: Option<(&'static str, &'static str)>,
}

macro_rules! kinds {
    ($($ident:ident = $loinc:literal $name:literal $study:expr;)+) => {
        $(#[doc = $name] pub static $ident: NoteKind = NoteKind { loinc: $loinc, name: $name, study: $study };)+
    };
}

const RADIOLOGY: Option<(&str, &str)> = Some(("LP29684-5", "Radiology"));
const CARDIOLOGY: Option<(&str, &str)> = Some(("LP29708-2", "Cardiology"));
const PATHOLOGY: Option<(&str, &str)> = Some(("LP7839-6", "Pathology"));

kinds! {
    DISCHARGE = "18842-5" "Discharge summary" None;
    ADMISSION = "34117-2" "History and physical" None;
    PROGRESS = "11506-3" "Progress note" None;
    CONSULT = "11488-4" "Consultation note" None;
    EMERGENCY = "34111-5" "Emergency department note" None;
    OPERATIVE = "11504-8" "Operative note" None;
    PROCEDURE = "28570-0" "Procedure note" None;
    TELEPHONE = "34748-4" "Telephone encounter note" None;
    NURSING = "34746-8" "Nursing note" None;
    INSTRUCTIONS = "74213-0" "Discharge instructions" None;
    CARE_PLAN = "18776-5" "Plan of care note" None;
    SOCIAL_WORK = "28653-4" "Social work note" None;
    OUTSIDE = "34133-9" "Summary from another clinic" None;
    CHEST_XRAY = "36643-5" "Chest X-ray, 2 views" RADIOLOGY;
    IMAGING = "18748-4" "Diagnostic imaging study" RADIOLOGY;
    ECHO = "42148-7" "Cardiac ultrasound study" CARDIOLOGY;
    EEG = "11523-8" "EEG study" None;
    PATHOLOGY_REPORT = "11526-1" "Pathology study" PATHOLOGY;
}

/// A note to be written.
pub struct Note<'n> {
    /// What kind.
    pub kind: &'static NoteKind,
    /// Who signed it.
    pub by: &'static Clinician,
    /// When it was signed.
    pub at: Timestamp,
    /// How it is kept.
    pub format: Format,
    /// The text, with headings, bullets and words in braces.
    pub text: &'n str,
}

impl Chart<'_> {
    /// Writes a note about `enc`; a study also gets its `DiagnosticReport`, which points to the same Binary.
    pub fn note(&mut self, enc: &Enc, note: &Note<'_>) {
        let at = note.at.min(self.now);
        let text = self.fill(note.text, at);
        let head = self.letterhead(note, at);
        let bytes = match note.format {
            Format::Plain => plain(note.kind.name, &head, &text).into_bytes(),
            Format::Html => html(note.kind.name, &head, &text).into_bytes(),
            Format::Pdf => pdf::render(note.kind.name, &head, &text),
            Format::Foreign => text.clone().into_bytes(),
        };
        let binary_id = self.reserve(Kind::Binary);
        let document_id = self.reserve(Kind::DocumentReference);
        let binary = json!({
            "contentType": note.format.media_type(),
            "securityContext": { "reference": format!("DocumentReference/{document_id}") },
            "data": STANDARD.encode(&bytes)
        });
        self.put(Kind::Binary, &binary_id, &[], at, binary);
        let attachment = json!({
            "contentType": note.format.media_type(),
            "url": format!("Binary/{binary_id}"),
            "size": bytes.len(),
            "title": note.kind.name,
            "creation": time::date_time(at)
        });
        let document = self.document(enc, note, &document_id, at, &attachment);
        self.put(Kind::DocumentReference, &document_id, &["us-core-documentreference"], at, document);
        self.wrote(&enc.reference, note.by, at, &format!("DocumentReference/{document_id}"));
        if note.kind.study.is_some() {
            self.study(enc, note, at, &attachment, &text);
        }
    }

    fn document(&self, enc: &Enc, note: &Note<'_>, id: &str, at: Timestamp, attachment: &Value) -> Value {
        let mut body = json!({
            "identifier": [{ "system": j::DOCUMENT_NUMBER, "value": id }],
            "status": "current",
            "docStatus": "final",
            "type": j::concept(j::LOINC, note.kind.loinc, note.kind.name),
            "category": [{ "coding": [j::coding("http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "clinical-note", "Clinical Note")], "text": "Clinical Note" }],
            "subject": self.subject(),
            "date": time::instant(at),
            "author": [j::reference(&note.by.reference(), &note.by.signed())],
            "custodian": j::reference("Organization/org-1", HOSPITAL.name),
            "description": format!("{}, {}", note.kind.name, note.by.specialty.name),
            "content": [{
                "attachment": attachment,
                "format": j::coding("http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode", "urn:ihe:iti:xds:2017:mimeTypeSufficient", "mimeType Sufficient")
            }],
            "context": {
                "encounter": [{ "reference": enc.reference }],
                "period": j::period(enc.from, enc.to)
            }
        });
        if !self.labels.is_empty() {
            j::set(
                &mut body,
                "securityLabel",
                self.labels.iter().map(|label| json!({ "coding": [label.coding()] })).collect(),
            );
        }
        body
    }

    fn study(&mut self, enc: &Enc, note: &Note<'_>, at: Timestamp, attachment: &Value, text: &str) {
        let Some((part, words)) = note.kind.study else { return };
        let conclusion = after_heading(text, "impression").unwrap_or_default();
        let mut body = json!({
            "status": "final",
            "category": [j::concept(j::LOINC, part, words)],
            "code": j::concept(j::LOINC, note.kind.loinc, note.kind.name),
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "effectiveDateTime": time::date_time(time::after(at, -40)),
            "issued": time::instant(at),
            "performer": [j::reference("Organization/org-1", HOSPITAL.name)],
            "resultsInterpreter": [j::reference(&note.by.reference(), &note.by.signed())],
            "presentedForm": [attachment]
        });
        if !conclusion.is_empty() {
            j::set(&mut body, "conclusion", json!(conclusion));
        }
        let report = self.add(Kind::DiagnosticReport, &["us-core-diagnosticreport-note"], at, body);
        self.wrote(&enc.reference, note.by, at, &report);
    }

    fn letterhead(&self, note: &Note<'_>, at: Timestamp) -> Vec<(&'static str, String)> {
        vec![
            ("Patient", format!("{}, born {}", self.child.name(), time::long_day(self.child.birth))),
            ("MRN", self.child.mrn.clone()),
            ("Author", format!("{}, {}", note.by.signed(), note.by.specialty.name)),
            ("Signed", time::long_moment(at)),
        ]
    }

    /// Fills in the words in braces as of `at`:
    /// `{given}` `{name}` `{mrn}` `{age}` `{he}` `{He}` `{his}` `{His}` `{him}` `{boy}` `{kg}` `{pcp}`, and `{d3}` for
    /// the day three days before today. Anything else in braces stays.
    pub fn fill(&self, text: &str, at: Timestamp) -> String {
        let mut out = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((word, behind)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            if let Some(value) = self.word(word, at) {
                out.push_str(&value);
            } else {
                out.push('{');
                out.push_str(word);
                out.push('}');
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn word(&self, word: &str, at: Timestamp) -> Option<String> {
        let girl = self.child.girl;
        let either = |she: &str, he: &str| Some(if girl { she } else { he }.to_owned());
        match word {
            "given" => Some(self.child.given.clone()),
            "name" => Some(self.child.name()),
            "mrn" => Some(self.child.mrn.clone()),
            "age" => Some(time::age_words(self.child.birth, time::day_of(at))),
            "he" => either("she", "he"),
            "He" => either("She", "He"),
            "his" => either("her", "his"),
            "His" => either("Her", "His"),
            "him" => either("her", "him"),
            "boy" => either("girl", "boy"),
            "kg" => Some(format!("{:.1}", self.typical(at).weight)),
            "pcp" => Some(
                self.child.pcp().map_or_else(|| "the primary care provider".to_owned(), Clinician::called),
            ),
            _ => {
                let days: i64 = word.strip_prefix('d')?.parse().ok()?;
                Some(time::long_day(self.day(days)))
            }
        }
    }
}

/// The section `name` of a file of notes, where a line `=== name` begins a section.
pub fn section(file: &'static str, name: &str) -> &'static str {
    file.split("=== ")
        .find_map(|part| {
            let (title, text) = part.split_once('\n')?;
            (title.trim() == name).then_some(text.trim())
        })
        .unwrap_or_default()
}

fn after_heading(text: &str, heading: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| line.strip_prefix("## ").is_some_and(|h| h.trim().eq_ignore_ascii_case(heading)))?;
    let words: Vec<&str> =
        lines.take_while(|line| !line.starts_with("## ")).map(str::trim).filter(|l| !l.is_empty()).collect();
    Some(words.join(" ").replace("- ", ""))
}

fn plain(title: &str, head: &[(&str, String)], text: &str) -> String {
    let mut out = vec![HOSPITAL.name.to_owned(), title.to_uppercase(), String::new()];
    out.extend(head.iter().map(|(name, value)| format!("{name}: {value}")));
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            out.push(String::new());
            out.push(heading.to_uppercase());
        } else {
            out.push(line.to_owned());
        }
    }
    out.push(String::new());
    out.join("\n")
}

fn html(title: &str, head: &[(&str, String)], text: &str) -> String {
    let mut out = vec![
        "<!DOCTYPE html>".to_owned(),
        format!("<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>"),
        format!("<body style=\"font-family: Georgia, serif\">\n<h1>{title}</h1>\n<table>"),
    ];
    out.extend(head.iter().map(|(name, value)| {
        format!("<tr><th scope=\"row\" align=\"left\">{name}</th><td>{}</td></tr>", escape(value))
    }));
    out.push("</table>".to_owned());
    let mut in_list = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let bullet = line.strip_prefix("- ");
        if bullet.is_some() != in_list {
            out.push(if in_list { "</ul>" } else { "<ul>" }.to_owned());
            in_list = bullet.is_some();
        }
        out.push(match (bullet, line.strip_prefix("## ")) {
            (Some(item), _) => format!("<li>{}</li>", escape(item)),
            (None, Some(heading)) => format!("<h2>{}</h2>", escape(heading)),
            (None, None) => format!("<p>{}</p>", escape(line)),
        });
    }
    if in_list {
        out.push("</ul>".to_owned());
    }
    out.push("</body></html>\n".to_owned());
    out.join("\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_by_its_name() {
        let file = "=== one\nfirst\n=== two\nsecond\nmore\n";
        assert_eq!(section(file, "two"), "second\nmore");
        assert_eq!(section(file, "three"), "");
    }

    #[test]
    fn lists_and_paragraphs_become_html() {
        let page = html("T", &[], "## Plan\n- rest & fluids\n- call\nBye");
        assert!(
            page.contains(
                "<h2>Plan</h2>\n<ul>\n<li>rest &amp; fluids</li>\n<li>call</li>\n</ul>\n<p>Bye</p>"
            )
        );
    }

    #[test]
    fn the_impression_is_the_conclusion() {
        assert_eq!(
            after_heading("## Findings\nx\n## Impression\n- No effusion.\n", "impression").as_deref(),
            Some("No effusion.")
        );
    }
}
