//! The URLs of scanned documents. Whatever refers to an attachment, and however the EHR spells it, its URL is the same; and it says
//! whose it is, so that a node that has not seen the document knows where to look for it. Saying so is no permission.

use std::borrow::Cow;

use memchr::memmem;

use crate::fhir::reference::Target;
use crate::fhir::resource_type::ResourceType;

use super::EntryFacts;
use super::json::unescape;
use super::rewrite::Rewrite;

/// `resource` with the facade's URL for each attachment that is a Binary of the EHR's.
pub fn pointed<'a>(resource: &'a str, facts: &EntryFacts, rewrite: &Rewrite) -> Cow<'a, str> {
    const KEY: &[u8] = b"\"url\"";
    let documents =
        matches!(facts.resource_type, ResourceType::DocumentReference | ResourceType::DiagnosticReport);
    let binaries = facts.references.iter().any(|(kind, _)| *kind == ResourceType::Binary);
    let Some(patient) = facts.patients.first().filter(|_| documents && binaries) else {
        return Cow::Borrowed(resource);
    };
    let bases = rewrite.bases();
    let (mut out, mut copied) = (String::new(), 0);
    for at in memmem::find_iter(resource.as_bytes(), KEY) {
        let Some((start, end)) = value_after(resource, at + KEY.len()) else { continue };
        let raw = resource.get(start..end).unwrap_or_default();
        let text = if raw.contains('\\') { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) };
        if let Target::Local("Binary", id) = Target::parse(&text, &bases) {
            out.push_str(resource.get(copied..start).unwrap_or_default());
            for part in [rewrite.facade(), "/Binary/", id.as_str(), "?patient=", patient.as_str()] {
                out.push_str(part);
            }
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(resource);
    }
    out.push_str(resource.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The inside of the string that is the value of the key that ends at `at`; `None` where it is no key or no string.
pub(super) fn value_after(json: &str, at: usize) -> Option<(usize, usize)> {
    let rest = json.get(at..)?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let start = json.len() - value.len();
    let mut escaped = false;
    let length = value.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })?;
    Some((start, start + length))
}
