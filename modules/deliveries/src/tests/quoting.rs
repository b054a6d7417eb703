//! What sending a parcel costs.

use deliveries_api::{Destination, Error};
use kernel::{Currency, Money};

use super::{
    told_everywhere,
    world::{self, World},
};
use crate::Rate;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_may_end_at_a_weight_and_cost_nothing_above_a_sum() {
    let mut settings = world::settings();
    let light =
        Rate { up_to_g: Some(2_000), free_from: Some(5_000), ..settings.methods[0].rates[0] };
    let heavy = Rate { price: Money::new(1_290, Currency::EUR), up_to_g: Some(20_000), ..light };
    settings.methods[0].rates = vec![heavy, light];
    settings.methods.truncate(1);
    for world in World::both(settings).await {
        let price = async |to: Destination| {
            let quotes = world.deliveries.quotes(to).await.unwrap();
            quotes.first().map(|quote| quote.price.minor)
        };
        let to = || Destination::new("DE", Currency::EUR);
        let euros = |minor| Money::new(minor, Currency::EUR);
        assert_eq!(price(to()).await, Some(490));
        assert_eq!(price(to().weighing(2_000)).await, Some(490));
        assert_eq!(price(to().weighing(2_001)).await, Some(1_290));
        assert_eq!(price(to().weighing(20_001)).await, None);
        assert_eq!(price(to().worth(euros(4_999))).await, Some(490));
        assert_eq!(price(to().worth(euros(5_000)).weighing(9_000)).await, Some(0));
        assert_eq!(price(to().worth(Money::new(9_000, Currency::USD))).await, Some(490));
    }
}

told_everywhere!(
    each_zone_has_its_prices_cheapest_first_and_without_a_statement,
    a_country_that_does_not_exist_is_blamed,
);
