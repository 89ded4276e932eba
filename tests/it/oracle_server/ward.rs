//! The EHR behind real HTTP: plain JSON with versions and deletions, a search that may ignore whose records are wanted, pages of
//! its own size. References within it may be absolute; `{ehr}` stands for its base until a resource is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use http::{HeaderMap, StatusCode, Uri, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// One resource with its past.
#[derive(Clone, Debug)]
pub struct Row {
    /// Oldest first.
    pub versions: Vec<Value>,
    pub deleted: bool,
}

impl Row {
    pub fn last(&self) -> &Value {
        self.versions.last().unwrap()
    }
}

/// What the EHR holds, and its ways.
#[derive(Clone, Debug, Default)]
pub struct Ward {
    pub rows: Vec<Row>,
    /// Whether everybody's are returned whoever was asked for.
    pub ignores_patient: bool,
    /// Whether everybody's come along where something is included.
    pub includes_all: bool,
    /// Matches on a page at most.
    pub page: usize,
}

pub type Params = Vec<(String, String)>;

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `Type/id`.
pub fn name(resource: &Value) -> String {
    format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]))
}

/// A reference without the EHR's base and without a version.
pub fn local(reference: &str) -> &str {
    let local = reference.strip_prefix("{ehr}/").unwrap_or(reference);
    local.split("/_history/").next().unwrap()
}

