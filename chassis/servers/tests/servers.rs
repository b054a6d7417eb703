//! Private servers start, die, come back on what they had, and leave nothing behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};

use servers::{Postgres, RabbitMq};

async fn folder() -> PathBuf {
    servers::folder(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers")).await.unwrap()
}

fn accepts(url: &str) -> bool {
    let (_, place) = url.split_once('@').unwrap();
    let (address, _) = place.split_once('/').unwrap();
    std::net::TcpStream::connect(address).is_ok()
}

#[tokio::test]
async fn a_postgres_server_comes_back_where_it_was_killed() {
    let folder = folder().await;
    let mut server = Postgres::start(&folder).await.unwrap();
    let url = server.url();
    assert!(accepts(&url));
    server.kill().await.unwrap();
    assert!(!accepts(&url));
    server.restart().await.unwrap();
    assert!(accepts(&url) && server.url() == url);
    server.stop().await.unwrap();
    assert!(!accepts(&url) && !folder.join("postgres").exists());
}

#[tokio::test]
async fn a_rabbitmq_server_comes_back_where_it_was_killed_and_is_controlled() {
    let folder = folder().await;
    let mut server = RabbitMq::start(&folder).await.unwrap();
    let url = server.url();
    server.ctl(&["add_vhost", "kept"]).await.unwrap();
    server.kill().await.unwrap();
    assert!(!accepts(&url));
    server.restart().await.unwrap();
    assert!(accepts(&url) && server.url() == url);
    assert!(server.ctl(&["list_vhosts"]).await.unwrap().contains("kept"));
    assert!(server.ctl(&["no_such_command"]).await.is_err());
    server.stop().await.unwrap();
    assert!(!accepts(&url) && !folder.join("rabbitmq").exists());
}
