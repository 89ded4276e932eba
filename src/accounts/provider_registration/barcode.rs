//! A reference as Code 128, for machines that sort faxes (ISO/IEC 15417).

use barcoders::sym::code128::Code128;

/// The modules of the code from left to right, true for dark; empty when the text cannot be encoded. Character set B.
pub fn modules(text: &str) -> Vec<bool> {
    // The library takes the character set's name as a first character.
    let code = Code128::new(format!("\u{0181}{text}"));
    code.map(|code| code.encode().iter().map(|module| *module == 1).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn s11_a_reference_is_start_characters_check_and_stop() {
        // 11 modules for start, each character and the check character; 13 for stop.
        assert_eq!(modules("AB23CD45").len(), 11 * 10 + 13);
        let start: String =
            modules("AB23CD45").iter().take(11).map(|dark| if *dark { '1' } else { '0' }).collect();
        assert_eq!(start, "11010010000", "start of set B");
        assert!(modules("é").is_empty());
    }
}
