//! A poisoned message is found, looked at, mended, tried again or given up, and all of it is written down.

use host::Intent;
use kernel::{Message, PageRequest, Version};
use operations::{Audits, Change, Deed, Edit, Error, MessageId, Messages, State};
use sea_orm::ConnectionTrait;
use serde_json::{json, value::to_raw_value};

use crate::world::*;

on_both!(
    a_poisoned_message_is_mended_tried_again_and_applied_in_its_place,
    a_message_that_is_given_up_lets_its_key_go_on,
    whatever_is_done_is_written_down_with_who_did_it_and_how_it_was,
    what_is_parked_is_read_in_pages_and_by_what_is_known_of_it,
    who_looked_at_an_older_version_changes_nothing,
    a_wish_that_comes_twice_under_one_key_is_done_once,
    one_key_for_two_wishes_is_refused,
    an_envelope_that_cannot_be_read_is_not_edited_but_given_up,
    a_message_that_is_gone_is_unknown,
);

fn edit(change: Change, payload: serde_json::Value) -> Edit {
    Edit { change, payload: to_raw_value(&payload).unwrap() }
}

fn meant(change: Change, what: &str) -> Change {
    Change { intent: Some(Intent::restored("a key", what)), ..change }
}

async fn a_poisoned_message_is_mended_tried_again_and_applied_in_its_place(world: World) {
    world.publish("k", &[Some(1), None, Some(3)]).await;
    world.publish("other", &[Some(11)]).await;
    assert_eq!((world.noted("k").await, world.noted("other").await), (vec![1], vec![11]));
    let parked = world.parked().await;
    let seen: Vec<_> = parked.iter().map(|it| (it.place.seq, it.state, it.waits_for)).collect();
    assert_eq!(seen, [(2, State::Dead, 0), (3, State::Waiting, 1)]);

    let id = MessageId::of(&parked[0].place);
    let found = world.desk.message(id).await.unwrap();
    assert!(found.message.reason.contains("missing field `n`"), "{}", found.message.reason);
    assert_eq!((found.behind, found.audit.len()), (1, 0));

    let mended = edit(World::wish(&parked[0]), json!({ "key": "k", "n": 2 }));
    let mended = world.desk.edit(mended).await.unwrap().message;
    assert_eq!((mended.state, mended.envelope.id), (State::Dead, parked[0].envelope.id));
    world.desk.retry(World::wish(&mended)).await.unwrap();
    world.until_nothing_is_parked().await;
    assert_eq!(world.noted("k").await, [1, 2, 3]);
}

async fn a_message_that_is_given_up_lets_its_key_go_on(world: World) {
    world.publish("k", &[None, Some(2)]).await;
    let parked = world.parked().await;
    let dropped = world.desk.discard(World::wish(&parked[0])).await.unwrap().message;
    assert_eq!(dropped.state, State::Dropped);
    world.until_nothing_is_parked().await;
    assert_eq!(world.noted("k").await, [2]);
}

