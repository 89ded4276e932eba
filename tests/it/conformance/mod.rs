//! `docs/CONFORMANCE.md`, made from the names of the tests, and the test that fails when it is out of date.
//!
//! A test says which rows of the standard it proves by its name: `row_14_...`, `rows_55_58_...`, `rows_110_to_114_...` and
//! mixtures such as `rows_101_110_to_114_...`. Tests in other languages say it in a comment: `row 253`, `rows 48, 57, 110 to 114`.
//! A row without a test needs a reason in `rows.tsv`. `CHARTGATE_BLESS=1 cargo nextest run -E 'test(conformance)'` writes the
//! document anew.

mod names;
mod page;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One requirement.
pub struct Row {
    pub number: u32,
    pub level: String,
    pub what: String,
    /// `n/a`, `deviation`, `not offered`, `open` (until a test proves it), or `shown` (by something other than a test);
    /// empty where tests prove it.
    pub state: String,
    pub reason: String,
}

/// A test, by file and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    pub file: String,
    pub name: String,
}

pub type Proofs = BTreeMap<u32, Vec<Proof>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/it/conformance/rows.tsv")).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            let mut next = || parts.next().unwrap_or_default();
            Row {
                number: next().parse().unwrap_or_else(|_| panic!("not a row: {line}")),
                level: next(),
                what: next(),
                state: next(),
                reason: next(),
            }
        })
        .collect()
}

/// Every file that may hold tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["node_modules", ".venv", "dist", "conformance", "target"].contains(&name) {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| ["rs", "mjs", "py", "ts"].iter().any(|known| e == *known))
        {
            found.push(path);
        }
    }
}

fn proofs() -> Proofs {
    let mut found = Vec::new();
    for folder in ["src", "fhir-profiles/src", "tests", "smart-apps"] {
        sources(&root().join(folder), &mut found);
    }
    let mut proofs = Proofs::new();
    for path in found {
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let named = if is_rust { names::of_rust(&text) } else { names::of_comments(&text) };
        for (name, numbers) in named {
            for number in numbers {
                let proof = Proof { file: file.clone(), name: name.clone() };
                let known = proofs.entry(number).or_default();
                if !known.contains(&proof) {
                    known.push(proof);
                }
            }
        }
    }
    proofs
}

#[test]
fn conformance_every_row_is_proved_or_has_a_reason() {
    let (rows, proofs) = (rows(), proofs());
    let mut wrong = Vec::new();
    for row in &rows {
        let proved = proofs.contains_key(&row.number);
        let binding = row.level.starts_with("SH");
        let state = row.state.as_str();
        let wrong_with = match state {
            "" if binding && !proved => Some("no test, no reason"),
            "n/a" | "deviation" | "not offered" | "open" | "shown" if row.reason.is_empty() => {
                Some("no reason")
            }
            "n/a" | "not offered" if proved => Some("there is a test of it"),
            "not offered" if binding => Some("not optional"),
            "" | "n/a" | "deviation" | "not offered" | "open" | "shown" => None,
            _ => Some("unknown state"),
        };
        if let Some(what) = wrong_with {
            wrong.push(format!("row {} ({}, '{state}'): {what}: {}", row.number, row.level, row.what));
        }
    }
    for (number, proof) in &proofs {
        if !rows.iter().any(|row| row.number == *number) {
            wrong.push(format!("row {number} is none of a server's: {proof:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn conformance_the_document_is_up_to_date() {
    let path = root().join("docs/CONFORMANCE.md");
    let made = page::of(&rows(), &proofs());
    if std::env::var_os("CHARTGATE_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/CONFORMANCE.md is out of date: CHARTGATE_BLESS=1 cargo nextest run -E 'test(conformance)' writes it anew"
    );
}
