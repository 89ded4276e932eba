//! What is fuzzed: each target takes any bytes and checks what comes of them against something simpler, not just that nothing
//! panics. libFuzzer calls them (`make fuzz`), and so does a test that replays the corpus and changes it a little (`tests/it/fuzz.rs`).

mod forms;
mod generator;
mod judge;
mod jwt;
mod node;
mod reference;
mod registration;
mod release;
mod scope;
mod sealed;
mod search;
mod searchset;
mod shape;
mod written;

/// Bytes in; panics when something is wrong.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its folder in `corpus/`.
pub const ALL: &[(&str, Target)] = &[
    ("bundle", searchset::bundle),
    ("forms", forms::run),
    ("jwt", jwt::run),
    ("proof", jwt::proof),
    ("reference", reference::run),
    ("registration", registration::run),
    ("resource", searchset::resource),
    ("scope", scope::run),
    ("sealed", sealed::run),
    ("search", search::run),
    ("searchset", searchset::generated),
    ("shape", shape::run),
];

/// The target with this name.
pub fn named(name: &str) -> Target {
    ALL.iter().find(|(own, _)| *own == name).map_or_else(|| panic!("no target {name}"), |(_, target)| *target)
}

/// The text of the bytes, where they are one.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
