//! What sending a parcel costs.

use std::time::Duration;

use deliveries_api::{Destination, Error, Status, TrackingCode};
use kernel::{Currency, Money};
use orders_api::OrderCompleted;

use super::{
    told_everywhere,
    world::{self, World},
};
use crate::{Rate, Settings};

async fn prices(world: &World, country: &str, currency: Currency) -> Vec<(String, i64)> {
    let to = Destination::new(country, currency);
    let quotes = world.deliveries.quotes(to).await.unwrap();
    assert_eq!(quotes.silent, [""; 0]);
    let quotes = quotes.items;
    assert!(quotes.iter().all(|quote| quote.price.currency == currency && quote.days > 0));
    quotes.into_iter().map(|quote| (quote.method, quote.price.minor)).collect()
}

fn priced(prices: &[(&str, i64)]) -> Vec<(String, i64)> {
    prices.iter().map(|(method, price)| ((*method).to_owned(), *price)).collect()
}

async fn each_zone_has_its_prices_cheapest_first_and_without_a_statement(world: World) {
    world.work();
    let eur = Currency::EUR;
    prices(&world, "DE", eur).await;
    world.quiet().await;
    let before = world.db.statements();
    let home = priced(&[("standard", 490), ("express", 990), ("courier", 1490)]);
    let union = priced(&[("standard", 990), ("express", 1990)]);
    assert_eq!(prices(&world, "DE", eur).await, home);
    assert_eq!(prices(&world, "FR", eur).await, union);
    assert_eq!(prices(&world, "US", eur).await, priced(&[("standard", 1990)]));
    assert_eq!(prices(&world, "DE", Currency::USD).await, []);
    // The relay may look into its outbox; quoting adds nothing to that.
    assert!(world.db.statements() - before <= 4);
}

async fn a_country_that_does_not_exist_is_blamed(world: World) {
    world.work();
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
    settings.others.clear();
    for world in World::both(settings).await {
        world.work();
        let price = async |to: Destination| {
            let quotes = world.deliveries.quotes(to).await.unwrap();
            quotes.items.first().map(|quote| quote.price.minor)
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

const LIMIT: Duration = Duration::from_secs(20);
/// How long somebody may take who does not answer.
const SOON: Duration = Duration::from_millis(300);

/// Settings in which the courier answers nothing.
fn without_courier() -> Settings {
    let mut settings = world::settings();
    settings.others.get_mut("rialto-courier").unwrap().simulator.silent = true;
    Settings { rates_within: SOON, ..settings }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_carrier_costs_its_deadline_and_hides_nobody_else() {
    for world in World::both(without_courier()).await {
        world.work();
        let to = || Destination::new("DE", Currency::EUR);
        let quotes = world.deliveries.quotes(to()).await.unwrap();
        let methods: Vec<_> = quotes.items.iter().map(|quote| &*quote.method).collect();
        assert_eq!(methods, ["standard", "express"]);
        assert_eq!(quotes.silent, ["rialto-courier"]);
        assert_eq!(world.deliveries.quotes(to()).await.unwrap(), quotes, "and costs it once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_carrier_said_is_good_for_a_while_when_it_falls_silent() {
    let settings = Settings {
        rates_within: SOON,
        rates_every: Duration::from_millis(50),
        ..world::settings()
    };
    let mut later = without_courier();
    later.rates_every = settings.rates_every;
    let world = World::here_with(settings).await;
    world.work();
    let to = || Destination::new("DE", Currency::EUR);
    let said = world.deliveries.quotes(to()).await.unwrap();
    assert_eq!((said.items.len(), said.silent.len()), (3, 0));
    let world = world.again(later).await;
    world.work();
    // The last round of the process before may end in this one.
    let named = async || {
        let quotes = world.deliveries.quotes(to()).await.unwrap();
        assert_eq!(quotes.items, said.items);
        quotes.silent == ["rialto-courier"]
    };
    testkit::eventually("it is named", LIMIT, named).await;
    world.clock.advance(Duration::from_hours(2));
    let gone = async || {
        let quotes = world.deliveries.quotes(to()).await.unwrap();
        quotes.items.len() == 2 && quotes.silent == ["rialto-courier"]
    };
    testkit::eventually("its prices are too old", LIMIT, gone).await;
}

async fn a_parcel_goes_by_the_carrier_that_offers_its_method(world: World) {
    let by_courier = OrderCompleted { delivery_method: "courier".to_owned(), ..world::order() };
    world.complete(&by_courier).await;
    let parcel = world.shipments(&by_courier).await.remove(0);
    assert_eq!((&*parcel.carrier, &*parcel.service), ("rialto-courier", "courier"));
    let waybill = parcel.waybill.clone().unwrap();
    world.deliveries.dispatch(parcel.id).await.unwrap();
    let forged = world.tell(&world::scan(&waybill, 1, TrackingCode::Delivered)).await;
    assert!(forged.is_ok(), "the post signed it: {forged:?}");
    world.quiet().await;
    assert_eq!(world.look(&parcel).await.status, Status::Dispatched, "it is not the post's");
}

told_everywhere!(
    a_parcel_goes_by_the_carrier_that_offers_its_method,
    each_zone_has_its_prices_cheapest_first_and_without_a_statement,
    a_country_that_does_not_exist_is_blamed,
);
