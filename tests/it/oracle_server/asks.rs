//! Random requests, and whether what comes back is what the oracle says.

use std::collections::BTreeSet;

use base64::Engine as _;
use serde_json::{Value, json};

use super::dice::Dice;
use super::hospital::{CLINICAL, DIRECTORY, PATIENTS, THROUGH, mark, of_mark};
use super::judge::{Asker, Oracle, World};
use super::server::{Answer, BASE, Running, Wire};
use super::ward::{Params, name, text};
use super::world::category_system;

/// A request.
#[derive(Clone, Debug)]
pub enum Ask {
    Read { kind: String, id: String, near: Option<&'static str> },
    Version { kind: String, id: String, version: usize },
    History { kind: String, id: String },
    Search { kind: String, params: Params, count: Option<usize>, total: &'static str, post: bool },
    Count { kind: String, params: Params },
    Everything { patient: &'static str, count: usize },
    Documents { patient: &'static str, code: Option<&'static str> },
    Group(&'static str),
    Batch(Vec<Self>),
}

/// What is compared with: every world that may be the one that the product sees.
pub struct Bench<'a> {
    pub server: &'a Running,
    pub asker: &'a Asker,
    pub token: &'a str,
    pub worlds: &'a [World],
    /// A refusal as it looks, to compare others with.
    pub refusal: &'a Answer,
}

type Checked = Result<(), String>;

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

impl Ask {
    pub fn any(dice: &mut Dice, world: &World) -> Self {
        match dice.below(100) {
            0..30 => Self::read(dice, world),
            30..36 => match Self::read(dice, world) {
                Self::Read { kind, id, .. } if !THROUGH.contains(&&*kind) && kind != "Group" => {
                    if dice.chance(50) {
                        Self::History { kind, id }
                    } else {
                        Self::Version { kind, id, version: 1 + dice.below(2) }
                    }
                }
                other => other,
            },
            36..78 => Self::search(dice, world),
            78..83 => match Self::search(dice, world) {
                Self::Search { kind, params, .. } => {
                    let params = params.into_iter().filter(|(name, _)| !name.contains("include")).collect();
                    Self::Count { kind, params }
                }
                other => other,
            },
            83..87 => Self::Everything { patient: dice.one(&PATIENTS), count: dice.one(&[3, 20, 200]) },
            87..91 => Self::Documents {
                patient: dice.one(&PATIENTS),
                code: dice.one(&[None, Some("11506-3"), Some("34133-9")]),
            },
            91..95 => Self::Group(dice.one(&["north", "south", "nowhere"])),
            _ => Self::Batch((0..=dice.below(4)).map(|_| Self::entry(dice, world)).collect()),
        }
    }

    fn entry(dice: &mut Dice, world: &World) -> Self {
        match Self::any(dice, world) {
            Self::Batch(_) => Self::read(dice, world),
            Self::Search { kind, params, count, total, .. } => {
                Self::Search { kind, params, count, total, post: false }
            }
            other => other,
        }
    }

    fn read(dice: &mut Dice, world: &World) -> Self {
        let rows = &world.bodies.rows;
        let through: Vec<usize> =
            (0..rows.len()).filter(|at| THROUGH.contains(&text(&rows[*at].last()["resourceType"]))).collect();
        let at = if dice.chance(25) { dice.one(&through) } else { dice.below(rows.len()) };
        let resource = rows[at].last();
        let id = if dice.chance(7) { "nothing" } else { text(&resource["id"]) };
        let near = dice.chance(60).then(|| dice.one(&PATIENTS));
        let kind = text(&resource["resourceType"]);
        // The EHR's own groups do not exist here.
        if kind == "Group" {
            return Self::Group("north");
        }
        Self::Read {
            kind: kind.to_owned(),
            id: id.to_owned(),
            near: near.filter(|_| THROUGH.contains(&kind)),
        }
    }

    fn search(dice: &mut Dice, world: &World) -> Self {
        let mut params: Params = Vec::new();
        let kind = match dice.below(10) {
            0 => dice.one(DIRECTORY),
            1 => "Patient",
            2..6 => dice.one(&[
                "Observation",
                "Encounter",
                "DocumentReference",
                "DiagnosticReport",
                "MedicationRequest",
                "Procedure",
            ]),
            _ => dice.one(CLINICAL).0,
        };
        let ids: Vec<String> = world.bodies.of(kind).iter().map(|one| text(&one["id"]).to_owned()).collect();
        let some_ids = |dice: &mut Dice| {
            let mut some: Vec<String> =
                (0..=dice.below(3)).filter(|_| !ids.is_empty()).map(|_| dice.one(&ids)).collect();
            some.push("nothing".to_owned());
            some.sort();
            some.dedup();
            some.join(",")
        };
        if kind == "Patient" {
            params.push(match dice.below(4) {
                0 => pair("family", dice.one(&["Fox", "Elk"])),
                1 => pair("_id", some_ids(dice)),
                2 => pair("general-practitioner", format!("Practitioner/d{}", dice.below(6))),
                _ => pair("identifier", format!("urn:mrn|MRN-{}", dice.one(&PATIENTS))),
            });
        } else if DIRECTORY.contains(&kind) || dice.chance(20) {
            params.push(pair("_id", some_ids(dice)));
        } else {
            params.push(pair("patient", dice.one(&PATIENTS)));
        }
        if dice.chance(20) && ["Observation", "DiagnosticReport", "Condition"].contains(&kind) {
            params.push(pair("category", format!("{}|laboratory", category_system())));
        }
        let include = match kind {
            "Observation" => Some(dice.one(&["Observation:performer", "Observation:encounter"])),
            "Encounter" => Some("Encounter:participant"),
            "DiagnosticReport" => Some(dice.one(&["DiagnosticReport:result", "DiagnosticReport:encounter"])),
            "MedicationRequest" => {
                Some(dice.one(&["MedicationRequest:medication", "MedicationRequest:encounter"]))
            }
            "MedicationDispense" => Some("MedicationDispense:medication"),
            "Procedure" => Some(dice.one(&["Procedure:performer", "Procedure:encounter"])),
            "CareTeam" => Some("CareTeam:participant"),
            "Patient" => Some("Patient:general-practitioner"),
            _ => None,
        };
        if let Some(include) = include.filter(|_| dice.chance(40)) {
            params.push(pair("_include", include));
        }
        // US Core has no such search there.

        if !DIRECTORY.contains(&kind) && kind != "Specimen" && dice.chance(35) {
            params.push(pair("_revinclude", "Provenance:target"));
        }
        let count = dice.one(&[None, Some(1), Some(2), Some(3), Some(7)]);
        let total = dice.one(&["", "", "none", "accurate"]);
        Self::Search { kind: kind.to_owned(), params, count, total, post: dice.chance(25) }
    }

    /// Path and query, and the form of a POST.
    pub fn wire(&self) -> (String, Option<String>) {
        let query = |params: &Params, more: &[(&str, String)]| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(params);
            query.extend_pairs(more);
            query.finish()
        };
        match self {
            Self::Read { kind, id, near } => {
                let near = near.map(|near| format!("?patient={near}")).unwrap_or_default();
                (format!("/{kind}/{id}{near}"), None)
            }
            Self::Version { kind, id, version } => (format!("/{kind}/{id}/_history/{version}"), None),
            Self::History { kind, id } => (format!("/{kind}/{id}/_history"), None),
            Self::Search { kind, params, count, total, post } => {
                let mut more: Vec<(&str, String)> =
                    count.iter().map(|count| ("_count", count.to_string())).collect();
                if !total.is_empty() {
                    more.push(("_total", (*total).to_owned()));
                }
                let query = query(params, &more);
                if *post {
                    (format!("/{kind}/_search"), Some(query))
                } else {
                    (format!("/{kind}?{query}"), None)
                }
            }
            Self::Count { kind, params } => {
                (format!("/{kind}?{}", query(params, &[("_summary", "count".to_owned())])), None)
            }
            Self::Everything { patient, count } => {
                (format!("/Patient/{patient}/$everything?_count={count}"), None)
            }
            Self::Documents { patient, code } => {
                let code = code.map(|code| format!("&type=http://loinc.org|{code}")).unwrap_or_default();
                (format!("/DocumentReference/$docref?patient={patient}{code}"), None)
            }
            Self::Group(practice) => (format!("/Group/{practice}"), None),
            Self::Batch(_) => ("/".to_owned(), None),
        }
    }
}

/// One entry of a searchset.
struct Entry {
    name: String,
    included: bool,
    mark: Option<String>,
}

fn marks(text: &str) -> Vec<String> {
    let mut parts = text.split('~').skip(1);
    let mut all = Vec::new();
    while let (Some(name), Some(version)) = (parts.next(), parts.next()) {
        all.push(format!("~{name}~{version}~"));
        parts.next();
    }
    all
}

fn entries(bundle: &Value) -> Vec<Entry> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let entry = |entry: &Value| Entry {
        name: name(&entry["resource"]),
        included: entry["search"]["mode"] == "include",
        mark: entry["resource"]["x-mark"].as_str().map(str::to_owned),
    };
    entries.iter().map(entry).collect()
}

/// Where a link leads, below the FHIR base.
pub fn link(bundle: &Value) -> Option<String> {
    let next = bundle["link"].as_array()?.iter().find(|link| link["relation"] == "next")?.clone();
    Some(text(&next["url"]).strip_prefix(BASE).unwrap_or("a link that is not ours").to_owned())
}

impl Bench<'_> {
    fn oracles(&self) -> Vec<Oracle<'_>> {
        self.worlds.iter().map(|world| Oracle { world, asker: self.asker }).collect()
    }

    fn is_settled(&self) -> bool {
        self.worlds.len() == 1
    }

    /// The marks of a resource as it is in any of the worlds.
    fn current(&self, name: &str) -> BTreeSet<String> {
        let (kind, id) = name.split_once('/').unwrap();
        let rows = self.worlds.iter().filter_map(|world| world.bodies.row(kind, id));
        rows.map(|row| mark(name, row.versions.len())).collect()
    }

    pub async fn send(&self, ask: &Ask) -> Answer {
        let (path, form) = ask.wire();
        if let Ask::Batch(all) = ask {
            let entries: Vec<Value> = all
                .iter()
                .map(|one| json!({"request": {"method": "GET", "url": one.wire().0.trim_start_matches('/')}}))
                .collect();
            let body = json!({"resourceType": "Bundle", "type": "batch", "entry": entries}).to_string();
            let media_type = "application/fhir+json";
            return self
                .server
                .ask(&Wire { path: "/", token: Some(self.token), body: Some(&body), media_type })
                .await;
        }
        let media_type = "application/x-www-form-urlencoded";
        self.server
            .ask(&Wire { path: &path, token: Some(self.token), body: form.as_deref(), media_type })
            .await
    }

    /// Asks and compares. Between the pages `meanwhile` may change the worlds: from then on only what may be seen is looked at.
    pub async fn check(&self, ask: &Ask) -> Checked {
        let answer = self.send(ask).await;
        self.judge(ask, answer).await
    }

    /// Compares an answer with what the oracle says.
    pub async fn judge(&self, ask: &Ask, answer: Answer) -> Checked {
        ensure(!answer.text().contains(&self.server.ehr.base), || "the EHR's address shows".to_owned())?;
        let judged = match ask {
            Ask::Read { kind, id, near } => self.judge_read(&answer, kind, id, *near),
            Ask::Version { kind, id, version } => self.judge_version(&answer, kind, id, *version),
            Ask::History { kind, id } => self.judge_history(&answer, kind, id),
            Ask::Search { kind, params, count, total, .. } => {
                return self.judge_search(answer, kind, params, count.unwrap_or(50), total).await;
            }
            Ask::Documents { patient, code } => {
                let code = code.unwrap_or("34133-9");
                let params = vec![
                    pair("patient", *patient),
                    pair("type", format!("http://loinc.org|{code}")),
                    pair("status", "current"),
                ];
                return self.judge_search(answer, "DocumentReference", &params, 50, "").await;
            }
            Ask::Count { kind, params } => self.judge_count(&answer, kind, params),
            Ask::Everything { patient, count } => {
                return self.judge_everything(answer, patient, *count).await;
            }
            Ask::Group(practice) => self.judge_group(&answer, practice),
            Ask::Batch(all) => return self.judge_batch(&answer, all).await,
        };
        judged.map_err(|wrong| format!("{wrong}\n{} {}", answer.status, shortened(&answer.text())))
    }

    /// The status is one of these, and a refusal tells nothing.
    fn status(&self, answer: &Answer, allowed: &BTreeSet<u16>) -> Checked {
        let status = answer.status.as_u16();
        ensure(allowed.contains(&status), || format!("status {status}, but {allowed:?} is right"))?;
        if status == 200 {
            return Ok(());
        }
        ensure(marks(&answer.text()).is_empty(), || "a refusal holds a resource".to_owned())?;
        if status == 404 && !answer.headers.is_empty() {
            ensure(told(answer) == told(self.refusal), || {
                format!("two refusals differ:\n{}\n{}", told(answer), told(self.refusal))
            })?;
        }
        Ok(())
    }

    fn judge_read(&self, answer: &Answer, kind: &str, id: &str, near: Option<&str>) -> Checked {
        let allowed = self.oracles().iter().flat_map(|oracle| oracle.read(kind, id, near)).collect();
        self.status(answer, &allowed)?;
        if answer.status != 200 {
            return Ok(());
        }
        let own = format!("{kind}/{id}");
        let right = self.current(&own);
        if kind == "Binary" {
            let engine = base64::engine::general_purpose::STANDARD;
            let body = answer.text();
            let content = |mark: &String| body.contains(mark) || body.contains(&engine.encode(mark));
            return ensure(right.iter().any(content) || answer.headers.is_empty(), || {
                "another content".to_owned()
            });
        }
        let shown = marks(&answer.text());
        ensure(shown.len() == 1 && right.contains(&shown[0]), || format!("{shown:?} instead of {right:?}"))
    }

    fn judge_version(&self, answer: &Answer, kind: &str, id: &str, version: usize) -> Checked {
        let wanted = mark(&format!("{kind}/{id}"), version);
        let allowed = |oracle: &Oracle<'_>| {
            let (statuses, visible) = oracle.versions(kind, id);
            let seen = visible.iter().any(|one| one["x-mark"] == wanted.as_str());
            statuses
                .into_iter()
                .map(move |status| if status == 200 && !seen { 404 } else { status })
                .collect::<Vec<_>>()
        };
        let allowed = self.oracles().iter().flat_map(allowed).collect();
        self.status(answer, &allowed)?;
        let shown = marks(&answer.text());
        ensure(answer.status != 200 || shown == [wanted], || format!("another version: {shown:?}"))
    }

    fn judge_history(&self, answer: &Answer, kind: &str, id: &str) -> Checked {
        let oracles = self.oracles();
        let all: Vec<(Vec<u16>, Vec<String>)> = oracles
            .iter()
            .map(|oracle| {
                let (statuses, visible) = oracle.versions(kind, id);
                let marks = visible.iter().map(|one| text(&one["x-mark"]).to_owned()).collect();
                (statuses, marks)
            })
            .collect();
        self.status(answer, &all.iter().flat_map(|(statuses, _)| statuses.clone()).collect())?;
        if answer.status != 200 {
            return Ok(());
        }
        let shown = marks(&answer.text());
        let may: BTreeSet<&String> = all.iter().flat_map(|(_, marks)| marks).collect();
        ensure(shown.iter().all(|mark| may.contains(mark)), || {
            format!("{shown:?}, of which only {may:?} may be seen")
        })?;
        if self.is_settled() {
            ensure(shown == all[0].1, || format!("{shown:?} instead of {:?}", all[0].1))?;
            ensure(answer.json()["total"] == shown.len(), || "the total".to_owned())?;
        }
        Ok(())
    }

    fn judge_count(&self, answer: &Answer, kind: &str, params: &Params) -> Checked {
        let oracles = self.oracles();
        let found: Vec<_> = oracles.iter().map(|oracle| oracle.search(kind, params)).collect();
        let mut allowed: BTreeSet<u16> = found.iter().map(|found| found.status).collect();
        // What takes too many of the EHR's pages is not counted.
        let ward = &self.worlds[0].bodies;
        if found.iter().any(|found| found.of_anybody && found.of_the_ehr > 4 * ward.page_of(200)) {
            allowed.insert(422);
        }
        self.status(answer, &allowed)?;
        if answer.status != 200 {
            return Ok(());
        }
        let totals: Vec<usize> = found.iter().map(|found| found.matches.len()).collect();
        let bundle = answer.json();
        ensure(bundle["entry"].is_null(), || "a count has entries".to_owned())?;
        let total = usize::try_from(bundle["total"].as_u64().unwrap_or(u64::MAX)).unwrap();
        let right = totals.contains(&total) || !self.is_settled();
        ensure(right, || format!("{total} instead of {totals:?}"))
    }

    async fn judge_search(
        &self,
        first: Answer,
        kind: &str,
        params: &Params,
        count: usize,
        total: &str,
    ) -> Checked {
        let oracles = self.oracles();
        let found: Vec<_> = oracles.iter().map(|oracle| oracle.search(kind, params)).collect();
        let ward = &self.worlds[0].bodies;
        let pages = found.iter().map(|found| found.of_the_ehr.div_ceil(ward.page_of(count))).max().unwrap();
        let of_anybody = found.iter().any(|found| found.of_anybody);
        let bounded = pages > if of_anybody { 4 } else { 19 };
        let mut allowed: BTreeSet<u16> = found.iter().map(|found| found.status).collect();
        if total == "accurate" && of_anybody && pages > 4 {
            allowed.insert(422);
        }
        let wrong = |wrong: String, answer: &Answer| {
            format!("{wrong}\n{} {}", answer.status, shortened(&answer.text()))
        };
        self.status(&first, &allowed).map_err(|what| wrong(what, &first))?;
        if first.status != 200 {
            return Ok(());
        }
        let may: BTreeSet<&String> = found.iter().flat_map(|found| &found.matches).collect();
        let must: BTreeSet<&String> = may
            .iter()
            .filter(|name| found.iter().all(|found| found.matches.contains(name)))
            .copied()
            .collect();
        let mut shown: Vec<String> = Vec::new();
        let (mut answer, mut number) = (first, 0);
        loop {
            let bundle = answer.json();
            let here = || format!("page {number}");
            let entries = entries(&bundle);
            let matches: Vec<String> =
                entries.iter().filter(|entry| !entry.included).map(|entry| entry.name.clone()).collect();
            let hidden = matches.iter().find(|name| !may.contains(name));
            ensure(hidden.is_none(), || {
                wrong(format!("{}: {} may not be seen", here(), hidden.unwrap()), &answer)
            })?;
            self.marked(&answer, &entries).map_err(|what| wrong(what, &answer))?;
            let included: BTreeSet<String> =
                entries.iter().filter(|entry| entry.included).map(|entry| entry.name.clone()).collect();
            let along: Vec<BTreeSet<String>> = oracles
                .iter()
                .zip(&found)
                .map(|(oracle, found)| oracle.included(params, &matches, found.asked.as_deref()))
                .collect();
            let in_any = |name: &&String| along.iter().any(|along| along.contains(*name));
            ensure(included.iter().all(|name| in_any(&name)), || {
                wrong(format!("{}: included {included:?}, right is {along:?}", here()), &answer)
            })?;
            let next = link(&bundle);
            shown.extend(matches.iter().cloned());
            if self.is_settled() {
                ensure(included == along[0], || {
                    wrong(format!("{}: included {included:?} instead of {along:?}", here()), &answer)
                })?;
            }
            if self.is_settled() && !bounded {
                let full = matches.len() == count || next.is_none();
                ensure(full && matches.len() <= count, || {
                    wrong(format!("{}: {} matches of {count}", here(), matches.len()), &answer)
                })?;
                ensure(number == 0 || !matches.is_empty(), || {
                    wrong(format!("{} is empty", here()), &answer)
                })?;
                let stated = bundle["total"].as_u64();
                let all = Some(found[0].matches.len() as u64);
                let right = match (number, total, &next) {
                    (0, "accurate", _) | (0, "", None) => stated == all,
                    _ => stated.is_none(),
                };
                ensure(right, || wrong(format!("{}: total {stated:?} of {all:?}", here()), &answer))?;
            }
            let Some(next) = next else { break };
            number += 1;
            ensure(number < 60, || "it does not end".to_owned())?;
            answer = self.server.get(&next, self.token).await;
            ensure(answer.status == 200 || !self.is_settled(), || {
                wrong("a page that cannot be read".to_owned(), &answer)
            })?;
            if answer.status != 200 {
                return Ok(());
            }
        }
        if self.is_settled() {
            return ensure(shown == found[0].matches, || {
                format!("{shown:?} instead of {:?}", found[0].matches)
            });
        }
        let lost = must.iter().find(|name| !shown.contains(name));
        ensure(lost.is_none(), || format!("{} is missing among {shown:?}", lost.unwrap()))
    }

    /// The marks in an answer are those of its entries as they are now, and no others.
    fn marked(&self, answer: &Answer, entries: &[Entry]) -> Checked {
        let all = marks(&answer.text());
        let strange = all.iter().find(|mark| {
            let (name, _) = of_mark(mark);
            !entries.iter().any(|entry| entry.name == name) || !self.current(&name).contains(*mark)
        });
        ensure(strange.is_none(), || format!("{strange:?} is in the answer"))?;
        let whole = entries.iter().all(|entry| entry.mark.is_some() || entry.name.starts_with("Binary/"));
        ensure(whole && all.len() <= entries.len(), || "an entry is not whole".to_owned())
    }

    async fn judge_everything(&self, first: Answer, patient: &str, count: usize) -> Checked {
        let oracles = self.oracles();
        let about = |oracle: &Oracle<'_>| {
            let own = oracle.search("Patient", &vec![pair("_id", patient)]);
            let mut all: BTreeSet<String> = own.matches.into_iter().collect();
            for (kind, _) in CLINICAL {
                all.extend(oracle.search(kind, &vec![pair("patient", patient)]).matches);
            }
            (own.status, all)
        };
        let found: Vec<(u16, BTreeSet<String>)> = oracles.iter().map(about).collect();
        let wrong = |wrong: String, answer: &Answer| {
            format!("{wrong}\n{} {}", answer.status, shortened(&answer.text()))
        };
        self.status(&first, &found.iter().map(|(status, _)| *status).collect())
            .map_err(|what| wrong(what, &first))?;
        if first.status != 200 {
            return Ok(());
        }
        let (mut shown, mut answer, mut number): (BTreeSet<String>, Answer, usize) =
            (BTreeSet::new(), first, 0);
        loop {
            let bundle = answer.json();
            let entries = entries(&bundle);
            let hidden = entries.iter().find(|entry| !found.iter().any(|(_, all)| all.contains(&entry.name)));
            ensure(hidden.is_none(), || wrong(format!("{} may not be seen", hidden.unwrap().name), &answer))?;
            self.marked(&answer, &entries).map_err(|what| wrong(what, &answer))?;
            ensure(entries.len() <= count, || wrong("more than were asked for".to_owned(), &answer))?;
            ensure(number == 0 || !entries.is_empty(), || wrong("an empty page".to_owned(), &answer))?;
            shown.extend(entries.into_iter().map(|entry| entry.name));
            let Some(next) = link(&bundle) else { break };
            number += 1;
            ensure(number < 100, || "it does not end".to_owned())?;
            answer = self.server.get(&next, self.token).await;
            ensure(answer.status == 200 || !self.is_settled(), || {
                wrong("a page that cannot be read".to_owned(), &answer)
            })?;
            if answer.status != 200 {
                return Ok(());
            }
        }
        ensure(!self.is_settled() || shown == found[0].1, || format!("{shown:?} instead of {:?}", found[0].1))
    }

    fn judge_group(&self, answer: &Answer, practice: &str) -> Checked {
        let found: Vec<(u16, BTreeSet<String>)> =
            self.oracles().iter().map(|oracle| oracle.group(practice)).collect();
        self.status(answer, &found.iter().map(|(status, _)| *status).collect())?;
        if answer.status != 200 {
            return Ok(());
        }
        let group = answer.json();
        let members = group["member"].as_array().cloned().unwrap_or_default();
        let members: BTreeSet<String> =
            members.iter().map(|member| text(&member["entity"]["reference"]).to_owned()).collect();
        let hidden = members.iter().find(|name| !found.iter().any(|(_, all)| all.contains(*name)));
        ensure(hidden.is_none(), || format!("{hidden:?} is not on the panel"))?;
        if !self.is_settled() {
            return Ok(());
        }
        let oracle = &self.oracles()[0];
        let listed = |name: &&String| oracle.is_listed(practice, name.trim_start_matches("Patient/"));
        let lost = found[0].1.iter().filter(listed).find(|name| !members.contains(*name));
        ensure(lost.is_none(), || format!("{lost:?} is missing among {members:?}"))
    }

    async fn judge_batch(&self, answer: &Answer, all: &[Ask]) -> Checked {
        if answer.status == 401 {
            let oracles = self.oracles();
            let inactive = oracles.iter().any(|oracle| oracle.read("Patient", "nothing", None) == [401]);
            return ensure(inactive, || "401 for who may ask".to_owned());
        }
        let bundle = answer.json();
        let answers = bundle["entry"].as_array().cloned().unwrap_or_default();
        ensure(answers.len() == all.len(), || format!("{} answers to {}", answers.len(), all.len()))?;
        for (ask, entry) in all.iter().zip(&answers) {
            let response = &entry["response"];
            let body = if entry["resource"].is_null() { &response["outcome"] } else { &entry["resource"] };
            let one = Answer {
                status: text(&response["status"]).parse().unwrap(),
                headers: http::HeaderMap::new(),
                body: body.to_string().into_bytes(),
            };
            // Boxed: a batch may hold anything but a batch.
            Box::pin(self.judge(ask, one)).await.map_err(|wrong| format!("in a batch, {ask:?}: {wrong}"))?;
        }
        Ok(())
    }
}

/// A refusal with everything that a client can tell, but for the number of the request.
pub fn told(answer: &Answer) -> String {
    let id = answer.headers.get("x-request-id").map_or("", |id| id.to_str().unwrap());
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id" && *name != "date");
    let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let text = if id.is_empty() { answer.text() } else { answer.text().replace(id, "") };
    format!("{}\n{}\n{text}", answer.status, headers.join("\n"))
}

fn shortened(text: &str) -> String {
    text.chars().take(1500).collect()
}
