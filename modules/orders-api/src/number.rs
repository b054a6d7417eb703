//! The number of an order that people read to each other.

use serde::{Deserialize, Serialize};

/// Ten digits and a check digit: `4711-0815-39X` cannot be mistyped unnoticed.
///
/// The check character is ISO/IEC 7064 MOD 11-2, which catches every single wrong digit and every
/// swap of neighbours; `X` stands for ten.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderNumber(String);

/// The text is not the number of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an order number: ten digits and a check digit, like 4711-0815-39X")]
pub struct InvalidNumber(String);

impl OrderNumber {
    /// How many numbers there are.
    pub const COUNT: u64 = 10_000_000_000;

    /// The number made of the last ten digits of `serial`.
    pub fn new(serial: u64) -> Self {
        let digits = format!("{:010}", serial % Self::COUNT);
        let check = check_character(&digits);
        Self(format!("{}-{}-{}{check}", &digits[..4], &digits[4..8], &digits[8..]))
    }

    /// The number as people read it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_character(digits: &str) -> char {
    let product = digits.bytes().fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - product) % 11 {
        10 => 'X',
        check => char::from(b'0' + check as u8),
    }
}

impl TryFrom<String> for OrderNumber {
    type Error = InvalidNumber;

    /// Reads a number with or without its dashes, in either case.
    fn try_from(text: String) -> Result<Self, InvalidNumber> {
        let plain: String = text.chars().filter(|letter| *letter != '-').collect();
        let digits = plain.get(..10).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok()).map(Self::new);
        let same = |number: &Self| number.0.replace('-', "") == plain.to_ascii_uppercase();
        number.filter(same).ok_or(InvalidNumber(text))
    }
}

impl From<OrderNumber> for String {
    fn from(number: OrderNumber) -> Self {
        number.0
    }
}

impl std::fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_with_or_without_dashes() {
        let number = OrderNumber::new(4_711_081_539);
        assert_eq!(OrderNumber::try_from(number.to_string()), Ok(number.clone()));
        assert_eq!(
            OrderNumber::try_from(number.to_string().replace('-', "").to_lowercase()),
            Ok(number)
        );
    }

    #[test]
    fn every_wrong_digit_and_every_swap_is_noticed() {
        let right = OrderNumber::new(4_711_081_539).to_string().replace('-', "").into_bytes();
        for place in 0..10 {
            for digit in b'0'..=b'9' {
                let mut wrong = right.clone();
                wrong[place] = digit;
                let text = String::from_utf8(wrong.clone()).unwrap();
                assert_eq!(OrderNumber::try_from(text).is_ok(), wrong == right);
            }
        }
        for place in 0..9 {
            let mut wrong = right.clone();
            wrong.swap(place, place + 1);
            let text = String::from_utf8(wrong.clone()).unwrap();
            assert_eq!(OrderNumber::try_from(text).is_ok(), wrong == right);
        }
    }
}
