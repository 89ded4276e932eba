//! Searches: a canonical query reads back as itself, means what was asked, and holds nothing but what is on the type's list.

use std::sync::LazyLock;

use chartgate::domain::ids::FhirId;
use chartgate::fhir::resource_type::ResourceType;
use chartgate::fhir::search::{self, Query, Rules};
use chartgate::fhir::subset::Shape;
use fhir_profiles::search_table;

use super::reference::FACADE;
use super::text;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    tables: search_table::tables().clone(),
    base: FACADE.to_owned(),
    default_count: 50,
    most_count: 200,
});

/// `Type?query`; a `!` before it asks as someone who can see one patient alone.
pub fn run(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (only, text) = text.strip_prefix('!').map_or((None, text), |rest| (FhirId::parse("me").ok(), rest));
    let Some((kind, query)) = text.split_once('?') else { return };
    let Some(kind) = ResourceType::parse(kind) else { return };
    let _ = search::shape(query);
    let found = match search::parse_about(kind, query, &RULES, only.as_ref()) {
        Ok(found) => found,
        Err(error) => {
            let said = error.to_string();
            assert!(said.len() < 2000 && !said.chars().any(char::is_control), "{said:?}");
            return;
        }
    };
    check(kind, &found, only.as_ref());
    means_the_same(kind, query, &found);
}

fn check(kind: ResourceType, found: &Query, only: Option<&FhirId>) {
    let table = RULES.table(kind).expect("it was searched");
    let canonical = &*found.search.query;
    assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic()), "{canonical:?}");
    let pairs: Vec<(&str, &str)> =
        canonical.split('&').map(|pair| pair.split_once('=').expect("a pair")).collect();
    assert!(pairs.is_sorted(), "{canonical}");
    for (name, value) in &pairs {
        let (bare, modifier) =
            name.split_once(':').map_or((*name, None), |(bare, modifier)| (bare, Some(modifier)));
        let known = match *name {
            "_count" => value.parse::<u32>().is_ok_and(|count| count <= RULES.most_count),
            "_sort" => {
                value.split(',').all(|rule| table.parameters.contains_key(rule.trim_start_matches('-')))
            }
            "_include" => table.include.iter().any(|allowed| allowed == value),
            "_revinclude" => table.revinclude.iter().any(|allowed| allowed == value),
            _ => {
                let listed = table.parameters.get(bare);
                // The one patient of a search goes under the name that the type's table has, `_id` for Patient itself.
                listed.is_some_and(|listed| {
                    modifier.is_none_or(|modifier| listed.kind.modifiers().contains(&modifier))
                }) || (kind == ResourceType::Patient && *name == "_id")
            }
        };
        assert!(known, "{name} goes to the EHR: {canonical}");
    }
    if let Some(patient) = &found.search.patient {
        let named = |(name, value): &(&str, &str)| match *name {
            "patient" => *value == patient.as_str(),
            "subject" => *value == format!("Patient/{patient}"),
            "_id" => kind == ResourceType::Patient && *value == patient.as_str(),
            _ => false,
        };
        assert!(pairs.iter().any(named), "the patient is asked for: {canonical}");
    }
    for (_, value) in pairs.iter().filter(|(_, value)| value.contains("%5C")) {
        let said: String = url::form_urlencoded::parse(format!("v={value}").as_bytes())
            .map(|(_, value)| value.into_owned())
            .collect();
        let open = said.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        assert!(!open, "a backslash that escapes nothing: {canonical}");
    }
    let others = pairs.iter().filter(|(name, _)| matches!(*name, "patient" | "subject"));
    assert!(kind == ResourceType::Patient || others.count() <= 1, "one patient: {canonical}");
    let of_patients = kind == ResourceType::Patient
        || ["patient", "subject"].iter().any(|name| table.parameters.contains_key(*name));
    assert!(
        only.is_none() || found.search.patient.is_some() || !of_patients,
        "for one patient alone: {canonical}"
    );

    let again = search::parse(kind, canonical, &RULES).unwrap_or_else(|error| panic!("{canonical}: {error}"));
    assert_eq!(again.search, found.search, "canonical queries are canonical");
    let own = found.self_url(FACADE);
    let (path, own) = own.split_once('?').expect("a query");
    assert_eq!(path, format!("{FACADE}/{kind}"));
    let mut again = search::parse(kind, own, &RULES).unwrap_or_else(|error| panic!("{own}: {error}"));
    again.shape = Shape { pretty: found.shape.pretty, ..again.shape };
    assert_eq!(again, *found, "a search's own link asks for the same: {own}");
}

/// In any order, and with its values percent-encoded to the last byte, a query is the same.
fn means_the_same(kind: ResourceType, query: &str, found: &Query) {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let encode = |text: &str| -> String { text.bytes().map(percent_encoding::percent_encode_byte).collect() };
    let turned: Vec<_> =
        pairs.iter().rev().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let turned = turned.join("&");
    if turned.len() <= 8 * 1024 {
        let again = search::parse_about(kind, &turned, &RULES, found.search.patient.as_ref());
        assert_eq!(again.as_ref(), Ok(found), "{query} and {turned}");
    }
}
