//! How the parts of a call are written on every wire.

use std::time::Duration;

use ports::{Kind, Outcome};

/// The most digits a time-out may have (gRPC over HTTP/2, "Timeout").
const DIGITS: u32 = 8;

/// The longest deadline that is believed: far beyond any patience, and near enough to be an instant.
pub(crate) const FURTHEST: Duration = Duration::from_hours(1);

/// The time left as `grpc-timeout` wants it: at most eight digits, in microseconds where they suffice.
pub(crate) fn timeout(left: Duration) -> String {
    let most = 10_u128.pow(DIGITS);
    let (micros, millis) = (left.as_micros(), left.as_millis());
    if micros < most {
        format!("{micros}u")
    } else if millis < most {
        format!("{millis}m")
    } else {
        format!("{}S", u128::from(left.as_secs()).min(most - 1))
    }
}

/// The time left that a `grpc-timeout` tells, in any of its units.
pub(crate) fn time_left(timeout: &str) -> Option<Duration> {
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let sized = (1..=DIGITS as usize).contains(&digits.len());
    if !sized || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let amount = digits.parse().ok()?;
    match unit {
        "n" => Some(Duration::from_nanos(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "H" => Some(Duration::from_secs(amount * 3600)),
        _ => None,
    }
}

/// How a call says that somebody tries again already.
pub(crate) const SECOND: &str = "2";

pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Query => "query",
        Kind::Command => "command",
    }
}

/// The kind a text names. What is not said to be a query must not be asked twice.
pub(crate) fn read_kind(text: Option<&str>) -> Kind {
    match text {
        Some("query") => Kind::Query,
        _ => Kind::Command,
    }
}

pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
    }
}

pub(crate) fn read_outcome(text: &[u8]) -> Option<Outcome> {
    match text {
        b"done" => Some(Outcome::Done),
        b"refused" => Some(Outcome::Refused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_has_at_most_eight_digits_and_is_never_longer_than_what_is_left() {
        let cases = [
            (Duration::ZERO, "0u"),
            (Duration::from_nanos(1_999), "1u"),
            (Duration::from_secs(10), "10000000u"),
            (Duration::from_micros(99_999_999), "99999999u"),
            (Duration::from_micros(100_000_999), "100000m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ];
        for (left, expected) in cases {
            let written = timeout(left);
            assert_eq!(written, expected, "{left:?}");
            assert!(time_left(&written).unwrap() <= left, "{written}");
        }
    }

    #[test]
    fn a_time_out_is_read_in_every_unit_of_grpc_and_in_no_other() {
        let cases = [
            ("5n", Duration::from_nanos(5)),
            ("5u", Duration::from_micros(5)),
            ("5m", Duration::from_millis(5)),
            ("5S", Duration::from_secs(5)),
            ("5M", Duration::from_secs(300)),
            ("99999999H", Duration::from_secs(99_999_999 * 3600)),
        ];
        for (written, expected) in cases {
            assert_eq!(time_left(written), Some(expected), "{written}");
        }
        for wrong in ["", "u", "5", "5s", "-5u", "+5u", "5.0S", "123456789u", " 5u", "5 u", "5é"] {
            assert_eq!(time_left(wrong), None, "{wrong:?}");
        }
    }
}
