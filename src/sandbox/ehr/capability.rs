//! What the server says about itself.

use serde_json::{Value, json};

use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::params::{self, Compare};
use crate::sandbox::hospital::{json as j, time};

/// The `CapabilityStatement` of the server at `base`, whose token endpoint is `token` when it has one.
pub fn statement(base: &str, token: Option<&str>, date: Timestamp) -> Value {
    let mut security = json!({ "cors": token.is_none() });
    if let Some(token) = token {
        j::set(
            &mut security,
            "service",
            json!([{ "coding": [j::coding("http://terminology.hl7.org/CodeSystem/restful-security-service", "SMART-on-FHIR", "SMART-on-FHIR")] }]),
        );
        j::set(
            &mut security,
            "extension",
            json!([{
                "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                "extension": [{ "url": "token", "valueUri": token }]
            }]),
        );
    }
    json!({
        "resourceType": "CapabilityStatement",
        "url": format!("{base}/metadata"),
        "status": "active",
        "date": time::date_time(date),
        "publisher": "Saguaro Children's Hospital (synthetic)",
        "kind": "instance",
        "software": { "name": "Chartgate demo hospital", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": "A synthetic children's hospital. No real persons.", "url": base },
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "instantiates": ["http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server"],
        "rest": [{
            "mode": "server",
            "security": security,
            "resource": Kind::ALL.iter().map(|kind| resource(*kind)).collect::<Vec<_>>()
        }]
    })
}

fn resource(kind: Kind) -> Value {
    let mut interactions = vec!["read", "vread", "history-instance"];
    if kind != Kind::Binary {
        interactions.push("search-type");
    }
    let mut shown = json!({
        "type": kind.as_str(),
        "profile": profile(kind),
        "interaction": interactions.iter().map(|code| json!({ "code": code })).collect::<Vec<_>>(),
        "versioning": "versioned",
        "readHistory": true,
        "conditionalRead": "full-support",
        "referencePolicy": ["literal"]
    });
    if kind == Kind::Binary {
        return shown;
    }
    let own =
        params::of(kind).iter().map(|param| json!({ "name": param.name, "type": param.compare.as_str() }));
    let common = [("_id", "token"), ("_lastUpdated", "date")];
    let common = common.iter().map(|(name, kind)| json!({ "name": name, "type": kind }));
    j::set(&mut shown, "searchParam", common.chain(own).collect());
    // Questionnaires are named by their canonical URL and are not here.
    let includes = params::of(kind)
        .iter()
        .filter(|param| param.compare == Compare::Reference && param.name != "questionnaire");
    let includes: Vec<Value> = includes.map(|param| json!(format!("{kind}:{}", param.name))).collect();
    if !includes.is_empty() {
        j::set(&mut shown, "searchInclude", Value::Array(includes));
    }
    if !kind.is_directory() && kind != Kind::Provenance {
        j::set(&mut shown, "searchRevInclude", json!(["Provenance:target"]));
    }
    shown
}

fn profile(kind: Kind) -> String {
    match kind {
        Kind::Binary | Kind::Person => format!("http://hl7.org/fhir/StructureDefinition/{kind}"),
        Kind::Condition => j::us_core("us-core-condition-problems-health-concerns"),
        Kind::DiagnosticReport => j::us_core("us-core-diagnosticreport-lab"),
        Kind::Observation => j::us_core("us-core-observation-lab"),
        _ => j::us_core(&format!("us-core-{}", kind.as_str().to_lowercase())),
    }
}

/// `.well-known/smart-configuration`.
pub fn smart_configuration(token: &str) -> Value {
    json!({
        "token_endpoint": token,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES384", "RS384"],
        "scopes_supported": ["system/*.rs"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2"]
    })
}