async fn whatever_is_done_is_written_down_with_who_did_it_and_how_it_was(world: World) {
    world.publish("k", &[Some(1), None, Some(3)]).await;
    let parked = world.parked().await;
    let (poisoned, behind) = (World::wish(&parked[0]), World::wish(&parked[1]));
    world.desk.edit(edit(behind.clone(), json!({ "key": "k", "n": 33 }))).await.unwrap();
    world.desk.discard(behind.clone()).await.unwrap();
    world.desk.discard(behind.clone()).await.unwrap();
    let told = world.desk.message(behind.id.clone()).await.unwrap().audit;
    let deeds: Vec<_> = told.iter().map(|it| (&*it.actor, it.deed)).collect();
    assert_eq!(deeds, [("ada", Deed::Drop), ("ada", Deed::Edit)], "the newest first");
    assert_eq!(told[1].before, json!({ "payload": { "key": "k", "n": 3 } }));
    assert_eq!(told[1].after, json!({ "payload": { "key": "k", "n": 33 } }));
    assert_eq!(told[0].before["state"], "waiting");
    assert_eq!(told[0].after["state"], "dropped");

    world.desk.discard(poisoned.clone()).await.unwrap();
    world.until_nothing_is_parked().await;
    let about = |subject, limit, after| Audits { subject, page: PageRequest { limit, after } };
    let first = world.desk.audit(about(None, 2, None)).await.unwrap();
    assert_eq!(first.items[0].subject, poisoned.id.to_string(), "it is told though it is gone");
    let rest = world.desk.audit(about(None, 2, first.next)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let of_it = about(Some(poisoned.id.to_string()), 20, None);
    assert_eq!(world.desk.audit(of_it).await.unwrap().items.len(), 1);
}

async fn what_is_parked_is_read_in_pages_and_by_what_is_known_of_it(world: World) {
    for key in ["a", "b", "c"] {
        world.publish(key, &[None, Some(2)]).await;
    }
    let all = world.parked().await;
    assert_eq!(all.len(), 6);
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let wish = Messages { page: PageRequest { limit: 4, after }, ..Messages::default() };
        let page = world.desk.messages(wish).await.unwrap();
        read.extend(page.items.into_iter().map(|it| it.place));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(read, all.iter().map(|it| it.place.clone()).collect::<Vec<_>>());
    let found = async |wish: Messages| world.desk.messages(wish).await.unwrap().items.len();
    let none = Messages::default;
    assert_eq!(found(Messages { key: Some("b".into()), ..none() }).await, 2);
    assert_eq!(found(Messages { state: Some(State::Dead), ..none() }).await, 3);
    assert_eq!(found(Messages { channel: Some(Counted::CHANNEL.into()), ..none() }).await, 6);
    assert_eq!(found(Messages { group: Some("nobody".into()), ..none() }).await, 0);
    let page = PageRequest { limit: 4, after: Some("nothing".into()) };
    let refused = world.desk.messages(Messages { page, ..none() }).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
}

async fn who_looked_at_an_older_version_changes_nothing(world: World) {
    world.publish("k", &[None]).await;
    let seen = world.parked().await.remove(0);
    let wish = Change { based_on: Some(seen.version), ..World::wish(&seen) };
    let edited = world.desk.edit(edit(wish.clone(), json!(1))).await.unwrap().message;
    let refused = world.desk.discard(wish.clone()).await.unwrap_err();
    assert_eq!(refused, Error::Stale(edited.version));
    let now = Change { based_on: Some(edited.version), ..wish };
    assert_eq!(world.desk.discard(now).await.unwrap().message.state, State::Dropped);
}

async fn a_wish_that_comes_twice_under_one_key_is_done_once(world: World) {
    world.publish("k", &[None]).await;
    let wish = meant(World::wish(&world.parked().await[0]), "drop it");
    let first = world.desk.discard(wish.clone()).await.unwrap();
    world.until_nothing_is_parked().await;
    let again = world.desk.discard(wish.clone()).await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(again.message.version, first.message.version);

    world.publish("twins", &[None]).await;
    let wish = meant(World::wish(&world.parked().await[0]), "edit it");
    let wish = Change { intent: Some(Intent::restored("another", "edit it")), ..wish };
    let twin = || world.desk.edit(edit(wish.clone(), json!({ "key": "twins" })));
    let (one, other) = tokio::join!(twin(), twin());
    let replayed = [one.unwrap().replayed, other.unwrap().replayed];
    assert_eq!(replayed.iter().filter(|it| **it).count(), 1);
    let found = world.desk.message(wish.id).await.unwrap();
    assert_eq!((found.message.version, found.audit.len()), (Version::FIRST.next(), 1));
}

async fn one_key_for_two_wishes_is_refused(world: World) {
    world.publish("k", &[None]).await;
    let wish = World::wish(&world.parked().await[0]);
    let say = |what| edit(meant(wish.clone(), what), json!({ "key": "k" }));
    world.desk.edit(say("one thing")).await.unwrap();
    assert_eq!(world.desk.edit(say("another")).await.unwrap_err(), Error::KeyReused);
}

async fn an_envelope_that_cannot_be_read_is_not_edited_but_given_up(world: World) {
    let tx = world.db.begin().await.unwrap();
    let outbox = "INSERT INTO outbox (shard, channel, key, seq, kind, envelope) \
                  VALUES (0, 'ear.count', 'k', 1, 'event', 'no envelope')";
    tx.execute_unprepared(outbox).await.unwrap();
    let head = "INSERT INTO stream_head (channel, key, last_seq) VALUES ('ear.count', 'k', 1)";
    tx.execute_unprepared(head).await.unwrap();
    tx.commit().await.unwrap();
    world.publish("k", &[Some(2)]).await;
    let parked = world.parked().await;
    assert!(parked[0].reason.contains("broken"), "{}", parked[0].reason);
    let wish = World::wish(&parked[0]);
    let refused = world.desk.edit(edit(wish.clone(), json!(1))).await.unwrap_err();
    assert_eq!(refused, Error::BeyondRepair(wish.id.clone()));
    world.desk.discard(wish).await.unwrap();
    world.until_nothing_is_parked().await;
    assert_eq!(world.noted("k").await, [2]);
}

async fn a_message_that_is_gone_is_unknown(world: World) {
    world.publish("k", &[None]).await;
    let wish = World::wish(&world.parked().await[0]);
    world.desk.discard(wish.clone()).await.unwrap();
    world.until_nothing_is_parked().await;
    let unknown = Error::UnknownMessage(wish.id.clone());
    assert_eq!(world.desk.message(wish.id.clone()).await.unwrap_err(), unknown);
    assert_eq!(world.desk.retry(wish).await.unwrap_err(), unknown);
}
