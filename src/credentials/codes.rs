//! Codes that people type: out of an alphabet in which no two characters look alike (D-01).

use crate::domain::random::Random;

/// Digits and capitals without 0, 1, I, L and O.
const ALPHABET: [char; 31] = [
    '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
];

/// `length` characters, each as likely as any other.
pub fn generate(length: usize, random: &dyn Random) -> String {
    let mut code = String::with_capacity(length);
    while code.len() < length {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        // Only below a multiple of the alphabet's length are the remainders equally likely.
        let taken =
            bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(byte % 31)));
        code.extend(taken.take(length - code.len()));
    }
    code
}

/// What was typed as it is compared: capitals, without the spaces and dashes that are there for the eye.
pub fn typed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'))
        .flat_map(char::to_uppercase)
        .collect()
}

/// The code in groups of four, for the eye.
pub fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    #[test]
    fn d01_codes_have_no_characters_that_look_alike() {
        let random = SeededRandom::new(1);
        let codes: Vec<String> = (0..200).map(|_| generate(8, &*random)).collect();
        assert!(codes.iter().all(|code| code.len() == 8 && !code.contains(['0', '1', 'O', 'I', 'L'])));
        let seen: std::collections::HashSet<char> = codes.concat().chars().collect();
        assert_eq!(seen.len(), 31, "each character comes up");
        assert_eq!(typed(" ab2-c d\u{2013}e "), "AB2CDE");
        assert_eq!(grouped("ABCDEFGH"), "ABCD-EFGH");
    }
}
