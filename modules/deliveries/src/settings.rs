//! What an operator decides about deliveries: the methods, their prices, and the carrier.

use std::{collections::BTreeMap, time::Duration};

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

/// How parcels are sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Who carries them.
    pub carrier: String,
    /// What the carrier signs its webhooks with; a random one at each start when it is empty.
    pub webhook_secret: Secret,
    /// How old a webhook's signature may be.
    #[serde(with = "humantime_serde")]
    pub webhook_tolerance: Duration,
    /// How long a webhook waits for its parcel to become known before it is put aside.
    #[serde(with = "humantime_serde")]
    pub webhook_patience: Duration,
    /// How often parcels and webhooks are looked for that wait for something.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
    /// How long nothing may be heard of a parcel before its carrier is asked.
    #[serde(with = "humantime_serde")]
    pub track_after: Duration,
    /// How long the carrier is left alone after it has not answered.
    #[serde(with = "humantime_serde")]
    pub ask_again: Duration,
    /// How often the carriers are asked what they charge.
    #[serde(with = "humantime_serde")]
    pub rates_every: Duration,
    /// How long they may take to answer that.
    #[serde(with = "humantime_serde")]
    pub rates_within: Duration,
    /// How long what they said is good for when they do not answer any more.
    #[serde(with = "humantime_serde")]
    pub rates_valid: Duration,
    /// The carrier that carries nothing.
    pub simulator: Simulator,
    /// The ways a parcel can go. A currency without a rate gets no quote.
    pub methods: Vec<Method>,
    /// Who carries parcels beside, by name.
    pub others: BTreeMap<String, Other>,
}

/// Another carrier, simulated too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Other {
    /// What it signs its webhooks with; a random one at each start when it is empty.
    pub webhook_secret: Secret,
    /// How it behaves.
    pub simulator: Simulator,
    /// The ways in which it takes parcels; no other carrier has one of the same code.
    pub methods: Vec<Method>,
}

/// How the simulated carrier behaves. What happens to some parcels only is in percent, and decided by their
/// waybills.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Simulator {
    /// How much faster than a real carrier it is.
    pub time_lapse: u32,
    /// How long it takes to answer.
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// Whether it answers nothing at all.
    pub silent: bool,
    /// How many requests it turns away first, counted from the start of the process.
    pub refuse: u32,
    /// How long after the fact its webhooks come.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// How many of its webhooks never come.
    pub lost: u8,
    /// How many come twice.
    pub duplicated: u8,
    /// How many come after those that were sent later.
    pub disordered: u8,
    /// How many are joined by one that somebody else has signed.
    pub forged: u8,
    /// To how many parcels nobody opens the door at first.
    pub nobody_home: u8,
    /// How many of these go back.
    pub parcels_returned: u8,
    /// How many parcels get lost.
    pub parcels_lost: u8,
}

/// Something that is not shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// One way a parcel can go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
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
        let courier = vec![Rate { up_to_g: Some(20_000), ..rate(Zone::Domestic, 1490, 1) }];
        let method = |code: &str, name: &str, rates| Method {
            code: code.to_owned(),
            name: name.to_owned(),
            rates,
        };
        Self {
            carrier: "rialto-post".to_owned(),
            webhook_secret: Secret::default(),
            webhook_tolerance: Duration::from_mins(5),
            webhook_patience: Duration::from_hours(24),
            sweep: Duration::from_secs(10),
            track_after: Duration::from_secs(30),
            ask_again: Duration::from_secs(10),
            rates_every: Duration::from_mins(10),
            rates_within: Duration::from_secs(5),
            rates_valid: Duration::from_hours(1),
            simulator: Simulator::default(),
            methods: vec![
                method("standard", "Standard delivery", standard),
                method("express", "Express delivery", express),
            ],
            others: BTreeMap::from([(
                "rialto-courier".to_owned(),
                Other {
                    methods: vec![method("courier", "By courier, the next morning", courier)],
                    ..Other::default()
                },
            )]),
        }
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self {
            time_lapse: 720,
            latency: Duration::ZERO,
            silent: false,
            refuse: 0,
            delay: Duration::ZERO,
            lost: 0,
            duplicated: 0,
            disordered: 0,
            forged: 0,
            nobody_home: 0,
            parcels_returned: 0,
            parcels_lost: 0,
        }
    }
}
