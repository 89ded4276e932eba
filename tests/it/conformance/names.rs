//! Which rows a test proves, read from its name or from a comment.

/// The tests of a Rust source that name rows.
pub fn of_rust(text: &str) -> Vec<(String, Vec<u32>)> {
    let mut found = Vec::new();
    // The attributes since the last function: a name counts only for what the test runner runs.
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if let Some(rest) = line.strip_prefix("#[case::") {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let numbers = in_name(&name);
            if !numbers.is_empty() {
                found.push((name, numbers));
            }
        }
        if line.starts_with("#[") && (line.contains("test") || line.starts_with("#[case")) {
            is_test = true;
        }
        let function = ["fn ", "async fn ", "pub fn "].iter().find_map(|start| line.strip_prefix(start));
        if let Some(rest) = function {
            let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let numbers = in_name(&name);
            if is_test && !numbers.is_empty() {
                found.push((name, numbers));
            }
            is_test = false;
        }
    }
    found
}

/// `row_14_...`, `rows_101_110_to_114_...`: the numbers up to the first word.
fn in_name(name: &str) -> Vec<u32> {
    let rest = name.strip_prefix("rows_").or_else(|| name.strip_prefix("row_"));
    rest.map_or_else(Vec::new, |rest| numbers(rest.split('_')))
}

/// Numbers and ranges at the beginning of `words`.
fn numbers<'a>(words: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut range = false;
    for word in words {
        match (word, word.parse::<u32>()) {
            ("to", _) if !found.is_empty() => range = true,
            ("and", _) if !found.is_empty() && !range => {}
            (_, Ok(number)) => {
                let first = if range { found.last().map_or(number, |last| last + 1) } else { number };
                found.extend(first..=number);
                range = false;
            }
            _ => break,
        }
    }
    found
}

/// The comments of a source in another language that say `row 14` or `rows 101, 110 to 114`; the comment is the name.
pub fn of_comments(text: &str) -> Vec<(String, Vec<u32>)> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim_start) {
        let comment = ["//", "#", "\"\"\"", "*"].iter().find_map(|mark| line.strip_prefix(mark));
        let Some(comment) = comment else { continue };
        for (at, _) in comment.match_indices("row") {
            let rest = &comment[at + 3..];
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            let Some(rest) = rest.strip_prefix(' ') else { continue };
            let words = rest.split([' ', ',', ';', ':']).filter(|word| !word.is_empty());
            let numbers = numbers(words);
            if !numbers.is_empty() {
                found.push((String::new(), numbers));
            }
        }
    }
    found
}

#[test]
fn conformance_names_and_comments_are_read() {
    assert_eq!(in_name("row_14_a_challenge_is_43_characters"), [14]);
    assert_eq!(in_name("rows_101_110_to_114_a_refresh"), [101, 110, 111, 112, 113, 114]);
    assert_eq!(in_name("rows_14_15"), [14, 15]);
    assert_eq!(in_name("rows_and_count"), [] as [u32; 0]);
    assert_eq!(in_name("the_row_14"), [] as [u32; 0]);
    let rust = "#[rstest]\n#[case::row_6_z(1)]\nfn z() {}\n#[test]\nfn row_1_x() {}\nfn row_2_helper() {}\n#[tokio::test]\nasync fn rows_3_to_4_y() {}";
    let read: Vec<_> = of_rust(rust).into_iter().flat_map(|(_, numbers)| numbers).collect();
    assert_eq!(read, [6, 1, 3, 4]);
    let script = "// Proves row 7: this; rows 9, 11 to 12 and 15 as well.\nlet row = 3; narrow 5\n# row 8";
    let read: Vec<_> = of_comments(script).into_iter().flat_map(|(_, numbers)| numbers).collect();
    assert_eq!(read, [7, 9, 11, 12, 15, 8]);
}
