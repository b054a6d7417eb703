//! The shop under load: a release build on a folder of its own, in one process or in several.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use servers::{Signal, send};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::topology::{Plan, Process, Topology};
use crate::usage::Usage;
use crate::workspace;

/// Who puts the goods on sale.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery staple");

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(2);

/// The whole load comes from one address, which is no attack here.
const SETTINGS: [&str; 3] = ["demo = false", "gateway.address_rate = 0", "gateway.user_rate = 0"];

/// A path of each module that customers go to. A gateway that has not heard of the module yet answers
/// [`UNAVAILABLE`].
const PATHS: [&str; 6] = [
    "/v1/users/me",
    "/v1/products",
    "/v1/carts/unknown",
    "/v1/orders/unknown",
    "/v1/payments/unknown",
    "/v1/delivery-methods",
];
const UNAVAILABLE: u16 = 503;

/// A running shop.
pub(crate) struct Shop {
    children: Vec<(String, Child)>,
    folder: PathBuf,
    /// `http://127.0.0.1:…`
    pub(crate) base: String,
    /// The size of the binary in bytes.
    pub(crate) binary: u64,
    /// From the start of the first process until all of them say that they are ready, with tables in place.
    pub(crate) start: Duration,
    /// Kept for the ports that it holds.
    _plan: Plan,
}

impl Shop {
    /// Of the release build.
    pub(crate) async fn open(topology: Topology, settings: &[String]) -> Result<Self> {
        Self::of(None, topology, settings).await
    }

    /// Of `binary`, or of the release build.
    pub(crate) async fn of(
        binary: Option<&Path>,
        topology: Topology,
        settings: &[String],
    ) -> Result<Self> {
        let target = workspace::metadata()?.target_directory;
        let release = target.join("release").join("rialto").into_std_path_buf();
        let binary = binary.map_or(Ok(release), Path::canonicalize)?;
        let folder = format!("bench-checkout-{topology}-{}", std::process::id());
        let folder = target.join(folder).into_std_path_buf();
        fs::create_dir_all(&folder)?;
        let plan = topology.plan(target.join("bench-ports").as_std_path())?;
        let rialto = |words: &[&str]| {
            let mut command = Command::new(&binary);
            command.current_dir(&folder).kill_on_drop(true).args(words).arg("--data").arg(&folder);
            for line in SETTINGS.iter().copied().chain(settings.iter().map(String::as_str)) {
                command.args(["--set", line]);
            }
            command
        };
        let (email, password) = ADMIN;
        let create = rialto(&["admin", "create", "--email", email, "--password-stdin"]);
        run(create, password).await?;

        let begun = Instant::now();
        let mut children = Vec::new();
        for process in &plan.processes {
            let words: Vec<&str> = process.command.iter().map(String::as_str).collect();
            let mut command = rialto(&words);
            let log = File::create(folder.join(format!("{}.log", process.name)))?;
            command.args(&plan.shared).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            children.push((process.name.clone(), command.spawn()?));
        }
        let base = format!("http://{}", plan.public);
        timeout(PATIENCE, ready(&plan.processes, &base)).await.with_context(|| {
            format!("the shop does not become ready: see the logs in {}", folder.display())
        })??;
        let start = begun.elapsed();
        let binary = fs::metadata(&binary)?.len();
        Ok(Self { children, folder, base, binary, start, _plan: plan })
    }

    /// Where its databases are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many processes it is.
    pub(crate) fn processes(&self) -> usize {
        self.children.len()
    }

    /// What its processes have cost so far, together.
    pub(crate) fn usage(&self) -> Result<Usage> {
        self.children.iter().map(|(name, child)| Usage::of(id(name, child)?)).sum()
    }

    /// Stops it and removes its folder.
    pub(crate) async fn close(mut self) -> Result<()> {
        for (name, child) in &self.children {
            send(Signal::TERM, id(name, child)?)?;
        }
        for (name, child) in &mut self.children {
            let ended = timeout(PATIENCE, child.wait()).await;
            let status = ended.with_context(|| format!("{name} does not stop"))??;
            ensure!(status.success(), "{name} ended with {status}");
        }
        fs::remove_dir_all(&self.folder).context("its folder cannot be removed")
    }
}

fn id(name: &str, child: &Child) -> Result<u32> {
    child.id().with_context(|| format!("{name} has ended"))
}

/// Runs a command to its end, with one line to read.
async fn run(mut command: Command, input: &str) -> Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let status = child.wait().await?;
    ensure!(status.success(), "the administrator cannot be created ({status})");
    Ok(())
}

/// Waits until every process says that it is ready, and the gateway has heard of every module.
async fn ready(processes: &[Process], base: &str) -> Result<()> {
    let client = Client::builder().no_proxy().build()?;
    for process in processes {
        let url = format!("http://{}/readyz", process.address);
        while ask(&client, &url).await != Some(200) {
            sleep(PAUSE).await;
        }
    }
    for path in PATHS {
        let url = format!("{base}{path}");
        while ask(&client, &url).await.is_none_or(|status| status == UNAVAILABLE) {
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// The status of the answer; nothing while nobody listens.
async fn ask(client: &Client, url: &str) -> Option<u16> {
    Some(client.get(url).send().await.ok()?.status().as_u16())
}
