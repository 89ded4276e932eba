//! The `chartgate` binary: see the library's documentation.

fn main() {}
