//! Every journey in every world.
//!
//! A world plays all journeys: those with the same settings in one shop, several at once. `RIALTO_RECORD=1`
//! records their transcripts anew, from the whole shop on SQLite; `JOURNEYS=word` plays those only whose names
//! contain the word.

use std::{collections::BTreeMap, env, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures::{FutureExt, StreamExt, stream};

use crate::{
    books::Books,
    journeys::{ALL, Journey, Shop, said},
    world::{Deployment, World},
};

/// Says which journeys are played, by a part of their names.
const ONLY: &str = "JOURNEYS";

/// Journeys that are played at once in one shop.
const AT_ONCE: usize = 4;

macro_rules! worlds {
    ($($world:ident => $deployment:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $world() {
            play_all_in(Deployment::$deployment).await;
        }
    )+};
}

worlds! {
    whole_on_sqlite => WHOLE_ON_SQLITE;
    whole_on_postgres => WHOLE_ON_POSTGRES;
    split_over_http_on_sqlite => SPLIT_OVER_HTTP;
    split_over_rabbitmq_on_sqlite => SPLIT_OVER_RABBITMQ;
    services_over_http_on_postgres => SERVICES_OVER_HTTP;
    services_over_rabbitmq_on_postgres => SERVICES_OVER_RABBITMQ;
    replicas_on_postgres => REPLICAS;
    replicas_behind_a_gateway_on_postgres => REPLICAS_BEHIND_A_GATEWAY;
}

/// Plays all journeys and fails with everything that went wrong.
async fn play_all_in(deployment: Deployment) {
    let begun = Instant::now();
    let only = env::var(ONLY).unwrap_or_default();
    let chosen = ALL.iter().filter(|journey| journey.name.contains(&only));
    let mut shops: BTreeMap<Shop, Vec<&Journey>> = BTreeMap::new();
    for journey in chosen {
        shops.entry(journey.shop).or_default().push(journey);
    }
    let mut failures = Vec::new();
    for (Shop { settings, alone }, journeys) in shops {
        let opening = Instant::now();
        let world = Arc::new(World::open(deployment, settings).await);
        let opened = opening.elapsed();
        let at_once = if alone { 1 } else { AT_ONCE };
        let plays = journeys.iter().map(|journey| journey.play_in(&world));
        let outcomes: Vec<_> = stream::iter(plays).buffer_unordered(at_once).collect().await;
        eprintln!(
            "{} journeys with {settings:?}: opened in {opened:.1?}, played in {:.1?}",
            journeys.len(),
            opening.elapsed() - opened
        );
        let mut failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() {
            let closing = AssertUnwindSafe(close(&world)).catch_unwind().await;
            failed.extend(closing.err().map(|surprise| format!("the end: {}", said(&*surprise))));
        }
        if !failed.is_empty() {
            eprintln!("{}\n{}", failed.join("\n"), world.ends());
        }
        failures.extend(failed);
    }
    eprintln!("{} took {:.1?}", deployment.name, begun.elapsed());
    let list: Vec<String> = failures.iter().map(|failure| format!("  {failure}")).collect();
    let count = failures.len();
    assert!(failures.is_empty(), "{count} failed in {}:\n{}", deployment.name, list.join("\n"));
}

/// Stops the shop and looks whether everything that was begun has ended well.
async fn close(world: &World) {
    let begun = Instant::now();
    let books = Books::of(world).await;
    books.settled().await;
    world.stop_all().await;
    if !books.is_quiet().await {
        world.start_all().await;
        books.quiet().await;
        world.stop_all().await;
    }
    books.check().await;
    if let Some(stripe) = world.stripe() {
        assert_eq!(stripe.wrong(), Vec::<String>::new(), "Stripe does not like what it was asked");
        assert_eq!(stripe.kept().0, books.kept_by("stripe").await);
    }
    eprintln!("closed in {:.1?}", begun.elapsed());
}
