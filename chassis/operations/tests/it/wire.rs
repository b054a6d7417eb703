//! The operations of a module are asked at the module's own door, and are not in its way.

use std::sync::Arc;

use operations::{Error, Messages, answer, elsewhere};
use ports::{Call, Outcome, Reply, Transport, Unreachable, async_trait};

use crate::world::*;

on_both!(a_module_elsewhere_is_asked_through_its_own_door);

/// A module that answers the name of what it is asked.
struct Echo;

#[async_trait]
impl Transport for Echo {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let body = format!("{}.{}", call.module, call.method).into();
        Ok(Reply { outcome: Outcome::Done, body, age: None })
    }
}

/// Whoever asks through it wants to know what passes.
struct Glass(Arc<dyn Transport>);

#[async_trait]
impl Transport for Glass {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        assert_eq!((&*call.module, &*call.method), ("ear", "operations.messages"));
        self.0.call(call).await
    }
}

async fn a_module_elsewhere_is_asked_through_its_own_door(world: World) {
    world.publish("k", &[None]).await;
    let door = answer(Arc::new(Echo), world.desk.clone());
    let desk = elsewhere("ear", Arc::new(Glass(door.clone())));
    let found = desk.messages(Messages::default()).await.unwrap();
    assert_eq!(found.items[0].envelope.payload.get(), r#"{"key":"k"}"#);

    let headers = ports::Context::current().into();
    let (module, method) = ("ear".into(), "messages".into());
    let body = Default::default();
    let own = Call { module, method, kind: ports::Kind::Query, headers, body };
    assert_eq!(door.call(own).await.unwrap().body, "ear.messages", "a method of the same name");

    let deaf = elsewhere("ear", Arc::new(Deaf));
    let lost = deaf.messages(Messages::default()).await.unwrap_err();
    assert!(matches!(lost, Error::Unreachable(_)), "{lost}");
}

struct Deaf;

#[async_trait]
impl Transport for Deaf {
    async fn call(&self, _: Call) -> Result<Reply, Unreachable> {
        Err(Unreachable::DeadlineExceeded)
    }
}
