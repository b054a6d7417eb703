//! Amounts of money in the smallest unit of their currency (ISO 4217).

use serde::{Deserialize, Serialize};

pub use iso_currency::Currency;

/// An amount in minor units, with its currency: 19.99 EUR is `{ "minor": 1999, "currency": "EUR" }`.
///
/// There is no operator that could overflow or mix currencies silently; every sum is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY, fils for KWD.
    pub minor: i64,
    /// ISO 4217.
    pub currency: Currency,
}

/// A sum that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum MoneyError {
    /// Two currencies met in one sum.
    #[error("{left} and {right} cannot be added", left = .0.code(), right = .1.code())]
    CurrencyMismatch(Currency, Currency),
    /// The amount leaves the range of a signed 64-bit integer.
    #[error("the amount is too large")]
    Overflow,
    /// There is nothing to share an amount among.
    #[error("an amount cannot be split by weights that are empty, negative or all zero")]
    NoWeights,
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The number of decimals the currency is written with: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        self.currency.exponent().map_or(0, u32::from)
    }

    /// The sum of two amounts of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// What is left when `other` is taken away; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `quantity` times the amount.
    pub fn times(self, quantity: i64) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(quantity).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of `amounts`, all in `currency`.
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// Splits the amount in proportion to `weights` so that the parts sum to the whole.
    ///
    /// The largest remainders get the units that rounding left over (Hamilton's method); among
    /// equals the earlier one.
    pub fn allocate(self, weights: &[u32]) -> Result<Vec<Self>, MoneyError> {
        let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let whole = i128::from(self.minor);
        let shares = weights.iter().map(|weight| whole * i128::from(*weight));
        let mut parts: Vec<(i128, i128)> =
            shares.map(|share| (share.div_euclid(total), share.rem_euclid(total))).collect();
        let left_over = whole - parts.iter().map(|(part, _)| part).sum::<i128>();
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(parts[*index].1));
        for index in order.into_iter().take(usize::try_from(left_over).unwrap_or_default()) {
            parts[index].0 += 1;
        }
        parts
            .into_iter()
            .map(|(part, _)| {
                let minor = i64::try_from(part).map_err(|_| MoneyError::Overflow)?;
                Ok(Self { minor, ..self })
            })
            .collect()
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch(self.currency, other.currency))
    }
}

impl std::fmt::Display for Money {
    /// Writes `19.99 EUR`, for people and logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.exponent() as usize;
        let unit = 10_u64.pow(self.exponent());
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        match digits {
            0 => write!(f, "{sign}{minor} {}", self.currency.code()),
            _ => write!(
                f,
                "{sign}{}.{:0digits$} {}",
                minor / unit,
                minor % unit,
                self.currency.code()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn money_is_shown_with_the_decimals_of_its_currency() {
        assert_eq!(eur(1999).to_string(), "19.99 EUR");
        assert_eq!(eur(-5).to_string(), "-0.05 EUR");
        assert_eq!(Money::new(1999, Currency::JPY).to_string(), "1999 JPY");
        assert_eq!(Money::new(1999, Currency::KWD).to_string(), "1.999 KWD");
    }

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let yen = Money::new(1, Currency::JPY);
        assert_eq!(
            eur(1).plus(yen),
            Err(MoneyError::CurrencyMismatch(Currency::EUR, Currency::JPY))
        );
        assert_eq!(eur(i64::MAX).plus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX).times(2), Err(MoneyError::Overflow));
    }

    #[test]
    fn parts_sum_to_the_whole_and_the_largest_remainder_wins() {
        assert_eq!(eur(100).allocate(&[1, 1, 1]), Ok(vec![eur(34), eur(33), eur(33)]));
        assert_eq!(eur(101).allocate(&[1, 0, 3]), Ok(vec![eur(25), eur(0), eur(76)]));
        assert_eq!(
            eur(-100).allocate(&[1, 1, 1]).map(|parts| parts.iter().map(|p| p.minor).sum()),
            Ok(-100)
        );
        assert_eq!(eur(100).allocate(&[0]), Err(MoneyError::NoWeights));
    }
}
