//! The delivery methods and what they cost.

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

/// How parcels are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who carries them.
    pub carrier: String,
    /// The ways a parcel can go. A currency without a rate gets no quote.
    pub methods: Vec<Method>,
}

/// One way a parcel can go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Names it in orders: `standard`.
    pub code: String,
    /// What a shopper reads.
    pub name: String,
    /// Where it goes, and for how much.
    pub rates: Vec<Rate>,
}

/// What a method costs to one zone, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Where to.
    pub zone: Zone,
    /// For how much.
    pub price: Money,
    /// Within how many working days.
    pub days: u32,
    /// The heaviest parcel it is for, in grams; any weight when nothing is said.
    #[serde(default)]
    pub up_to_g: Option<u64>,
    /// It costs nothing for things that cost so much or more, in minor units of the same currency.
    #[serde(default)]
    pub free_from: Option<i64>,
}

/// Countries with one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Zone {
    /// Germany.
    Domestic,
    /// The other member states of the European Union.
    EuropeanUnion,
    /// Everywhere else.
    World,
}

impl Default for Settings {
    fn default() -> Self {
        let rate = |zone, cents, days| Rate {
            zone,
            price: Money::new(cents, Currency::EUR),
            days,
            up_to_g: None,
            free_from: None,
        };
        let standard = vec![
            rate(Zone::Domestic, 490, 3),
            rate(Zone::EuropeanUnion, 990, 6),
            rate(Zone::World, 1990, 15),
        ];
        let express = vec![rate(Zone::Domestic, 990, 1), rate(Zone::EuropeanUnion, 1990, 2)];
        let method = |code: &str, name: &str, rates| Method {
            code: code.to_owned(),
            name: name.to_owned(),
            rates,
        };
        Self {
            carrier: "rialto-post".to_owned(),
            methods: vec![
                method("standard", "Standard delivery", standard),
                method("express", "Express delivery", express),
            ],
        }
    }
}
