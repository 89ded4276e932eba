//! Which form of answer the client takes: `_format` first, then `Accept` (R4 HTTP, "Content Types and encodings").

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::problem::Problem;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// FHIR JSON because it was asked for by name.
    Fhir,
    /// FHIR JSON under its generic name.
    Json,
    /// FHIR JSON for want of a wish; for a Binary, its content.
    Any,
    /// Some other media type: of use for the content of a Binary alone.
    Other,
}

impl Form {
    /// `Content-Type` of FHIR JSON in this form.
    pub(super) const fn media_type(self) -> HeaderValue {
        match self {
            Self::Json => HeaderValue::from_static("application/json"),
            Self::Fhir | Self::Any | Self::Other => HeaderValue::from_static("application/fhir+json"),
        }
    }

    /// The form in which anything but a Binary can be answered; 406 when there is none.
    pub(super) fn fhir(self) -> Result<Self, Problem> {
        if self == Self::Other { Err(not_acceptable()) } else { Ok(self) }
    }
}

/// The wanted form. `query` is the request's query as sent.
pub(super) fn wanted(headers: &HeaderMap, query: &str) -> Result<Form, Problem> {
    let format = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "_format");
    if let Some((_, format)) = format {
        return named(&format);
    }
    let mut forms = Vec::new();
    for value in headers.get_all(header::ACCEPT) {
        // What is not ASCII names no media type that exists.
        let Ok(text) = value.to_str() else { return Ok(Form::Other) };
        forms.extend(text.split(',').filter_map(form_of));
    }
    if headers.contains_key(header::ACCEPT) && forms.is_empty() {
        return Ok(Form::Other);
    }
    let best = forms
        .iter()
        .copied()
        .max_by(|(a, one), (b, other)| a.total_cmp(b).then(rank(*one).cmp(&rank(*other))));
    Ok(best.map_or(Form::Any, |(_, form)| form))
}

/// Of equal wishes, the most particular that can be met.
const fn rank(form: Form) -> u8 {
    match form {
        Form::Fhir => 3,
        Form::Json => 2,
        Form::Any => 1,
        Form::Other => 0,
    }
}

/// One element of `Accept`, with its quality; `None` when it is refused (`q=0`).
fn form_of(element: &str) -> Option<(f32, Form)> {
    let mut parts = element.split(';').map(str::trim);
    let media_type = parts.next()?.to_ascii_lowercase();
    let quality = parts
        .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .find_map(|quality| quality.parse::<f32>().ok())
        .map_or(1.0, |quality| quality.clamp(0.0, 1.0));
    let form = match media_type.as_str() {
        "application/fhir+json" | "application/json+fhir" => Form::Fhir,
        "application/json" | "text/json" => Form::Json,
        "*/*" | "application/*" | "" => Form::Any,
        _ => Form::Other,
    };
    (quality > 0.0).then_some((quality, form))
}

fn named(format: &str) -> Result<Form, Problem> {
    // A plus sign that nobody encoded arrives as a space.
    let format = format.replace(' ', "+").to_ascii_lowercase();
    match format.split(';').next().unwrap_or_default().trim() {
        "json" | "application/fhir+json" | "application/json+fhir" => Ok(Form::Fhir),
        "application/json" | "text/json" => Ok(Form::Json),
        _ => Err(not_acceptable()),
    }
}

fn not_acceptable() -> Problem {
    Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "not-supported",
        "This server answers in FHIR JSON (application/fhir+json).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(accept: &str) -> Form {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        wanted(&headers, "").unwrap()
    }

    #[test]
    fn accept_is_read_by_quality_and_then_by_particularity() {
        assert_eq!(wanted(&HeaderMap::new(), "").unwrap(), Form::Any);
        for (header, form) in [
            ("application/fhir+json", Form::Fhir),
            ("application/fhir+json; charset=utf-8", Form::Fhir),
            ("application/json", Form::Json),
            ("application/json, text/plain, */*", Form::Json),
            ("*/*", Form::Any),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Form::Other),
            ("application/fhir+xml, application/fhir+json;q=0.5", Form::Other),
            ("application/fhir+xml;q=0.2, application/fhir+json;q=0.5", Form::Fhir),
            ("application/fhir+json;q=0", Form::Other),
            ("application/pdf", Form::Other),
        ] {
            assert_eq!(accept(header), form, "{header}");
        }
    }

    #[test]
    fn format_overrides_accept() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html"));
        for query in ["_format=json", "_format=application/fhir%2Bjson", "_format=application/fhir+json"] {
            assert_eq!(wanted(&headers, query).unwrap(), Form::Fhir, "{query}");
        }
        for query in ["_format=xml", "_format=application/fhir%2Bxml", "_format=ttl", "_format="] {
            assert!(wanted(&HeaderMap::new(), query).is_err(), "{query}");
        }
    }
}
