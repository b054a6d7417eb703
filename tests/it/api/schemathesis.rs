//! schemathesis reads the document, sends what fits it and what does not, follows the links, and compares
//! every answer with what is documented.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::world::Stage;

/// How long it looks for something when it may do everything, and when most is forbidden, in seconds.
const SEARCH: u32 = 100;
const GLANCE: u32 = 45;
/// How long it may take altogether.
const LIMIT: Duration = Duration::from_mins(5);

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let stage = shop().await;
    let admin = stage.admin().await;
    find_nothing(&stage, &format!("Authorization: Bearer {}", admin.token()), SEARCH, &[]).await;
}

#[tokio::test]
async fn schemathesis_finds_nothing_as_a_customer() {
    let stage = shop().await;
    let ada = stage.shopper("Ada").await;
    find_nothing(&stage, &format!("Authorization: Bearer {}", ada.token()), GLANCE, &[]).await;
}

#[tokio::test]
async fn schemathesis_finds_nothing_as_a_guest() {
    let stage = shop().await;
    let guest = stage.visitor("a guest").await;
    let token = guest.guest_token().unwrap();
    // It cannot leave this header out, and would take it for an operation that asks for nothing.
    let unfit = ["--exclude-checks", "ignored_auth"];
    find_nothing(&stage, &format!("Guest-Token: {token}"), GLANCE, &unfit).await;
}

/// A shop with something on sale.
async fn shop() -> Stage {
    let stage = Stage::whole().await;
    stage.publish("teapot", 1999, 100_000).await;
    stage
}

/// Looks for as long as this, as somebody who sends this header.
async fn find_nothing(stage: &Stage, header: &str, seconds: u32, options: &[&str]) {
    let program = program();
    assert!(
        program.exists(),
        "{} is missing: `cargo xtask test` installs it there, or says why it cannot; set \
         RIALTO_TEST_SCHEMATHESIS to use another one",
        program.display()
    );
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/schemathesis.toml");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config).arg("run");
    command.arg(format!("{}/openapi.json", stage.guest().base()));
    command.args(["--header", header]).args(options);
    command.args(["--max-time", &seconds.to_string(), "--no-color"]);
    command.current_dir(stage.folder()).kill_on_drop(true).stdin(Stdio::null());
    let found = timeout(LIMIT, command.output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(found.status.success(), "schemathesis found something:\n{said}");
}

/// Where `cargo xtask test` installs it.
fn program() -> PathBuf {
    std::env::var_os("RIALTO_TEST_SCHEMATHESIS").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("../xtask/schemathesis/bin/st"),
        PathBuf::from,
    )
}
