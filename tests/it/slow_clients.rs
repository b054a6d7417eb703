//! Clients that send so little at a time that each of them holds a connection: heads and bodies, as `slowhttptest`
//! does it. They are let go of, and nobody else notices.

use std::time::Duration;

use tokio::process::Command;

use crate::world::{Browser, Stage};

const CONNECTIONS: &str = "200";
/// When the attack ends by itself, in seconds: longer than anybody may be slow.
const ENDS: &str = "90";
/// The longest that somebody else may wait for an answer, in seconds.
const UNAFFECTED: &str = "5";

#[tokio::test]
async fn heads_that_never_end_are_cut() {
    attack("/v1/products", &["-H", "-i", "2", "-x", "24"]).await;
}

#[tokio::test]
async fn bodies_that_trickle_are_cut() {
    let body = ["-B", "-i", "2", "-x", "10", "-s", "8192", "-t", "POST", "-f", "application/json"];
    attack("/v1/users", &body).await;
}

/// Attacks `path` in one of the ways, and looks at goods meanwhile.
async fn attack(path: &str, way: &[&str]) {
    let stage = Stage::with(&["gateway.address_rate = 0"]).await;
    stage.publish("teapot", 1999, 1).await;
    let guest = stage.guest();
    let url = format!("{}{path}", guest.base());
    let mut attack = Command::new("slowhttptest");
    attack.args(way).args(["-c", CONNECTIONS, "-r", CONNECTIONS, "-l", ENDS, "-p", UNAFFECTED]);
    let attack = attack.args(["-u", &url]).kill_on_drop(true).output();
    let told = tokio::select! {
        told = attack => told.expect("slowhttptest, which `cargo xtask test` installs"),
        never = look_around(&guest) => match never {},
    };
    let told = String::from_utf8_lossy(&told.stdout);
    let has = |text: &str| told.contains(text);
    assert!(has("No open connections left"), "somebody may be slow for ever: {told}");
    assert!(has("YES") && !has("NO "), "others were not answered: {told}");
}

/// Looks at the goods again and again.
async fn look_around(guest: &Browser) -> std::convert::Infallible {
    loop {
        guest.get("/v1/products").await.expect(200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
