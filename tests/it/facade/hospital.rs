//! An EHR that ignores search parameters and returns everyone's, as some do, with knobs for what else can go wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the EHR does instead of answering.
#[derive(Clone, Debug)]
pub enum Knob {
    /// This status, with this body.
    Status(u16, &'static str),
    /// 200 with this body.
    Body(String),
    /// 429 with `Retry-After`.
    Throttle(u64),
}

#[derive(Default)]
pub struct Hospital {
    pub resources: Mutex<Vec<Value>>,
    /// Earlier versions of some of them, latest first.
    pub earlier: Mutex<Vec<Value>>,
    pub knob: Mutex<Option<Knob>>,
    /// Entries on a page at most.
    pub page: AtomicUsize,
    /// Requests that arrived.
    pub asked: Mutex<Vec<String>>,
}

pub const NPI_OF_ANA: &str = "1234567893";

impl Hospital {
    pub fn new() -> Arc<Self> {
        let hospital = Self { page: AtomicUsize::new(100), ..Self::default() };
        *hospital.resources.lock() = resources();
        Arc::new(hospital)
    }

    pub fn set(&self, knob: Knob) {
        *self.knob.lock() = Some(knob);
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }

    /// Serves on a free port; the base URL.
    pub async fn serve(self: &Arc<Self>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/fhir", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state((self.clone(), base.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        base
    }
}

async fn answer(
    State((hospital, base)): State<(Arc<Hospital>, String)>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    hospital.asked.lock().push(uri.to_string());
    match hospital.knob.lock().clone() {
        Some(Knob::Status(status, body)) => {
            return (StatusCode::from_u16(status).unwrap(), fhir_json(), body).into_response();
        }
        Some(Knob::Body(body)) => return (fhir_json(), body).into_response(),
        Some(Knob::Throttle(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())])
                .into_response();
        }
        None => {}
    }
    let path = uri.path().trim_start_matches("/fhir/").to_owned();
    match path.split_once('/') {
        Some((resource_type, id)) => match id.split_once("/_history") {
            Some((id, version)) => {
                history(&hospital, &base, resource_type, id, version.trim_start_matches('/'))
            }
            None => read(&hospital, resource_type, id, &headers),
        },
        None => (fhir_json(), search(&hospital, &base, &path, query.as_deref().unwrap_or("")).to_string())
            .into_response(),
    }
}

const fn fhir_json() -> [(header::HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, "application/fhir+json")]
}

