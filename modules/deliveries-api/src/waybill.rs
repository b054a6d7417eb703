//! The number a carrier knows a parcel by.

use serde::{Deserialize, Serialize};

/// Two letters, eight digits, a check digit and a country: `RX473124829DE` (UPU standard S10).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Waybill(String);

/// The text is not a waybill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a waybill: two letters, nine digits of which the last one checks, a country")]
pub struct InvalidWaybill(String);

/// The weights of UPU S10.
const WEIGHTS: [u32; 8] = [8, 6, 4, 2, 3, 5, 9, 7];

impl Waybill {
    /// The waybill made of the last eight digits of `serial`: service `RX`, from `DE`.
    pub fn new(serial: u64) -> Self {
        let digits = format!("{:08}", serial % 100_000_000);
        let check = check_digit(&digits);
        Self(format!("RX{digits}{check}DE"))
    }

    /// The waybill as it is printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_digit(digits: &str) -> u32 {
    let weighted =
        digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    match 11 - weighted.sum::<u32>() % 11 {
        10 => 0,
        11 => 5,
        check => check,
    }
}

impl TryFrom<String> for Waybill {
    type Error = InvalidWaybill;

    fn try_from(text: String) -> Result<Self, InvalidWaybill> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 13
            && bytes[..2].iter().chain(&bytes[11..]).all(u8::is_ascii_uppercase)
            && bytes[2..11].iter().all(u8::is_ascii_digit);
        if shaped && check_digit(&text[2..10]) == u32::from(bytes[10] - b'0') {
            return Ok(Self(text));
        }
        Err(InvalidWaybill(text))
    }
}

impl From<Waybill> for String {
    fn from(waybill: Waybill) -> Self {
        waybill.0
    }
}

impl std::fmt::Display for Waybill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        assert_eq!(Waybill::new(47_312_482).as_str(), "RX473124829DE");
        assert!(Waybill::try_from("RX473124829DE".to_owned()).is_ok());
    }

    #[test]
    fn a_wrong_digit_is_noticed() {
        for wrong in
            ["RX473124828DE", "RX473124289DE", "RX47312482DE", "rx473124829de", "RX473124829D€"]
        {
            assert!(Waybill::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
