//! The test cards that Stripe publishes (docs.stripe.com/testing), and what each of them does.

use kernel::Violation;
use payments_api::{CaptureMode, Card, CardToken};

use crate::provider::{Charge, Verdict};

/// A test card: its number, the token that stands for it, and its effect.
struct TestCard {
    number: &'static str,
    token: &'static str,
    effect: Effect,
}

enum Effect {
    Pays,
    /// Pays, and its refunds are not what they should be.
    PaysBack(Refunds),
    Declines(&'static str),
    Authenticates,
}

/// What becomes of a card's refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refunds {
    /// They go through at once.
    Succeed,
    /// They go through a little later.
    Wait,
    /// They do not go through.
    Fail,
}

const CARDS: &[TestCard] = &[
    TestCard { number: "4242424242424242", token: "pm_card_visa", effect: Effect::Pays },
    TestCard {
        number: "4000000000000002",
        token: "pm_card_chargeDeclined",
        effect: Effect::Declines("card_declined"),
    },
    TestCard {
        number: "4000000000009995",
        token: "pm_card_chargeDeclinedInsufficientFunds",
        effect: Effect::Declines("insufficient_funds"),
    },
    TestCard {
        number: "4000000000000069",
        token: "pm_card_chargeDeclinedExpiredCard",
        effect: Effect::Declines("expired_card"),
    },
    TestCard {
        number: "4000000000000127",
        token: "pm_card_chargeDeclinedIncorrectCvc",
        effect: Effect::Declines("incorrect_cvc"),
    },
    TestCard {
        number: "4000000000000119",
        token: "pm_card_chargeDeclinedProcessingError",
        effect: Effect::Declines("processing_error"),
    },
    TestCard {
        number: "4000000000009987",
        token: "pm_card_chargeDeclinedLostCard",
        effect: Effect::Declines("lost_card"),
    },
    TestCard {
        number: "4000000000009979",
        token: "pm_card_chargeDeclinedStolenCard",
        effect: Effect::Declines("stolen_card"),
    },
    TestCard {
        number: "4000000000007726",
        token: "pm_card_pendingRefund",
        effect: Effect::PaysBack(Refunds::Wait),
    },
    TestCard {
        number: "4000000000005126",
        token: "pm_card_refundFail",
        effect: Effect::PaysBack(Refunds::Fail),
    },
    TestCard {
        number: "4000002500003155",
        token: "pm_card_authenticationRequired",
        effect: Effect::Authenticates,
    },
];

/// What a token does that stands for none of the cards.
const UNKNOWN: &str = "unknown_token";

/// What becomes of a charge.
pub(super) fn verdict(charge: &Charge) -> Verdict {
    match effect(&charge.token) {
        Some(Effect::Pays | Effect::PaysBack(_)) => match charge.capture {
            CaptureMode::Automatic => Verdict::Captured(charge.amount.minor),
            CaptureMode::Manual => Verdict::Authorized,
        },
        Some(Effect::Authenticates) => Verdict::NeedsAction(None),
        Some(Effect::Declines(why)) => Verdict::Declined((*why).to_owned()),
        None => Verdict::Declined(UNKNOWN.to_owned()),
    }
}

/// What becomes of the refunds of the card behind `token`.
pub(super) fn refunds(token: &str) -> Refunds {
    match effect(token) {
        Some(Effect::PaysBack(refunds)) => *refunds,
        _ => Refunds::Succeed,
    }
}

fn effect(token: &str) -> Option<&'static Effect> {
    CARDS.iter().find(|card| card.token == token).map(|card| &card.effect)
}

/// The token for a test card. The number is looked at and forgotten.
pub(crate) fn tokenize(card: &Card) -> Result<CardToken, Violation> {
    let refused = |code, detail| Violation::new("/card_number", code, detail);
    let digits: String =
        card.number.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if !is_card_number(&digits) {
        return Err(refused("invalid-card-number", "this is not the number of a card"));
    }
    let known = CARDS.iter().find(|card| card.number == digits).ok_or_else(|| {
        refused("unknown-card", "the sandbox takes test cards only, such as 4242 4242 4242 4242")
    })?;
    Ok(CardToken { token: known.token.to_owned(), last4: digits[digits.len() - 4..].to_owned() })
}

/// 12 to 19 digits of which the last one checks (Luhn's formula, ISO/IEC 7812-1 annex B).
fn is_card_number(digits: &str) -> bool {
    let shaped = (12..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    shaped && luhn(digits).is_multiple_of(10)
}

fn luhn(digits: &str) -> u32 {
    let weighed = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        match place % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        }
    };
    digits.bytes().rev().enumerate().map(weighed).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: &str) -> Card {
        Card { number: number.to_owned() }
    }

    #[test]
    fn every_test_card_has_a_valid_number_and_a_token_that_is_one() {
        for known in CARDS {
            let token = tokenize(&card(known.number)).unwrap();
            assert_eq!(token.token, known.token);
            assert!(payments_api::is_token(&token.token));
            assert_eq!(token.last4, known.number[12..]);
        }
    }

    #[test]
    fn a_number_may_be_written_in_groups_but_not_wrongly() {
        assert_eq!(tokenize(&card("4242 4242 4242 4242")).unwrap().token, "pm_card_visa");
        for (number, code) in [
            ("4242 4242 4242 4241", "invalid-card-number"),
            ("4242", "invalid-card-number"),
            ("", "invalid-card-number"),
            ("４２４２４２４２４２４２４２４２", "invalid-card-number"),
            ("5555 5555 5555 4444", "unknown-card"),
        ] {
            assert_eq!(tokenize(&card(number)).unwrap_err().code, code, "{number}");
        }
    }
}
