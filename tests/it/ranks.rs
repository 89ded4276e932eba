//! DESIGN: a module uses only modules of a lower rank; siblings do not import each other; a few crates are named in one place.

use std::fs;
use std::path::{Path, PathBuf};

const RANKS: &[(&str, u8)] = &[
    ("domain", 0),
    ("config", 0),
    ("flight", 0),
    ("fhir", 1),
    ("credentials", 1),
    ("outbound", 1),
    ("rate", 1),
    ("telemetry", 1),
    ("words", 1),
    ("access", 2),
    ("store", 3),
    ("ehr", 3),
    ("cache", 3),
    ("mail", 3),
    ("audit", 4),
    ("records", 4),
    ("accounts", 4),
    ("web", 4),
    ("oauth", 5),
    ("facade", 5),
    ("export", 5),
    ("hooks", 5),
    ("portal", 5),
    ("sandbox", 5),
    ("jobs", 5),
    ("app", 6),
    ("cli", 7),
];

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file below `src` in a module folder, with its module and its text without comments.
fn files() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            rank(&module).map(|_| (module, inside.to_owned(), code.join("\n")))
        })
        .collect()
}

/// The modules of this crate that `code` names: `crate::x`, and each `x` in `crate::{x, y::z}`.
fn named_modules(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && (c.is_ascii_lowercase() || c == '_') => word.push(c),
                    c if start && c.is_whitespace() => {}
                    _ => start = false,
                }
                if !start && !word.is_empty() {
                    named.push(std::mem::take(&mut word));
                }
            }
            if !word.is_empty() {
                named.push(word);
            }
        } else {
            named.push(rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect());
        }
    }
    named
}

#[test]
fn modules_use_only_lower_ranks() {
    let mut wrong = Vec::new();
    for (module, path, code) in files() {
        let own = rank(&module).unwrap();
        for used in named_modules(&code) {
            if let Some(other) = rank(&used)
                && used != module
                && other >= own
            {
                wrong.push(format!("{}: {module} (rank {own}) uses {used} (rank {other})", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn crates_are_named_where_they_belong() {
    type Allowed = fn(&str) -> bool;
    let rules: &[(&str, Allowed)] = &[
        ("sqlx", |module| module == "store"),
        ("reqwest", |module| module == "outbound"),
        ("fhir_sdk", |_| false),
        ("axum", |module| module == "web" || rank(module) >= Some(5)),
    ];
    let mut wrong = Vec::new();
    for (module, path, code) in files() {
        for (name, allowed) in rules {
            if code.contains(&format!("{name}::")) && !allowed(&module) {
                wrong.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_rank() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let mut found = Vec::new();
        if path.is_dir() {
            sources(&path, &mut found);
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(found.is_empty() || rank(name).is_some(), "src/{name} has no rank in this table");
    }
}

#[test]
fn the_reader_of_imports_reads_groups() {
    assert_eq!(
        named_modules("use crate::{domain::{a, b}, fhir::c}; crate::store::X"),
        ["domain", "fhir", "store"]
    );
}
