//! What a payment token may look like, so that a card number is never taken for one.

/// The longest token.
const LONGEST: usize = 255;
/// The fewest digits of any card in use; most have 16 (ISO/IEC 7812-1 allows 8 to 19).
const CARD_DIGITS: usize = 12;

/// Whether `text` can be a token: letters, digits, `_` and `-`, beginning with a letter, and without
/// anything that could be a card number.
pub fn is_token(text: &str) -> bool {
    let shaped = text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    shaped && longest_run_of_digits(text) < CARD_DIGITS
}

/// Dashes and underscores between digits do not end a run: people write numbers in groups.
fn longest_run_of_digits(text: &str) -> usize {
    let (mut run, mut longest) = (0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => run += 1,
            b'_' | b'-' => {}
            _ => run = 0,
        }
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn a_card_number_is_no_token_however_it_is_written() {
        for token in ["pm_card_visa", "pm_card_chargeDeclined", "tok-7", "a"] {
            assert!(is_token(token), "{token}");
        }
        for other in [
            "",
            "4242424242424242",
            "4242 4242",
            "c4242-4242-4242-4242",
            "pm_424242424242",
            "_x",
            "ü",
        ] {
            assert!(!is_token(other), "{other}");
        }
        assert!(!is_token(&"a".repeat(256)));
    }
}
