use proptest::prelude::*;

use super::*;

const BASE: &str = "https://gate.example/fhir/r4";

fn rules() -> Rules {
    Rules {
        tables: search_table::tables().clone(),
        base: BASE.to_owned(),
        default_count: 50,
        most_count: 200,
    }
}

fn read(resource_type: ResourceType, query: &str) -> Result<Query, SearchError> {
    parse(resource_type, query, &rules())
}

fn canonical_of(query: &str) -> String {
    read(ResourceType::Observation, query).unwrap().search.query.to_string()
}

#[test]
fn the_spellings_of_a_patient_are_one() {
    let expected = "_count=50&patient=p1";
    for spelling in [
        "patient=p1",
        "patient=Patient/p1",
        "patient=Patient%2Fp1",
        "subject=Patient/p1",
        "subject:Patient=p1",
        "patient=https://gate.example/fhir/r4/Patient/p1",
        "patient=p1&subject=Patient/p1",
        "patient=p1&_format=json&_pretty=true",
    ] {
        let query = read(ResourceType::Observation, spelling).unwrap();
        assert_eq!(&*query.search.query, expected, "{spelling}");
        assert_eq!(query.search.patient, FhirId::parse("p1").ok(), "{spelling}");
    }
}

#[test]
fn a_search_names_one_patient() {
    for (query, expected) in [
        ("patient=p1&patient=p2", SearchError::SeveralPatients),
        ("patient=p1&subject=Patient/p2", SearchError::SeveralPatients),
        ("patient=p1,p2", SearchError::SeveralPatients),
    ] {
        assert_eq!(read(ResourceType::Observation, query), Err(expected), "{query}");
    }
    for query in ["patient=Group/g", "patient=https://elsewhere.example/Patient/p1", "patient=p%201"] {
        assert!(matches!(read(ResourceType::Observation, query), Err(SearchError::BadValue(..))), "{query}");
    }
    assert!(matches!(read(ResourceType::Observation, "code=1"), Err(SearchError::NeedsOneOf(_))));
    assert!(matches!(read(ResourceType::Observation, ""), Err(SearchError::NeedsOneOf(_))));
}

#[test]
fn a_patient_s_own_id_is_the_patient() {
    let query = read(ResourceType::Patient, "_id=p1").unwrap();
    assert_eq!(query.search.patient, FhirId::parse("p1").ok());
    let several = read(ResourceType::Patient, "_id=p1,p2").unwrap();
    assert_eq!(several.search.patient, None, "judged entry by entry");
    assert!(matches!(read(ResourceType::Patient, "birthdate=2020"), Err(SearchError::NeedsOneOf(_))));
}

#[test]
fn unknown_parameters_are_errors_that_name_them() {
    let error = read(ResourceType::Observation, "patient=p1&colour=red").unwrap_err();
    assert!(error.to_string().contains("\"colour\""), "{error}");
    assert!(!error.to_string().contains("red"), "values are not repeated");
    for query in [
        "patient=p1&_has:Observation:patient:code=1",
        "patient=p1&patient.name=x",
        "patient:identifier=x",
        "patient=p1&_elements=id,a.b",
        "patient=p1&_elements=",
        "patient=p1&_elements=id&_summary=true",
        "patient=p1&_summary=some",
        "patient=p1&_pretty=yes",
        "patient=p1&_id:missing=true",
        "patient=p1&_id:not=x",
        "patient=p1&date:missing=maybe",
        "patient:missing=true",
        "code:missing=true",
        "encounter:missing=false",
        "patient=p1&code:in=vs",
        "patient=p1&date:not=2020",
        "patient=p1&_include:iterate=Observation:performer",
        "patient=p1&_filter=x",
        "patient=p1&<script>=1",
    ] {
        assert!(read(ResourceType::Observation, query).is_err(), "{query}");
    }
    let odd = read(ResourceType::Observation, "patient=p1&Jane%20Doe=1").unwrap_err();
    assert!(!odd.to_string().contains("Jane"), "what is no name is not repeated");
}

