//! What a saga costs, in SQL statements beside the two of the outbox.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use messaging::{Delivery, Failure, HandleReply};
use saga::{Engine, Saga, Status};
use storage::Tx;

use crate::{
    trip::{Parcel, Trip},
    world::World,
};

on_both! {
    starting_a_saga_is_one_statement,
    advancing_a_saga_is_one_statement_and_keeping_a_reply_is_another,
}

async fn starting_a_saga_is_one_statement(world: World) {
    let db = world.travel().await;
    let engine = world.engine(&db);
    let mut tx = db.begin().await.unwrap();
    let before = db.statements();
    engine.start(&mut tx, &Trip::new("rome")).await.unwrap();
    assert_eq!(db.statements() - before, 1);
    tx.commit().await.unwrap();
}

/// Counts the statements of the engine by the step that was answered.
struct Counting {
    engine: Arc<Engine>,
    counts: Mutex<BTreeMap<String, u64>>,
}

#[async_trait]
impl HandleReply for Counting {
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let before = tx.database().statements();
        self.engine.handle(tx, delivery).await?;
        let sent = tx.database().statements() - before;
        let correlation = delivery.envelope().correlation_id.clone().unwrap();
        let step = correlation.split('/').nth(2).unwrap().to_owned();
        // The relay uses the same database now and then: the least of several is the engine's.
        let mut counts = self.counts.lock().unwrap();
        let least = counts.entry(step).or_insert(sent);
        *least = sent.min(*least);
        Ok(())
    }
}

async fn counted<S: Saga>(world: &World, make: impl Fn(&str) -> S) -> BTreeMap<String, u64> {
    let db = world.travel().await;
    let engine = Arc::new(world.engine(&db));
    let counting = Arc::new(Counting { engine: engine.clone(), counts: Mutex::default() });
    let site = world.wire(db, engine, counting.clone()).await;
    for n in 0..20 {
        let id = site.begin(&make(&n.to_string())).await;
        site.reaches(&id, Status::Completed).await;
    }
    counting.counts.lock().unwrap().clone()
}

async fn advancing_a_saga_is_one_statement_and_keeping_a_reply_is_another(world: World) {
    let of = |counts: BTreeMap<String, u64>| counts.into_values().collect::<Vec<_>>();
    let parcel = of(counted(&world, |key| Parcel(Trip::new(key))).await);
    let noted = 1; // by the module itself
    assert_eq!(parcel, [1, 1 + noted, 1], "weigh, let go, track");
    let trip = of(counted(&world, |key| Trip::new(&format!("trip {key}"))).await);
    assert_eq!(trip, [1, 2 + noted, 1 + noted], "hotel, money, ticket");
}
