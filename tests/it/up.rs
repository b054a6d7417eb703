//! `rialto up`: a whole topology in one terminal.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
};

use servers::{Port, Signal, is_alive, send};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::world::{Browser, Patience, eventually};

const PROCESSES: [&str; 3] = ["edge", "shop", "checkout"];

/// A terminal in which everything was started.
struct Terminal {
    child: Child,
    folder: TempDir,
    public: String,
    _ports: Vec<Port>,
}

impl Terminal {
    fn open() -> Self {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let ports: Vec<_> = (0..4).map(|_| Port::take(&tmp.join("ports")).unwrap()).collect();
        let folder = tempfile::tempdir_in(tmp).unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/split.toml");
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
        command.arg("up").arg("--config").arg(file).current_dir(folder.path());
        let public = ports[0].address().to_string();
        for (name, port) in PROCESSES.iter().zip(&ports[1..]) {
            let line = format!("topology.processes.{name}.internal = \"{}\"", port.address());
            command.args(["--set", &line]);
        }
        command.args(["--set", &format!("topology.processes.edge.public = \"{public}\"")]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.kill_on_drop(true).spawn().unwrap();
        Self { child, folder, public, _ports: ports }
    }

    fn log(&self) -> String {
        let log: PathBuf = self.folder.path().join("log");
        String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned()
    }

    /// What `name` was last said to do, after the dashes.
    fn state(&self, name: &str) -> String {
        let log = self.log();
        let of = |line: &str| {
            let (who, told) = line.split_once('│')?;
            (who.trim() == name).then(|| told.trim().strip_prefix("── ").map(str::to_owned))?
        };
        log.lines().rev().find_map(of).unwrap_or_default()
    }

    /// Waits until `name` is ready as another process than `before`, and gives its number.
    async fn ready(&self, name: &str, before: Option<u32>) -> u32 {
        let ready = async || {
            let pid = self.state(name).strip_prefix("ready as ")?.parse().ok()?;
            (Some(pid) != before).then_some(pid)
        };
        eventually(&format!("{name} is ready"), Patience::START, ready).await
    }

    async fn all_ready(&self) -> Vec<u32> {
        let mut pids = Vec::new();
        for name in PROCESSES {
            pids.push(self.ready(name, None).await);
        }
        pids
    }

    async fn open_shop(&self) -> Browser {
        let shop = Browser::to(vec![format!("http://{}", self.public)]);
        let open = async || (shop.try_get("/v1/products").await.ok()?.status == 200).then_some(());
        eventually("the shop is open", Patience::START, open).await;
        shop
    }
}

async fn gone(pids: &[u32]) {
    let gone = async || pids.iter().all(|pid| !is_alive(*pid)).then_some(());
    eventually("all processes are gone", Patience::START, gone).await;
}

#[tokio::test]
async fn everything_is_started_what_dies_is_started_again_and_a_signal_drains_all() {
    let mut terminal = Terminal::open();
    let pids = terminal.all_ready().await;
    let shop = terminal.open_shop().await;
    let page = shop.get("/v1/products?limit=100").await.expect(200);
    assert!(page["items"].as_array().unwrap().len() >= 60, "the demonstration is there");
    for column in ["process", "state", "internal", "checkout", "orders"] {
        assert!(terminal.log().contains(column), "no {column} in the table");
    }

    send(Signal::KILL, pids[1]).unwrap();
    let again = terminal.ready("shop", Some(pids[1])).await;
    assert!(terminal.log().contains("was killed; starts again in"), "{}", terminal.log());
    terminal.open_shop().await;

    send(Signal::TERM, terminal.child.id().unwrap()).unwrap();
    let ended = tokio::time::timeout(Patience::START, terminal.child.wait()).await;
    assert!(ended.expect("it stops").unwrap().success(), "{}", terminal.log());
    gone(&[pids[0], again, pids[2]]).await;
    let log = terminal.log();
    let place = |told: &str| log.rfind(told).unwrap_or_else(|| panic!("no {told:?} in {log}"));
    assert!(
        place("edge     │ ── stopped") < place("shop     │ ── draining"),
        "the edge goes first"
    );
    for name in PROCESSES {
        assert_eq!(terminal.state(name), "stopped", "{log}");
    }
}

#[tokio::test]
async fn nobody_is_left_behind_when_it_is_killed() {
    let mut terminal = Terminal::open();
    let pids = terminal.all_ready().await;
    terminal.child.kill().await.unwrap();
    gone(&pids).await;
}