fn read(hospital: &Hospital, resource_type: &str, id: &str, headers: &HeaderMap) -> Response {
    let resources = hospital.resources.lock();
    let found = resources.iter().find(|r| r["resourceType"] == resource_type && r["id"] == id);
    let Some(found) = found else { return (StatusCode::NOT_FOUND, fhir_json(), "{}").into_response() };
    if headers.get(header::IF_NONE_MATCH).is_some_and(|etag| etag == "W/\"1\"") {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let etag = [(header::ETAG, "W/\"1\""), (header::LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT")];
    if resource_type == "Binary" && found["x-raw"].is_string() {
        let media_type = [(header::CONTENT_TYPE, found["contentType"].as_str().unwrap().to_owned())];
        return (etag, media_type, found["x-raw"].as_str().unwrap().to_owned()).into_response();
    }
    (etag, fhir_json(), found.to_string()).into_response()
}

/// All versions, or one; of whatever it is asked for, as some EHRs answer.
fn history(hospital: &Hospital, base: &str, resource_type: &str, id: &str, version: &str) -> Response {
    let is_it = |r: &&Value| r["resourceType"] == resource_type && r["id"] == id;
    let (now, earlier) = (hospital.resources.lock(), hospital.earlier.lock());
    let versions: Vec<&Value> = now.iter().filter(is_it).chain(earlier.iter().filter(is_it)).collect();
    if version.is_empty() {
        let entries: Vec<Value> = versions
            .iter()
            .map(|r| {
                json!({"fullUrl": format!("{base}/{resource_type}/{id}"), "resource": r,
                "request": {"method": "PUT", "url": "x"}, "response": {"status": "200"}})
            })
            .collect();
        let bundle =
            json!({"resourceType": "Bundle", "type": "history", "total": entries.len(), "entry": entries});
        return (fhir_json(), bundle.to_string()).into_response();
    }
    match versions.iter().find(|r| r["meta"]["versionId"] == version) {
        Some(found) => (fhir_json(), found.to_string()).into_response(),
        None => (StatusCode::NOT_FOUND, fhir_json(), "{}").into_response(),
    }
}

fn search(hospital: &Hospital, base: &str, resource_type: &str, query: &str) -> Value {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let offset: usize = pairs.iter().find(|(n, _)| n == "_offset").map_or(0, |(_, v)| v.parse().unwrap());
    let resources = hospital.resources.lock();
    let all: Vec<&Value> = resources.iter().filter(|r| r["resourceType"] == resource_type).collect();
    let page = hospital.page.load(Ordering::Relaxed);
    let mut entries: Vec<Value> =
        all.iter().skip(offset).take(page).map(|r| entry(base, r, "match")).collect();
    for (name, value) in &pairs {
        // Includes, too, come for everybody.
        let included = match (name.as_str(), value.as_str()) {
            ("_revinclude", "Provenance:target") => "Provenance",
            ("_include", "MedicationRequest:medication") => "Medication",
            ("_include", "Encounter:participant") => "Practitioner",
            ("_include", "DiagnosticReport:result") => "Observation",
            _ => continue,
        };
        entries.extend(
            resources.iter().filter(|r| r["resourceType"] == included).map(|r| entry(base, r, "include")),
        );
    }
    let mut links = vec![json!({"relation": "self", "url": format!("{base}/{resource_type}?{query}")})];
    if offset + page < all.len() {
        let query = query.split('&').filter(|pair| !pair.starts_with("_offset="));
        let offset = format!("_offset={}", offset + page);
        let query: Vec<&str> = query.filter(|pair| !pair.is_empty()).chain([&*offset]).collect();
        let next = format!("{base}/{resource_type}?{}", query.join("&"));
        links.push(json!({"relation": "next", "url": next}));
    }
    json!({"resourceType": "Bundle", "type": "searchset", "total": all.len(), "link": links, "entry": entries})
}

fn entry(base: &str, resource: &Value, mode: &str) -> Value {
    let url =
        format!("{base}/{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap());
    json!({"fullUrl": url, "resource": resource, "search": {"mode": mode}})
}

fn resources() -> Vec<Value> {
    let lab = json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}]);
    let vital = json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}]);
    let mut all = vec![json!({"resourceType": "Practitioner", "id": "dr-ana", "name": [{"family": "Alva"}],
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": NPI_OF_ANA}]})];
    for patient in ["seen", "other"] {
        let subject = json!({"reference": format!("Patient/{patient}")});
        let id = |what: &str| format!("{patient}-{what}");
        all.extend([
            json!({"resourceType": "Patient", "id": patient, "name": [{"family": "Fox", "given": ["Mia"]}],
                "birthDate": "2020-02-02", "identifier": [{"system": "urn:mrn", "value": format!("MRN-{patient}")}]}),
            json!({"resourceType": "Encounter", "id": id("e1"), "status": "finished", "class": {"code": "IMP"}, "subject": subject}),
            json!({"resourceType": "Condition", "id": id("c1"), "subject": subject}),
            json!({"resourceType": "CareTeam", "id": id("t1"), "subject": subject}),
            json!({"resourceType": "MedicationRequest", "id": id("m1"), "subject": subject,
                "medicationReference": {"reference": format!("Medication/{patient}-drug")}}),
            json!({"resourceType": "Medication", "id": id("drug"), "code": {"text": format!("drug of {patient}")}}),
            json!({"resourceType": "DocumentReference", "id": id("d1"), "status": "current", "subject": subject,
                "content": [{"attachment": {"contentType": "text/html", "url": format!("Binary/{patient}-note")}}]}),
            json!({"resourceType": "DiagnosticReport", "id": id("r1"), "status": "final", "subject": subject, "category": lab,
                "presentedForm": [{"contentType": "text/html", "url": format!("Binary/{patient}-note")}]}),
            json!({"resourceType": "Binary", "id": id("note"), "contentType": "text/html", "x-raw": format!("<p>note of {patient}</p>")}),
            json!({"resourceType": "Provenance", "id": id("p1"), "recorded": "2026-01-01T00:00:00Z",
                "target": [{"reference": format!("Observation/{patient}-o1")}]}),
        ]);
        for number in 1..=7 {
            let category = if number == 1 { &vital } else { &lab };
            all.push(
                json!({"resourceType": "Observation", "id": id(&format!("o{number}")), "status": "final",
                "category": category, "subject": subject, "valueString": format!("secret of {patient}")}),
            );
        }
    }
    // Points to a Binary that says so as FHIR.
    all.push(json!({"resourceType": "DocumentReference", "id": "seen-d2", "status": "current", "subject": {"reference": "Patient/seen"},
        "content": [{"attachment": {"contentType": "application/pdf", "url": "Binary/seen-pdf"}}]}));
    all.push(json!({"resourceType": "Binary", "id": "seen-pdf", "contentType": "application/pdf", "data": "JVBERi0x"}));
    all
}
