//! What the binary says to whoever starts it.

use std::process::Output;

use rialto::wiring;

use crate::world::{Stage, rialto};

/// Standard error, from a command that failed.
fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_demonstration_is_refused_where_others_can_reach_it() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lines = ["demo = true".to_owned()];
    let serve = rialto().args(["serve", "--listen", "0.0.0.0:0"]).settings(folder.path(), &lines);
    let said = complaint(&serve.run().await);
    assert!(said.contains("demo = true is refused on 0.0.0.0:0"), "{said}");
    assert!(said.contains("Set demo = false"), "{said}");
}

#[tokio::test]
async fn a_busy_port_says_what_to_do() {
    let stage = Stage::whole().await;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let guest = stage.guest();
    let address = guest.base().strip_prefix("http://").unwrap();
    let second = rialto().args(["serve", "--listen", address]).settings(folder.path(), &[]);
    let said = complaint(&second.run().await);
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    assert!(said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn a_misspelt_key_names_the_right_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lines = ["http.publik = \"127.0.0.1:0\"".to_owned()];
    let said = complaint(&rialto().args(["serve"]).settings(folder.path(), &lines).run().await);
    assert!(said.contains("did you mean `public`?"), "{said}");
}

#[tokio::test]
async fn the_modules_and_the_configuration_can_be_asked_for() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let modules = said(&rialto().args(["modules"]).settings(folder.path(), &[]).run().await);
    for module in wiring::MODULES {
        assert!(modules.contains(module.name), "{modules}");
    }
    let config = said(&rialto().args(["config"]).settings(folder.path(), &[]).run().await);
    let origin = |key: &str| config.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(origin("storage.url").ends_with("# the command line"), "{config}");
    assert!(origin("http.deadline").ends_with("# the defaults"), "{config}");
}

#[tokio::test]
async fn migrations_are_applied_once_and_listed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let migrate =
        async |words: &[&str]| said(&rialto().args(words).settings(folder.path(), &[]).run().await);
    let first = migrate(&["migrate"]).await;
    let second = migrate(&["migrate"]).await;
    assert_ne!(first, second);
    let status = migrate(&["migrate", "--status"]).await;
    for module in wiring::MODULES.iter().filter(|module| module.tables) {
        assert!(status.contains(module.name), "{status}");
    }
}

#[tokio::test]
async fn a_doctor_finds_a_healthy_shop_healthy() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lines = ["http.public = \"127.0.0.1:0\"".to_owned()];
    said(&rialto().args(["migrate"]).settings(folder.path(), &lines).run().await);
    said(&rialto().args(["doctor"]).settings(folder.path(), &lines).run().await);
}

#[tokio::test]
async fn a_doctor_says_whether_the_transaction_log_can_be_followed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let url = testkit::postgres().await;
    let lines = [
        "http.public = \"127.0.0.1:0\"".to_owned(),
        format!("storage.url = \"{url}\""),
        "messaging.modules.orders = \"log\"".to_owned(),
    ];
    let found = said(&rialto().args(["doctor"]).settings(folder.path(), &lines).run().await);
    assert!(found.contains("transaction log of orders: it can be followed"), "{found}");
    assert!(!found.contains("transaction log of users"), "{found}");
}

#[tokio::test]
async fn an_administrator_without_a_chosen_password_gets_a_random_one() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let create = ["admin", "create", "--email", "boss@example.com"];
    let made = said(&rialto().args(create).settings(folder.path(), &[]).run().await);
    let password = made.lines().find_map(|line| line.strip_prefix("password")).unwrap();
    assert!(password.split_whitespace().next().unwrap().len() >= 16, "{made}");
    let twice = rialto().args(create).settings(folder.path(), &[]).run().await;
    assert!(!complaint(&twice).is_empty());
}

#[tokio::test]
async fn a_stopped_shop_answers_nobody() {
    let stage = Stage::whole().await;
    stage.stop_all().await;
    assert!(stage.guest().try_get("/livez").await.is_err());
}

#[tokio::test]
async fn a_topology_is_checked_shown_and_rendered() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/split.toml");
    let ask = async |words: &[&str]| {
        said(&rialto().args(words).args(["--config", file]).within(folder.path()).run().await)
    };
    assert!(ask(&["topology", "check"]).await.contains("shop (users, products, carts)"));
    assert!(ask(&["topology", "graph"]).await.contains("orders     → carts      http"));
    let mermaid = ask(&["topology", "graph", "--format", "mermaid"]).await;
    assert!(mermaid.starts_with("flowchart LR"), "{mermaid}");
    let compose = ask(&["topology", "render", "compose"]).await;
    assert!(compose.contains("services:") && compose.contains("checkout-data:"), "{compose}");
}

#[tokio::test]
async fn a_topology_that_cannot_work_is_refused_with_all_that_is_wrong() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("mine.toml");
    let wrong = "topology.bus = 'in-process'\n\
                 topology.edges.'carts -> payments' = 'rabbitmq'\n\
                 [topology.processes.edge]\nmodules = ['gateway', 'user']\ninternal = '127.0.0.1:9000'\n\
                 [topology.processes.shop]\nmodules = ['users', 'products', 'carts', 'orders', 'payments']\n";
    std::fs::write(&file, wrong).unwrap();
    let check = rialto().args(["topology", "check", "--config"]).args([file.to_string_lossy()]);
    let said = complaint(&check.within(folder.path()).run().await);
    for sentence in [
        "did you mean users?",
        "deliveries lives nowhere",
        "shop has no internal address",
        "reaches one process only",
        "there is no such call",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
    let serve = rialto().args(["serve", "--config"]).args([file.to_string_lossy()]);
    assert_eq!(serve.within(folder.path()).run().await.status.code(), Some(2), "it does not start");
}

#[tokio::test]
async fn processes_without_a_common_secret_do_not_start() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/split.toml");
    let lines = ["topology.processes.shop.internal = \"127.0.0.1:0\"".to_owned()];
    let serve = rialto().args(["serve", "--process", "shop", "--config", file]);
    let said = complaint(&serve.within(folder.path()).set(&lines).run().await);
    assert!(said.contains("RIALTO_TOPOLOGY__SECRET"), "{said}");
    let serve = rialto().args(["serve", "--config", file]).within(folder.path());
    assert!(complaint(&serve.run().await).contains("--process (checkout, edge, shop)"));
}
