//! What a parcel costs, before there is one.

use deliveries_api::{Destination, Error, Quote, Result};
use kernel::{Money, Violation};

use super::country;
use crate::settings::{Method, Rate};

/// What the methods cost to `to`, cheapest first; nothing for those that do not go there.
pub(crate) fn quotes(methods: &[&Method], to: &Destination) -> Result<Vec<Quote>> {
    let zone = country::zone(&to.country).ok_or_else(|| {
        let detail = "a country is two upper case letters of ISO 3166-1, such as DE";
        Error::Invalid(vec![Violation::new("/country", "unknown-country", detail)])
    })?;
    let weight = to.weight_g.unwrap_or_default();
    let fits = |rate: &&Rate| {
        rate.zone == zone
            && rate.price.currency == to.currency
            && rate.up_to_g.is_none_or(|most| weight <= most)
    };
    let quote = |method: &&Method| {
        let rate = method.rates.iter().filter(fits).min_by_key(|rate| rate.price.minor)?;
        let (method, name) = (method.code.clone(), method.name.clone());
        Some(Quote { method, name, price: price(rate, to.worth), days: rate.days })
    };
    let mut quotes: Vec<Quote> = methods.iter().filter_map(quote).collect();
    quotes.sort_by_key(|quote| quote.price.minor);
    Ok(quotes)
}

/// What a rate comes to for things that cost `worth`.
fn price(rate: &Rate, worth: Option<Money>) -> Money {
    let currency = rate.price.currency;
    let worth = worth.filter(|worth| worth.currency == currency).map(|worth| worth.minor);
    match (rate.free_from, worth) {
        (Some(threshold), Some(worth)) if worth >= threshold => Money::new(0, currency),
        _ => rate.price,
    }
}
