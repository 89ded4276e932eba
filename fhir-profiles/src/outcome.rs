//! OperationOutcome, authored.

use serde_json::json;

/// An OperationOutcome with one error: `code` of the FHIR value set `issue-type`, a plain sentence for a person, and, where there is one,
/// the request id by which support finds the rest.
pub fn operation_outcome(code: &str, sentence: &str, request: Option<&str>) -> Vec<u8> {
    let mut issue = json!({"severity": "error", "code": code, "details": {"text": sentence}});
    if let (Some(request), Some(issue)) = (request, issue.as_object_mut()) {
        issue.insert("diagnostics".into(), json!(format!("Request {request}")));
    }
    serde_json::to_vec(&json!({"resourceType": "OperationOutcome", "issue": [issue]})).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_one_that_others_can_read() {
        for code in [
            "invalid",
            "not-supported",
            "not-found",
            "login",
            "forbidden",
            "throttled",
            "timeout",
            "transient",
            "exception",
            "too-costly",
            "structure",
            "value",
            "required",
            "expired",
        ] {
            let bytes = operation_outcome(code, "A \"sentence\".", Some("r1"));
            let typed: fhir_sdk::r4b::resources::OperationOutcome = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(typed.issue.len(), 1);
        }
    }
}
