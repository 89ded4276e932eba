//! One door: who asks the policy, who opens a body, who talks to the EHR. A module that is not named here and does so fails
//! the test, and with it the build: add it to `records`, not to this list (docs/ADDING-AN-ENDPOINT.md).

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether `word` stands by itself in a line of code that is no comment.
fn names(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            !before.is_some_and(part) && !after.is_some_and(part)
        })
    })
}

#[test]
fn clinical_data_has_one_door() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    sources(&root, &mut all);
    let rules: &[(&str, &[&str])] = &[
        // The policy is asked by the pipeline alone; the app puts the two together.
        ("Authorizer", &["access/", "records/", "app/"]),
        // A body before the filter is nobody's but the cache's, the EHR's and the pipeline's.
        ("Unreleased", &["access/", "records/", "app/", "cache/", "ehr/"]),
        // PCP facts are the policy's to ask for.
        ("FactLookup", &["access/", "ehr/"]),
        // What nobody has judged is not indexed elsewhere, and nothing else makes an answer of bytes.
        ("IndexedBody", &["access/", "fhir/", "cache/", "ehr/"]),
    ];
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in &all {
        let inside = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let text = fs::read_to_string(path).unwrap();
        for (word, allowed) in rules {
            if names(&text, word) {
                seen += 1;
                if !allowed.iter().any(|folder| inside.starts_with(folder)) {
                    wrong.push(format!("src/{inside} names {word}"));
                }
            }
        }
    }
    assert!(seen > 20, "the rules are about something: {seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
