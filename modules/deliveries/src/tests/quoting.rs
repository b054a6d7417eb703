//! What sending a parcel costs.

use deliveries_api::{Destination, Error};
use kernel::Currency;

use super::{told_everywhere, world::World};

async fn prices(world: &World, country: &str, currency: Currency) -> Vec<(String, i64)> {
    let to = Destination::new(country, currency);
    let quotes = world.deliveries.quotes(to).await.unwrap();
    assert!(quotes.iter().all(|quote| quote.price.currency == currency && quote.days > 0));
    quotes.into_iter().map(|quote| (quote.method, quote.price.minor)).collect()
}

fn priced(prices: &[(&str, i64)]) -> Vec<(String, i64)> {
    prices.iter().map(|(method, price)| ((*method).to_owned(), *price)).collect()
}

async fn each_zone_has_its_prices_cheapest_first_and_without_a_statement(world: World) {
    let before = world.db.statements();
    let eur = Currency::EUR;
    let home = priced(&[("standard", 490), ("express", 990)]);
    let union = priced(&[("standard", 990), ("express", 1990)]);
    assert_eq!(prices(&world, "DE", eur).await, home);
    assert_eq!(prices(&world, "FR", eur).await, union);
    assert_eq!(prices(&world, "US", eur).await, priced(&[("standard", 1990)]));
    assert_eq!(prices(&world, "DE", Currency::USD).await, []);
    // The relay may look into its outbox; quoting adds nothing to that.
    assert!(world.db.statements() - before <= 4);
}

async fn a_country_that_does_not_exist_is_blamed(world: World) {
    for country in ["XX", "de", "Germany", ""] {
        let to = Destination::new(country, Currency::EUR);
        match world.deliveries.quotes(to).await {
            Err(Error::Invalid(violations)) => assert_eq!(violations[0].pointer, "/country"),
            other => panic!("{country}: {other:?}"),
        }
    }
}

told_everywhere!(
    each_zone_has_its_prices_cheapest_first_and_without_a_statement,
    a_country_that_does_not_exist_is_blamed,
);
