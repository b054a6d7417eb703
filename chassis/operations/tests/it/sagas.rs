//! A saga that stands still is found, looked into and sent on, and all of it is written down.

use std::{sync::Arc, time::Duration};

use host::Intent;
use kernel::{Clock, Command, Message, Never, PageRequest, SystemClock};
use operations::{Deed, Error, Operations, SagaRetry, Sagas};
use saga::{Engine, NoSteps, Plan, Progress, Saga, SagaId, Sealed, Status, Undoable, What};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::world::*;

on_both!(
    a_saga_that_stands_still_is_found_looked_into_and_sent_on,
    a_wish_that_comes_twice_under_one_key_sends_one_command,
    a_saga_of_another_version_is_shown_and_left_alone,
    a_module_without_sagas_has_none,
);

/// Asks somebody who never answers.
#[derive(Serialize, Deserialize)]
struct Knock {
    door: String,
}

impl Message for Knock {
    const CHANNEL: &'static str = "nobody.commands";
    const TYPE: &'static str = "knock";
    fn key(&self) -> String {
        self.door.clone()
    }
}

impl Command for Knock {
    type Reply = ();
    type Refusal = Never;
}

#[derive(Serialize, Deserialize)]
struct Visit {
    door: String,
}

impl Saga for Visit {
    const NAME: &'static str = "visit";
    type Change = Never;

    fn key(&self) -> String {
        self.door.clone()
    }

    fn plan(plan: Plan<Self, Undoable>) -> Sealed<Self> {
        plan.pivot().then("knock", |it| Knock { door: it.door.clone() }).done()
    }
}

/// A desk over a database in which these doors are visited.
async fn visiting(world: &World, doors: &[&str]) -> Arc<dyn Operations> {
    let engine = Engine::new(world.db.clone(), "ear.saga", Arc::new(SystemClock));
    let engine = Arc::new(engine.runs::<Visit>(Arc::new(NoSteps)));
    for door in doors {
        let mut tx = world.db.begin().await.unwrap();
        engine.start(&mut tx, &Visit { door: (*door).to_owned() }).await.unwrap();
        tx.commit().await.unwrap();
    }
    operations::desk(world.db.clone(), Arc::new(SystemClock), Some(engine), knows())
}

fn visit(door: &str) -> SagaId {
    SagaId::of::<Visit>(door)
}

fn wish(door: &str, key: Option<&str>) -> SagaRetry {
    let intent = key.map(|key| Intent::restored(key, "retry it"));
    SagaRetry { saga: visit(door), by: "ada".into(), intent }
}

async fn a_saga_that_stands_still_is_found_looked_into_and_sent_on(world: World) {
    let desk = visiting(&world, &["a", "b", "c"]).await;
    let found = async |wish: Sagas| desk.sagas(wish).await.unwrap();
    let first = PageRequest { limit: 2, after: None };
    let page = found(Sagas { page: first, ..Sagas::default() }).await;
    assert_eq!(page.items.iter().map(|it| &*it.id).collect::<Vec<_>>(), ["visit:a", "visit:b"]);
    let rest = PageRequest { limit: 2, after: page.next };
    let rest = found(Sagas { page: rest, ..Sagas::default() }).await;
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let standing = |status| Sagas { status: Some(status), ..Sagas::default() };
    assert_eq!(found(standing(Status::Running)).await.items.len(), 3);
    assert_eq!(found(standing(Status::Completed)).await.items.len(), 0);
    let still = |since| Sagas { stuck_since: Some(since), ..Sagas::default() };
    let now = SystemClock.now();
    assert_eq!(found(still(now.plus(Duration::from_secs(60)))).await.items.len(), 3);
    assert_eq!(found(still(now.minus(Duration::from_secs(60)))).await.items.len(), 0);

    assert_eq!(desk.retry_saga(wish("b", None)).await.unwrap().step, "knock");
    let seen = desk.saga(visit("b")).await.unwrap();
    assert_eq!(seen.saga.steps[0].progress, Progress::UnderWay);
    let told: Vec<_> = seen.saga.log.iter().map(|it| it.what).collect();
    assert_eq!(told, [What::Started, What::Again]);
    let audit = &seen.audit[0];
    assert_eq!((&*audit.actor, audit.deed), ("ada", Deed::Retry));
    assert_eq!(audit.before, json!({ "status": "running", "step": "knock" }));
    assert!(desk.saga(visit("a")).await.unwrap().audit.is_empty());
    let unknown = desk.retry_saga(wish("z", None)).await.unwrap_err();
    assert_eq!(unknown, Error::UnknownSaga(visit("z")));
}

async fn a_wish_that_comes_twice_under_one_key_sends_one_command(world: World) {
    let desk = visiting(&world, &["a"]).await;
    let first = desk.retry_saga(wish("a", Some("k"))).await.unwrap();
    let again = desk.retry_saga(wish("a", Some("k"))).await.unwrap();
    assert_eq!((first.replayed, again.replayed, &first.step), (false, true, &again.step));
    assert_eq!(desk.saga(visit("a")).await.unwrap().saga.log.len(), 2);
}

async fn a_saga_of_another_version_is_shown_and_left_alone(world: World) {
    visiting(&world, &["a"]).await;
    let engine = Engine::new(world.db.clone(), "ear.saga", Arc::new(SystemClock));
    let desk =
        operations::desk(world.db.clone(), Arc::new(SystemClock), Some(Arc::new(engine)), knows());
    let seen = desk.saga(visit("a")).await.unwrap().saga;
    assert!(!seen.summary.known && seen.steps.is_empty() && seen.log.len() == 1);
    let refused = desk.retry_saga(wish("a", None)).await.unwrap_err();
    assert_eq!(refused, Error::Foreign(visit("a")));
    assert!(desk.saga(visit("a")).await.unwrap().audit.is_empty());
}

async fn a_module_without_sagas_has_none(world: World) {
    assert_eq!(world.desk.sagas(Sagas::default()).await.unwrap().items, []);
    let unknown = Error::UnknownSaga(visit("a"));
    assert_eq!(world.desk.saga(visit("a")).await.unwrap_err(), unknown);
    assert_eq!(world.desk.retry_saga(wish("a", None)).await.unwrap_err(), unknown);
}
