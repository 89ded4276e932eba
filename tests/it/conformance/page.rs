//! The document.

use std::fmt::Write as _;

use super::{Proof, Proofs, Row};

const HEAD: &str = "# Conformance to SMART App Launch 2.2

Every requirement of the standard on a server, in our own few words, with its level, its state here, and the tests that prove it. Row numbers
are those that tests are named by. This file is made from the names of the tests; do not edit it:

```
CHARTGATE_BLESS=1 cargo nextest run -E 'test(conformance)'
```

A test fails when a SHALL or a SHOULD has neither a test nor a reason, and when this file is out of date.

";

/// The whole document.
pub fn of(rows: &[Row], proofs: &Proofs) -> String {
    let mut page = HEAD.to_owned();
    let count = |wanted: &str| rows.iter().filter(|row| state(row, proofs).starts_with(wanted)).count();
    page.push_str("| state | rows |\n|---|---|\n");
    for wanted in ["implemented", "deviation", "not applicable", "not offered", "open", "optional"] {
        if count(wanted) > 0 {
            writeln!(page, "| {wanted} | {} |", count(wanted)).unwrap();
        }
    }
    page.push_str("\n| row | level | requirement | state | proved by |\n|---|---|---|---|---|\n");
    for row in rows {
        let proved = proofs.get(&row.number).map(|proofs| proved(proofs)).unwrap_or_default();
        let state = state(row, proofs);
        writeln!(
            page,
            "| {} | {} | {} | {state} | {proved} |",
            row.number,
            row.level,
            row.what.replace('|', "\\|")
        )
        .unwrap();
    }
    page
}

fn state(row: &Row, proofs: &Proofs) -> String {
    let word = match row.state.as_str() {
        "" if proofs.contains_key(&row.number) => "implemented",
        "" => "optional",
        "shown" => "implemented",
        "open" if proofs.contains_key(&row.number) => return "implemented".to_owned(),
        "n/a" => "not applicable",
        other => other,
    };
    if row.reason.is_empty() { word.to_owned() } else { format!("{word}: {}", row.reason) }
}

fn proved(proofs: &[Proof]) -> String {
    let link = |proof: &Proof| {
        let file = proof.file.rsplit('/').next().unwrap_or_default();
        let shown = if proof.name.is_empty() { file } else { &proof.name };
        format!("[{shown}](../{})", proof.file)
    };
    proofs.iter().map(link).collect::<Vec<_>>().join("<br>")
}
