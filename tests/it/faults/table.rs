//! The table of faults in `docs/EHR.md` and the tests that it names.

use std::collections::BTreeSet;

use chartgate::sandbox::faults::Fault;

const PAGE: &str = include_str!("../../../docs/EHR.md");

const SOURCES: &[&str] = &[
    include_str!("reads.rs"),
    include_str!("searches.rs"),
    include_str!("tokens.rs"),
    include_str!("random.rs"),
];

/// The rows of the table: the cells of each.
fn rows() -> Vec<Vec<&'static str>> {
    let section = PAGE.split_once("## What the hospital's server may do").expect("the section").1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_fault_has_a_row_and_every_test_that_a_row_names_exists_and_has_the_fault() {
    let mut described = BTreeSet::new();
    for row in rows() {
        assert_eq!(row.len(), 4, "{row:?}");
        let tests = quoted(row[3]);
        assert!(!tests.is_empty(), "{row:?}");
        for name in quoted(row[0]) {
            let fault = Fault::ALL.iter().find(|fault| fault.name() == name);
            let fault = fault.unwrap_or_else(|| panic!("there is no fault '{name}'"));
            assert!(described.insert(name), "{name} has two rows");
            for test in &tests {
                let source = SOURCES.iter().find_map(|source| source.split_once(&format!("fn {test}(")));
                let (_, body) = source.unwrap_or_else(|| panic!("there is no test '{test}'"));
                let body = body.split("\n}\n").next().unwrap();
                assert!(body.contains(&format!("Fault::{fault:?}")), "{test} has nothing of {name}");
            }
        }
        assert!(row[1].len() > 3 && row[2].len() > 3, "{row:?}");
    }
    for fault in Fault::ALL {
        assert!(described.contains(&*fault.name()), "docs/EHR.md says nothing of {}", fault.name());
    }
}
