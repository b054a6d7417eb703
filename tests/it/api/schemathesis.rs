//! schemathesis reads the document, sends what fits it and what does not, follows the links, and compares
//! every answer with what is documented.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::world::Stage;

/// How long it looks for something, in seconds.
const SEARCH: u32 = 100;
/// How long it may take altogether.
const LIMIT: Duration = Duration::from_mins(5);

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let program = program();
    assert!(
        program.exists(),
        "{} is missing: `cargo xtask test` installs it there, or says why it cannot; set \
         RIALTO_TEST_SCHEMATHESIS to use another one",
        program.display()
    );
    let stage = Stage::whole().await;
    stage.publish("teapot", 1999, 100_000).await;
    let admin = stage.admin().await;
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/api/schemathesis.toml");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(config).arg("run");
    command.arg(format!("{}/openapi.json", admin.base()));
    command.args(["--header", &format!("Authorization: Bearer {}", admin.token())]);
    command.args(["--max-time", &SEARCH.to_string(), "--no-color"]);
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