#[test]
fn values_are_checked_by_type() {
    for good in [
        "date=ge2020-01-01",
        "date=2020",
        "date=2020-02",
        "date=2020-01-01T10:00:00Z",
        "date=2020-01-01T10:00:00%2B02:00",
        "date=2020-01-01T10:00+02:00",
        "category=laboratory",
        "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
        "value-quantity=gt5.4|http://unitsofmeasure.org|mg",
        "_sort=-date,code",
        "_include=Observation:performer",
        "_revinclude=Provenance:target",
        "_count=10",
        "_summary=count",
        "_total=accurate",
        "code:not=1",
        "code:missing=true",
        "date:missing=false",
        "code:text=fever",
        "_elements=status,code",
        "_summary=true",
        "_summary=text",
        "_pretty=true",
        "_lastUpdated=ge2020-01-01",
    ] {
        assert!(read(ResourceType::Observation, &format!("patient=p1&{good}")).is_ok(), "{good}");
    }
    for bad in [
        "date=yesterday",
        "date=2020-13",
        "date=ge",
        "date=2020-01T10:00",
        "date=2020-01-01T25:00",
        "category=",
        "category=|",
        "code=a%00b",
        "code=%ff",
        "value-quantity=much",
        "value-quantity=1|mg",
        "_sort=name",
        "_include=*",
        "_include=Observation:subject",
        "_revinclude=AuditEvent:entity",
        "_count=-1",
        "_count=1&_count=2",
        "_count=+5",
        "_summary=most",
        "_total=exact",
        "encounter=Patient/1",
    ] {
        assert!(read(ResourceType::Observation, &format!("patient=p1&{bad}")).is_err(), "{bad}");
    }
}

#[test]
fn one_meaning_has_one_spelling() {
    assert_eq!(canonical_of("code=b,a&patient=p1"), canonical_of("patient=Patient/p1&code=a,b,a"));
    assert_eq!(canonical_of("patient=p1&date=eq2020"), canonical_of("patient=p1&date=2020"));
    assert_eq!(
        canonical_of("patient=p1&encounter=Encounter/e1"),
        canonical_of("patient=p1&encounter=https://gate.example/fhir/r4/Encounter/e1")
    );
    assert_eq!(canonical_of("patient=p1&_count=9999"), "_count=200&patient=p1");
    assert_ne!(canonical_of("patient=p1&_sort=date,code"), canonical_of("patient=p1&_sort=code,date"));
    // Repeating a parameter narrows, alternatives widen: never the same.
    assert_ne!(canonical_of("patient=p1&code=a&code=b"), canonical_of("patient=p1&code=a,b"));
    assert_eq!(canonical_of("patient=p1&code=a\\,b,c"), "_count=50&code=a%5C,b,c&patient=p1");
}

#[test]
fn totals_are_for_the_facade_alone() {
    let query = read(ResourceType::Observation, "patient=p1&_summary=count&_sort=date&_count=5").unwrap();
    assert!(query.count_only);
    assert_eq!(&*query.search.query, "_count=200&patient=p1");
    assert!(read(ResourceType::Observation, "patient=p1&_count=0").unwrap().count_only);
    let accurate = read(ResourceType::Observation, "patient=p1&_total=accurate").unwrap();
    assert_eq!(accurate.total, TotalWanted::Accurate);
    assert_eq!(accurate.self_url(BASE), format!("{BASE}/Observation?_count=50&patient=p1&_total=accurate"));
}

#[test]
fn chains_are_for_directory_types() {
    assert!(
        read(
            ResourceType::PractitionerRole,
            "practitioner.identifier=1&_include=PractitionerRole:practitioner"
        )
        .is_ok()
    );
    assert!(read(ResourceType::PractitionerRole, "practitioner:Practitioner=1").is_ok());
    for (name, table) in search_table::tables() {
        let directory = ResourceType::parse(name)
            .is_some_and(|t| t.judgement() == super::super::resource_type::Judgement::Directory);
        assert!(directory || table.parameters.keys().all(|p| !p.contains('.')), "{name}");
    }
}

#[test]
fn an_ehr_that_knows_subject_alone_is_asked_by_subject() {
    let mut rules = rules();
    rules.tables.get_mut("Observation").unwrap().parameters.remove("patient");
    let query = parse(ResourceType::Observation, "patient=p1", &rules).unwrap();
    assert_eq!(&*query.search.query, "_count=50&subject=Patient/p1");
    assert_eq!(query.search.patient, FhirId::parse("p1").ok());
}