/// Every reference at or below a value.
pub fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(references).collect(),
        Value::Object(members) => {
            let own = members.get("reference").and_then(Value::as_str).map(|text| local(text).to_owned());
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

/// What says something about whom a resource is.
fn owner(resource: &Value) -> Vec<String> {
    ["subject", "patient", "beneficiary"].iter().flat_map(|key| references(&resource[*key])).collect()
}

fn codings(concepts: &Value) -> Vec<(String, String)> {
    let list = if concepts.is_array() { concepts.clone() } else { json!([concepts]) };
    let list = list.as_array().unwrap().clone();
    let codings = list.iter().flat_map(|one| one["coding"].as_array().cloned().unwrap_or_default());
    codings.map(|coding| (text(&coding["system"]).to_owned(), text(&coding["code"]).to_owned())).collect()
}

impl Ward {
    pub fn row(&self, kind: &str, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.last()["resourceType"] == kind && row.last()["id"] == id)
    }

    /// As it is now; none where it is deleted.
    pub fn current(&self, kind: &str, id: &str) -> Option<&Value> {
        self.row(kind, id).filter(|row| !row.deleted).map(Row::last)
    }

    pub fn of(&self, kind: &str) -> Vec<&Value> {
        let there = self.rows.iter().filter(|row| !row.deleted).map(Row::last);
        there.filter(|resource| resource["resourceType"] == kind).collect()
    }

    /// All matches of a search in order.
    pub fn matches(&self, kind: &str, params: &Params) -> Vec<&Value> {
        let fits = |resource: &&Value| params.iter().all(|(name, value)| self.fits(resource, name, value));
        self.of(kind).into_iter().filter(fits).collect()
    }

    fn fits(&self, resource: &Value, parameter: &str, value: &str) -> bool {
        let any = |is: &dyn Fn(&str) -> bool| value.split(',').any(is);
        let token = |codings: &[(String, String)]| {
            any(&|token| {
                codings.iter().any(|(system, code)| token == code || token == format!("{system}|{code}"))
            })
        };
        let refers = |names: &[String]| {
            any(&|wanted| names.iter().any(|name| name == wanted || name.ends_with(&format!("/{wanted}"))))
        };
        match parameter {
            "_id" => any(&|id| resource["id"] == id),
            "patient" | "subject" => self.ignores_patient || refers(&owner(resource)),
            "category" => token(&codings(&resource["category"])),
            "type" => token(&codings(&resource["type"])),
            "status" => any(&|status| resource["status"] == status),
            "family" | "name" => resource["name"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|name| any(&|wanted| text(&name["family"]).eq_ignore_ascii_case(wanted))),
            "identifier" => resource["identifier"].as_array().into_iter().flatten().any(|own| {
                let (system, value) = (text(&own["system"]), text(&own["value"]));
                any(&|token| token == value || token == format!("{system}|{value}"))
            }),
            "general-practitioner" => refers(&references(&resource["generalPractitioner"])),
            "practitioner" => refers(&references(&resource["practitioner"])),
            "medication" => refers(&references(&resource["medicationReference"])),
            "encounter" => refers(&references(&resource["encounter"])),
            _ => true,
        }
    }

    /// What comes along with these matches.
    pub fn included(&self, params: &Params, matches: &[&Value]) -> Vec<&Value> {
        self.along(params, matches, self.includes_all)
    }

    /// What is included for these matches by the elements that were asked for; with `all` everybody's.
    pub fn along(&self, params: &Params, matches: &[&Value], all: bool) -> Vec<&Value> {
        let mut names: Vec<String> = Vec::new();
        let mut kinds: Vec<&str> = Vec::new();
        for (name_of, value) in params {
            match (name_of.as_str(), value.as_str()) {
                ("_revinclude", _) => {
                    kinds.push("Provenance");
                    let about = |provenance: &&&Value| {
                        let targets = references(&provenance["target"]);
                        matches.iter().any(|matched| targets.contains(&name(matched)))
                    };
                    names.extend(self.of("Provenance").iter().filter(about).map(|found| name(found)));
                }
                ("_include", value) => {
                    let (key, kind): (&str, &[&str]) = match value.split(':').nth(1).unwrap() {
                        "medication" => ("medicationReference", &["Medication"]),
                        "result" => ("result", &["Observation"]),
                        "encounter" => ("encounter", &["Encounter"]),
                        "performer" => ("performer", &["Practitioner", "Patient"]),
                        "participant" => ("participant", &["Practitioner", "Patient"]),
                        _ => ("generalPractitioner", &["Practitioner", "PractitionerRole", "Organization"]),
                    };
                    kinds.extend(kind);
                    names.extend(matches.iter().flat_map(|matched| references(&matched[key])));
                }
                _ => {}
            }
        }
        let wanted = |resource: &&Value| {
            let own = name(resource);
            let all = all && kinds.contains(&text(&resource["resourceType"]));
            (all || names.contains(&own)) && !matches.iter().any(|matched| name(matched) == own)
        };
        self.rows.iter().filter(|row| !row.deleted).map(Row::last).filter(wanted).collect()
    }

    /// Matches on one of the EHR's pages when so many are asked for.
    pub fn page_of(&self, count: usize) -> usize {
        count.min(self.page).max(1)
    }
}

/// The EHR as it is served.
#[derive(Clone)]
pub struct Served {
    pub ward: Arc<Mutex<Arc<Ward>>>,
    pub base: String,
    /// Requests that came.
    pub asked: Arc<Mutex<Vec<String>>>,
    /// How long each answer takes, in milliseconds.
    pub delay: Arc<AtomicU64>,
}

impl Served {
    pub async fn start(ward: Ward) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/ehr", listener.local_addr().unwrap());
        let served = Self {
            ward: Arc::new(Mutex::new(Arc::new(ward))),
            base,
            asked: Arc::default(),
            delay: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(served.clone());
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        served
    }

    fn told(&self, status: StatusCode, body: &Value) -> Response {
        let body = body.to_string().replace("{ehr}", &self.base);
        (status, [(header::CONTENT_TYPE, "application/fhir+json")], body).into_response()
    }
}

