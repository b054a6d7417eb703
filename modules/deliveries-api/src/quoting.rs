//! What sending something costs, before there is a parcel.

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

/// Where a parcel would go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// What prices are wanted in.
    pub currency: Currency,
    /// What the things in it cost, for methods that are free above a sum; unknown counts as nothing.
    #[serde(default)]
    pub worth: Option<Money>,
    /// What they weigh, in grams, for rates that end at a weight; unknown counts as nothing.
    #[serde(default)]
    pub weight_g: Option<u64>,
}

impl Destination {
    /// A parcel to `country` about which nothing else is known.
    pub fn new(country: impl Into<String>, currency: Currency) -> Self {
        Self { country: country.into(), currency, worth: None, weight_g: None }
    }

    /// Says what the things in it cost.
    #[must_use]
    pub fn worth(mut self, worth: Money) -> Self {
        self.worth = Some(worth);
        self
    }

    /// Says what they weigh, in grams.
    #[must_use]
    pub fn weighing(mut self, grams: u64) -> Self {
        self.weight_g = Some(grams);
        self
    }
}

/// What sending something costs, as far as the carriers have said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quotes {
    /// Cheapest first; none when nothing goes there.
    pub items: Vec<Quote>,
    /// The carriers that gave no answer: their prices are older, or not there.
    pub silent: Vec<String>,
}

/// One way a parcel can go, and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Names the method: `standard`, `express`.
    pub method: String,
    /// What a shopper reads.
    pub name: String,
    /// What it costs.
    pub price: Money,
    /// How many working days it takes, at the latest.
    pub days: u32,
}
