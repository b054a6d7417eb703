//! A private Postgres server.
//!
//! Without a password and without a socket file. `fsync` stays on, because tests that kill processes look at
//! what was made durable.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use tokio::process::Command;
use tokio::time::sleep;

use crate::account::Account;
use crate::daemon::Daemon;
use crate::files::Files;
use crate::port::Port;
use crate::signal::Signal;

const NAME: &str = "the Postgres server";
/// Users that need no rights of their own, the one that Postgres' package makes first.
const USERS: [&str; 2] = ["postgres", "nobody"];
/// Each process opens pools for each of its modules, and several tests run at once.
const MAX_CONNECTIONS: &str = "max_connections=800";
/// What following the transaction log needs: that it is written in such detail, and a slot and a sender for
/// each relay that does. How much of it a slot may keep is capped, as it should be everywhere.
const LOG: [&str; 4] = [
    "wal_level=logical",
    "max_replication_slots=200",
    "max_wal_senders=200",
    "max_slot_wal_keep_size=1GB",
];
/// What two-phase commits need.
const PREPARED: &str = "max_prepared_transactions=50";
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long those who served sessions may outlive a server that was killed.
const LETTING_GO: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
/// Where Debian and Ubuntu keep the server's programs, a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// A server. It is killed when this is dropped; [`Postgres::stop`] also removes its data.
pub struct Postgres {
    programs: PathBuf,
    account: Account,
    files: Files,
    port: Port,
    daemon: Option<Daemon>,
}

impl Postgres {
    /// What to do when [`Postgres::programs`] finds nothing.
    pub const HOW_TO_INSTALL: &str = "the tests need the programs `initdb` and `postgres`: install \
        PostgreSQL 14 or newer (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install \
        postgresql-server`; macOS: `brew install postgresql`) and, when they are in neither the PATH \
        nor /usr/lib/postgresql/*/bin, add their folder to the PATH";

    /// The folder with `initdb` and `postgres`, the newest version first.
    pub fn programs() -> Option<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        let complete = |folder: &PathBuf| {
            ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
        };
        env::split_paths(&path).chain(debian_versions()).find(complete)
    }

    /// Starts a server with new data in `folder`, where nobody else keeps one.
    ///
    /// # Errors
    /// When its programs are missing, it does not start, or is not ready after a minute; with the end of its
    /// log.
    pub async fn start(folder: &Path) -> Result<Self> {
        let Some(programs) = Self::programs() else { bail!(Self::HOW_TO_INSTALL) };
        let account = Account::choose(&USERS)?;
        let files = Files::fresh(&account, folder, "postgres").await?;
        create(&programs, &account, &files).await?;
        let port = Port::take(&folder.join("ports"))?;
        let mut server = Self { programs, account, files, port, daemon: None };
        server.launch().await?;
        Ok(server)
    }

    /// The URL of its first database, whose user may create others.
    pub fn url(&self) -> String {
        format!("postgres://rialto@{}/postgres", self.port.address())
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<()> {
        self.daemon.take().with_context(|| format!("{NAME} does not run"))?.kill().await
    }

    /// Starts it again after [`Postgres::kill`], on the same data and port.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn restart(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match self.launch().await {
                // Those who served sessions may still hold on to the shared memory of the one that was killed.
                Err(_) if begun.elapsed() < LETTING_GO => sleep(POLL).await,
                outcome => return outcome,
            }
        }
    }

    /// Stops it and removes its data.
    ///
    /// # Errors
    /// When it cannot be stopped, or its data cannot be removed.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(daemon) = self.daemon.take() {
            // Fast shutdown: sessions are ended, the data is consistent.
            daemon.stop(Signal::INT).await?;
        }
        self.files.remove()
    }

    async fn launch(&mut self) -> Result<()> {
        let mark = self.files.data.display().to_string();
        let mut daemon = Daemon::spawn(NAME, self.command(), &mark, &self.files)?;
        let process = daemon.id()?;
        let ready = async || says_ready(&self.files.data, process);
        daemon.until(&self.files, START_LIMIT, ready).await?;
        self.daemon = Some(daemon);
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = self.account.command(&self.programs.join("postgres"));
        let port = format!("port={}", self.port.number());
        command.arg("-D").arg(&self.files.data);
        command.args(["-c", &port, "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories=", "-c", MAX_CONNECTIONS]);
        command.args(["-c", PREPARED]);
        command.args(LOG.iter().flat_map(|setting| ["-c", setting]));
        command
    }
}

/// Makes an empty cluster. Its order of text is by byte, which is SQLite's.
async fn create(programs: &Path, account: &Account, files: &Files) -> Result<()> {
    let mut initdb = account.command(&programs.join("initdb"));
    initdb.args(["--auth=trust", "--username=rialto", "--encoding=UTF8", "--locale=C"]);
    initdb.arg("--pgdata").arg(&files.data);
    initdb.stdout(files.open_log()?).stderr(files.open_log()?).process_group(0);
    let status = initdb.status().await.context("`initdb` does not start")?;
    if !status.success() {
        bail!("`initdb` failed ({status}):\n{}", files.last_words());
    }
    Ok(())
}

/// Whether this process has written to its file what `pg_ctl` waits for as well: the first line is its id,
/// the eighth says `ready`. One that was killed leaves its file behind.
fn says_ready(data: &Path, process: u32) -> bool {
    let Ok(file) = fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    let ours = lines.first().is_some_and(|first| *first == process.to_string());
    ours && lines.get(7) == Some(&"ready")
}

fn debian_versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut versions: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| Path::new(DEBIAN).join(version.to_string()).join("bin")).collect()
}
