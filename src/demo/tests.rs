//! The demo shop as its first visitor finds it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;

use kernel::{Clock, Ids, PageRequest, SystemClock};
use products_api::{Browse, CategoryScope};
use storage::{Database, Options};
use users_api::{AddressesOf, LogIn};

use super::*;

async fn database(module: &str) -> Database {
    let db = Database::open(&Options::new("sqlite::memory:")).await.unwrap();
    db.migrate(migrations::of(module).unwrap()).await.unwrap();
    db
}

async fn shop() -> (Arc<dyn Products>, Arc<dyn Users>) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let needs = products::Needs {
        clock: clock.clone(),
        ids: Ids::system(),
        meters: ports::Meters::default(),
        settings: products::Settings::default(),
    };
    let products = products::open(database("products").await, needs).port;
    let needs = users::Needs {
        clock,
        ids: Ids::system(),
        meters: ports::Meters::default(),
        settings: users::Settings::default(),
    };
    let users = users::open(database("users").await, needs).await.unwrap().port;
    (products, users)
}

#[tokio::test]
async fn the_shop_is_filled_once_and_its_customer_can_log_in() {
    let (products, users) = shop().await;
    fill(&*products).await.unwrap();
    let Customer { email, password } = customer(&*users).await.unwrap();
    let password = Password::new(password.expect("a fresh shop has no customer"));

    let page = PageRequest { limit: PageRequest::MAX_LIMIT, after: None };
    let shown = products.browse(Browse { page, ..Browse::default() }).await.unwrap().page;
    assert!(shown.items.len() >= 64, "{} products", shown.items.len());
    assert_eq!(products.categories(CategoryScope::All).await.unwrap().len(), 13);

    let attempt =
        LogIn { email: email.to_owned(), password, user_agent: None, ip: None, key: None };
    let tokens = users.log_in(attempt).await.unwrap();
    let whose = AddressesOf { owner: tokens.user, page: PageRequest::default() };
    assert_eq!(users.addresses(whose).await.unwrap().page.items.len(), 1);

    fill(&*products).await.unwrap();
    assert!(customer(&*users).await.unwrap().password.is_none());
    let again = products.browse(Browse::default()).await.unwrap().page;
    assert_eq!(again.items, shown.items[..20]);
}

#[tokio::test]
async fn a_load_that_was_interrupted_is_completed() {
    let (products, _) = shop().await;
    let Catalogue { categories, products: items } = serde_json::from_str(CATALOGUE).unwrap();
    let count = items.len();
    for (position, shelf) in (1..).zip(categories) {
        add_category(&*products, shelf, position).await.unwrap();
    }
    for item in items.into_iter().take(3) {
        publish(&*products, item).await.unwrap();
    }
    fill(&*products).await.unwrap();
    let page = PageRequest { limit: PageRequest::MAX_LIMIT, after: None };
    let shown = products.browse(Browse { page, ..Browse::default() }).await.unwrap().page;
    assert_eq!(shown.items.len(), count);
}

#[test]
fn some_variants_are_almost_or_altogether_sold_out() {
    let Catalogue { products, .. } = serde_json::from_str(CATALOGUE).unwrap();
    let stocks: Vec<u32> =
        products.iter().flat_map(|item| &item.variants).map(|variant| variant.stock).collect();
    assert!(stocks.contains(&0) && stocks.contains(&1));
}
