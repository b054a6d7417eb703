//! Guards are taken away one at a time, and each time the books must show it: a check that never fails
//! checks nothing.

use super::{On, Story, life};

/// Lives through a story without `guard`, dying at `place` first, and gives what is wrong in the end.
async fn without(guard: &str, place: Option<&str>) -> Vec<String> {
    let story = Story::new(On::Sqlite).await;
    let off = ("RIALTO_GUARDS_OFF", guard);
    if let Some(place) = place {
        let ended = story.life(&[off, ("RIALTO_FAULT", place), (life::SLOW, "1")]).await;
        assert!(!ended.success(), "nobody died at {place}");
    }
    let ended = story.life(&[off]).await;
    let mut wrong = story.audit().await;
    if !ended.success() {
        wrong.push(format!("it came to no end: {ended}"));
    }
    wrong
}

async fn is_needed(guard: &str, place: Option<&str>) {
    let wrong = without(guard, place).await;
    assert!(!wrong.is_empty(), "nobody misses the guard {guard:?}");
    println!("without {guard}: {}", wrong.join("; "));
}

#[tokio::test]
async fn with_all_guards_the_books_are_right() {
    for place in ["consume.committed:10", "consume.handled:10"] {
        assert_eq!(without("", Some(place)).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_the_mark_a_message_is_applied_twice() {
    is_needed("mark", Some("consume.committed:10")).await;
}

#[tokio::test]
async fn without_holding_back_a_key_gets_out_of_order() {
    is_needed("order", None).await;
}

#[tokio::test]
async fn without_parking_a_message_that_failed_is_lost() {
    is_needed("park", None).await;
}

#[tokio::test]
async fn without_waiting_for_the_subscriber_the_outbox_forgets_what_was_not_applied() {
    is_needed("reclaim", Some("consume.handled:10")).await;
}