#[test]
fn types_without_search_say_so() {
    assert_eq!(read(ResourceType::Binary, "_id=1"), Err(SearchError::NotSearchable(ResourceType::Binary)));
    assert_eq!(read(ResourceType::Observation, &"x".repeat(9000)), Err(SearchError::TooLong));
}

fn pair() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "patient",
            "subject",
            "_id",
            "code",
            "category",
            "date",
            "encounter",
            "_count",
            "_sort",
            "_include",
            "_revinclude",
            "_total",
            "_summary",
            "status",
            "value-quantity",
            "name",
            "identifier",
            "_lastUpdated",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ];
    let value = prop_oneof![
        proptest::sample::select(vec![
            "p1",
            "Patient/p1",
            "Encounter/e1",
            "a,b",
            "ge2020-01-01",
            "http://x|y",
            "10",
            "count",
            "-date",
            "date",
            "Provenance:target",
            "accurate",
            "a\\,b",
            "\\",
            ",",
            "2020-01-01T00:00:00+01:00",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    (name, value).prop_map(|(name, value)| {
        url::form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish()
    })
}

proptest! {
    #[test]
    fn canonical_form_is_stable_and_order_does_not_matter(
        pairs in proptest::collection::vec(pair(), 0..6),
        which in 0..ResourceType::ALL.len(),
    ) {
        let resource_type = ResourceType::ALL[which];
        let forwards = read(resource_type, &pairs.join("&"));
        if let Ok(query) = &forwards {
            let again = read(resource_type, &query.search.query).unwrap();
            prop_assert_eq!(&again.search.query, &query.search.query, "idempotent");
            prop_assert_eq!(&again.search.patient, &query.search.patient);
            let mut backwards = pairs.clone();
            backwards.reverse();
            prop_assert_eq!(&read(resource_type, &backwards.join("&")), &forwards);
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,200}", which in 0..ResourceType::ALL.len()) {
        let _ = read(ResourceType::ALL[which], &text);
    }

    #[test]
    fn what_the_ehr_is_asked_names_the_patient_that_the_policy_saw(
        pairs in proptest::collection::vec(pair(), 0..6),
    ) {
        if let Ok(query) = read(ResourceType::Condition, &pairs.join("&")) {
            let named: Vec<_> = url::form_urlencoded::parse(query.search.query.as_bytes())
                .filter(|(name, _)| name == "patient" || name == "subject")
                .map(|(_, value)| value.into_owned())
                .collect();
            prop_assert_eq!(named, query.search.patient.iter().map(ToString::to_string).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_reader_of_one_patient_asks_for_that_one_alone() {
    let only = FhirId::parse("p1").unwrap();
    let about = |kind, query: &str| parse_about(kind, query, &rules(), Some(&only));
    let search = about(ResourceType::Observation, "code=1").unwrap().search;
    assert_eq!((&*search.query, search.patient.as_ref()), ("_count=50&code=1&patient=p1", Some(&only)));
    let named = about(ResourceType::Observation, "patient=p2").unwrap().search;
    assert_eq!(named.patient, FhirId::parse("p2").ok(), "what is named is judged, and refused");
    let patients = about(ResourceType::Patient, "name=fox").unwrap().search;
    assert_eq!((&*patients.query, patients.patient.as_ref()), ("_count=50&_id=p1&name=fox", Some(&only)));
    let several = about(ResourceType::Patient, "_id=p1,p2").unwrap().search;
    assert_eq!((&*several.query, several.patient.as_ref()), ("_count=50&_id=p1&_id=p1,p2", Some(&only)));
}

#[test]
fn a_backslash_at_the_end_escapes_nothing_and_is_refused() {
    for query in ["patient=1&code=x,a%5C", "patient=1&code=%5C", "patient=1&code=a%5C%5C%5C"] {
        assert!(matches!(read(ResourceType::Observation, query), Err(SearchError::BadValue(..))), "{query}");
    }
    for query in ["patient=1&code=a%5C%5C", "patient=1&code=a%5C,b"] {
        assert!(read(ResourceType::Observation, query).is_ok(), "{query}");
    }
}

#[test]
fn a_search_that_can_name_no_patient_is_not_made_to() {
    let only = FhirId::parse("me").unwrap();
    let found = parse_about(ResourceType::PractitionerRole, "specialty=x", &rules(), Some(&only)).unwrap();
    assert_eq!(found.search.patient, None);
    assert!(!found.search.query.contains("me"), "{}", found.search.query);
}
