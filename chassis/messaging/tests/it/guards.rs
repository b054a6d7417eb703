//! Guards of the relay are taken away one at a time, and each time a test must notice. What subscribers and sagas
//! guard is taken away beside the sagas' crash tests.

use std::{env, process::Stdio};

use tokio::process::Command;

/// Runs one test of this program without `guard`, and tells whether it failed.
async fn fails_without(guard: &str, test: &str) -> bool {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args([test, "--exact", "--test-threads=1"]).env("RIALTO_GUARDS_OFF", guard);
    let ended = child.stderr(Stdio::null()).kill_on_drop(true).output().await.unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(said.contains("running 1 test\n"), "there is no test {test}\n{said}");
    println!("without {guard:?}: {said}");
    !ended.status.success()
}

async fn is_needed(guard: &str, test: &str) {
    assert!(!fails_without("", test).await, "{test} fails with all guards");
    assert!(fails_without(guard, test).await, "nobody misses the guard {guard:?}");
}

#[tokio::test]
async fn without_the_fence_a_relay_removes_what_its_successor_answers_for() {
    is_needed("fence", "relay::every::ticks::whoever_lost_its_lease_removes_nothing").await;
}

#[tokio::test]
async fn without_sorting_by_position_a_message_overtakes_an_earlier_one() {
    is_needed("sort", "relay::foreign::ticks::what_is_found_together_is_handed_out_in_order").await;
}

#[tokio::test]
async fn without_the_mark_an_instance_that_has_lost_its_shard_doubles_messages() {
    let test = "bus::instances::whoever_has_lost_a_shard_and_goes_on_doubles_and_reorders_nothing";
    is_needed("mark", test).await;
}
