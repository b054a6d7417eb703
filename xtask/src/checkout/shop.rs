//! The shop under load: a release build on a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::usage::Usage;
use crate::workspace;

/// Who puts the goods on sale.
pub(crate) const ADMIN: (&str, &str) = ("admin@example.com", "correct horse battery staple");

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(2);
/// What comes before the address, in the log line that the shop listens and in its banner.
const LISTENING: &str = "http://";

/// The whole load comes from one address, which is no attack here.
const SETTINGS: [&str; 3] = ["demo = false", "gateway.address_rate = 0", "gateway.user_rate = 0"];

/// A running shop.
pub(crate) struct Shop {
    child: Child,
    folder: PathBuf,
    /// `http://127.0.0.1:…`
    pub(crate) base: String,
    /// The size of the binary in bytes.
    pub(crate) binary: u64,
    /// From the start of the process to the first `/readyz` that says so, with tables in place.
    pub(crate) start: Duration,
}

impl Shop {
    pub(crate) async fn open(settings: &[String]) -> Result<Self> {
        let target = workspace::metadata()?.target_directory;
        let binary = target.join("release").join("rialto").into_std_path_buf();
        let folder = format!("bench-checkout-{}", std::process::id());
        let folder = target.join(folder).into_std_path_buf();
        fs::create_dir_all(&folder)?;
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

        let log = folder.join("log");
        let file = File::create(&log)?;
        let begun = Instant::now();
        let child = rialto(&["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()?;
        let base =
            timeout(PATIENCE, ready(&log)).await.context("the shop does not become ready")??;
        let start = begun.elapsed();
        Ok(Self { child, base, start, binary: fs::metadata(&binary)?.len(), folder })
    }

    /// Where its databases are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What its process has cost so far.
    pub(crate) fn usage(&self) -> Result<Usage> {
        Usage::of(self.child.id().context("the shop has ended")?)
    }

    /// Stops it and removes its folder.
    pub(crate) async fn close(mut self) -> Result<()> {
        let id = self.child.id().context("the shop has ended")?;
        servers::send(servers::Signal::TERM, id)?;
        let status =
            timeout(PATIENCE, self.child.wait()).await.context("the shop does not stop")??;
        ensure!(status.success(), "the shop ended with {status}");
        fs::remove_dir_all(&self.folder).context("its folder cannot be removed")
    }
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

/// Waits until the shop has said where it listens, and says there that it is ready.
async fn ready(log: &Path) -> Result<String> {
    let base = loop {
        if let Some(base) = address(&fs::read_to_string(log)?) {
            break base;
        }
        sleep(PAUSE).await;
    };
    let client = reqwest::Client::new();
    loop {
        let answer = client.get(format!("{base}/readyz")).send().await?;
        match answer.status().as_u16() {
            200 => return Ok(base),
            503 => sleep(PAUSE).await,
            other => bail!("/readyz answers {other}"),
        }
    }
}

fn address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once(LISTENING)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter))?;
    Some(format!("http://{}", &rest[..end]))
}