async fn answer(
    State(served): State<Served>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    served.asked.lock().push(uri.to_string());
    let delay = served.delay.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let ward = served.ward.lock().clone();
    let path = uri.path().trim_start_matches("/ehr/").to_owned();
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["metadata"] => served.told(StatusCode::OK, &statement()),
        [kind] => served.told(StatusCode::OK, &search(&served, &ward, kind, &query.unwrap_or_default())),
        [kind, id] => match ward.row(kind, id) {
            None => served.told(StatusCode::NOT_FOUND, &json!({})),
            Some(row) if row.deleted => served.told(StatusCode::GONE, &json!({})),
            Some(row) => read(&served, row, &headers),
        },
        [kind, id, "_history"] => match ward.row(kind, id) {
            None => served.told(StatusCode::NOT_FOUND, &json!({})),
            Some(row) => served.told(StatusCode::OK, &history(row)),
        },
        [kind, id, "_history", version] => {
            let row = ward.row(kind, id);
            let found = row.and_then(|row| row.versions.iter().find(|v| v["meta"]["versionId"] == *version));
            match found {
                None => served.told(StatusCode::NOT_FOUND, &json!({})),
                Some(found) => served.told(StatusCode::OK, found),
            }
        }
        _ => served.told(StatusCode::NOT_FOUND, &json!({})),
    }
}

fn read(served: &Served, row: &Row, headers: &HeaderMap) -> Response {
    let etag = format!("W/\"{}\"", row.versions.len());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    if let Some(raw) = row.last()["x-raw"].as_str() {
        return ([(header::CONTENT_TYPE, "text/plain"), (header::ETAG, &*etag)], raw.to_owned())
            .into_response();
    }
    let mut response = served.told(StatusCode::OK, row.last());
    response.headers_mut().insert(header::ETAG, etag.parse().unwrap());
    response
}

fn history(row: &Row) -> Value {
    let entries: Vec<Value> = row
        .versions
        .iter()
        .rev()
        .map(|version| {
            json!({"fullUrl": format!("{{ehr}}/{}", name(version)), "resource": version,
                "request": {"method": "PUT", "url": name(version)}, "response": {"status": "200"}})
        })
        .collect();
    json!({"resourceType": "Bundle", "type": "history", "total": entries.len(), "entry": entries})
}

fn search(served: &Served, ward: &Ward, kind: &str, query: &str) -> Value {
    let params: Params = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let number = |name: &str| {
        params.iter().find(|(own, _)| own == name).and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let (offset, page) = (number("_offset").unwrap_or(0), ward.page_of(number("_count").unwrap_or(1000)));
    let all = ward.matches(kind, &params);
    let on_page: Vec<&Value> = all.iter().skip(offset).take(page).copied().collect();
    let entry = |mode: &str, resource: &Value| json!({"fullUrl": format!("{{ehr}}/{}", name(resource)), "resource": resource, "search": {"mode": mode}});
    let mut entries: Vec<Value> = on_page.iter().map(|resource| entry("match", resource)).collect();
    entries.extend(ward.included(&params, &on_page).into_iter().map(|resource| entry("include", resource)));
    let mut links = Vec::new();
    if offset + page < all.len() {
        let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("_offset=")).collect();
        let next = format!("{}/{kind}?{}&_offset={}", served.base, rest.join("&"), offset + page);
        links.push(json!({"relation": "next", "url": next}));
    }
    json!({"resourceType": "Bundle", "type": "searchset", "total": all.len(), "link": links, "entry": entries})
}

/// The parameters that this EHR knows.
const KNOWN: &[&str] = &[
    "_id",
    "patient",
    "category",
    "type",
    "status",
    "family",
    "name",
    "identifier",
    "general-practitioner",
    "practitioner",
    "medication",
    "encounter",
    "_lastUpdated",
];

fn statement() -> Value {
    use chartgate::fhir::resource_type::ResourceType;
    let parameters: Vec<Value> = KNOWN.iter().map(|name| json!({"name": name})).collect();
    let interactions =
        json!([{"code": "read"}, {"code": "vread"}, {"code": "history-instance"}, {"code": "search-type"}]);
    let types: Vec<Value> = ResourceType::ALL
        .iter()
        .map(|kind| {
            json!({"type": kind.as_str(), "interaction": interactions, "searchParam": parameters,
                "searchInclude": ["*"], "searchRevInclude": ["*"]})
        })
        .collect();
    json!({"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": types}]})
}
