//! A private Postgres server for one run of the tests.
//!
//! Its data is new, on a free port of the loopback address, without a password and without a socket
//! file. `fsync` stays on, because tests that kill processes look at what was made durable.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::account::Account;
use crate::children::{Children, kill};
use crate::say;

/// Each test opens its own pool, and several tests run at once.
const MAX_CONNECTIONS: &str = "max_connections=300";
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// A running server. It runs until [`Server::stop`], or until the next run finds it.
pub(crate) struct Server {
    child: Child,
    port: u16,
    files: Files,
}

/// Where one server keeps what it has.
struct Files {
    /// The database cluster.
    data: PathBuf,
    /// What the server says.
    log: PathBuf,
    /// The process id and the data folder, a line each, for the run after one that was killed.
    record: PathBuf,
}

impl Server {
    /// Starts a server with `programs` that keeps its files in `folder`, which nobody else uses.
    pub(crate) async fn start(
        programs: &Path,
        folder: &Path,
        children: &mut Children,
    ) -> Result<Self> {
        let record = folder.join("postgres.pid");
        stop_left_over(&record).await?;
        let account = Account::choose().await?;
        let files = Files {
            data: place(&account, folder).await?,
            log: folder.join("postgres.log"),
            record,
        };
        create(programs, &account, &files, children).await?;
        let port = free_port()?;
        let child = account
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&files.data)
            .args(["-c", &format!("port={port}"), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories=", "-c", MAX_CONNECTIONS])
            .stdin(Stdio::null())
            .stdout(files.open_log()?)
            .stderr(files.open_log()?)
            // Out of the terminal's reach: Ctrl-C ends the tests first, then we end the server.
            .process_group(0)
            .spawn()
            .context("the Postgres server does not start")?;
        let mut server = Self { child, port, files };
        match server.ready().await {
            Ok(()) => Ok(server),
            Err(cause) => {
                server.stop().await?;
                Err(cause)
            }
        }
    }

    /// The URL of its first database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://rialto@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it and removes its data.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.child.id() {
            // Fast shutdown: sessions are ended, the data is consistent.
            kill("INT", &pid.to_string()).await?;
            if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
                kill("QUIT", &pid.to_string()).await?;
                self.child.wait().await?;
            }
        }
        self.files.remove()
    }

    /// Waits until it accepts connections.
    async fn ready(&mut self) -> Result<()> {
        let Some(pid) = self.child.id() else { bail!("the Postgres server is gone") };
        fs::write(&self.files.record, format!("{pid}\n{}\n", self.files.data.display()))?;
        let ready = async {
            while !self.files.says_ready() {
                if let Some(status) = self.child.try_wait()? {
                    bail!("the Postgres server ended ({status}):\n{}", self.files.last_words());
                }
                sleep(POLL).await;
            }
            Ok(())
        };
        match timeout(START_LIMIT, ready).await {
            Ok(outcome) => outcome,
            Err(_) => bail!("the Postgres server is not ready after {START_LIMIT:?}"),
        }
    }
}

impl Files {
    fn open_log(&self) -> Result<File> {
        let mut options = File::options();
        options
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("{} cannot be written", self.log.display()))
    }

    /// Whether the server has written to its own process file what `pg_ctl` waits for as well:
    /// the eighth line says `ready`.
    fn says_ready(&self) -> bool {
        let says = |process: String| process.lines().nth(7).map(str::trim) == Some("ready");
        fs::read_to_string(self.data.join("postmaster.pid")).is_ok_and(says)
    }

    fn last_words(&self) -> String {
        let log = match fs::read_to_string(&self.log) {
            Ok(log) => log,
            Err(cause) => format!("{} cannot be read: {cause}", self.log.display()),
        };
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn remove(&self) -> Result<()> {
        remove_folder(&self.data)?;
        fs::remove_file(&self.record).context("the server's record cannot be removed")
    }
}

/// Chooses the folder for the data: below `folder`, or in the temporary folder if the server's
/// account may not go there.
async fn place(account: &Account, folder: &Path) -> Result<PathBuf> {
    if account.reaches(folder).await? {
        return Ok(folder.join("postgres"));
    }
    let elsewhere =
        std::env::temp_dir().join(format!("rialto-test-postgres-{}", std::process::id()));
    say::note(format!(
        "{} is closed to the user who runs Postgres: its data goes to {}",
        folder.display(),
        elsewhere.display()
    ));
    Ok(elsewhere)
}

/// Makes an empty cluster. Its order of text is by byte, which is SQLite's.
async fn create(
    programs: &Path,
    account: &Account,
    files: &Files,
    children: &mut Children,
) -> Result<()> {
    remove_folder(&files.data)?;
    fs::create_dir(&files.data)?;
    account.own(&files.data)?;
    File::create(&files.log)?;
    let mut initdb = account.command(&programs.join("initdb"));
    initdb.args(["--auth=trust", "--username=rialto", "--encoding=UTF8", "--locale=C"]);
    initdb.arg("--pgdata").arg(&files.data);
    let outcome = children.run(initdb.stdout(files.open_log()?).stderr(files.open_log()?)).await;
    outcome.with_context(|| files.last_words())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Stops the server of an earlier run that was killed before it could do so itself.
async fn stop_left_over(record: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(record) else { return Ok(()) };
    if let [pid, data] = text.lines().collect::<Vec<_>>()[..] {
        if runs_on(pid, data).await? {
            say::note(format!(
                "stopping the Postgres server {pid} that an earlier run left behind"
            ));
            kill("INT", pid).await?;
            let gone = async {
                while runs_on(pid, data).await? {
                    sleep(POLL).await;
                }
                anyhow::Ok(())
            };
            match timeout(STOP_LIMIT, gone).await {
                Ok(outcome) => outcome?,
                Err(_) => kill("QUIT", pid).await?,
            }
        }
        remove_folder(Path::new(data))?;
    }
    fs::remove_file(record).context("the record of an earlier server cannot be removed")
}

/// Whether process `pid` is a server on this data, and not a later process with the same number.
async fn runs_on(pid: &str, data: &str) -> Result<bool> {
    let arguments = if Path::new("/proc/self").exists() {
        match fs::read(format!("/proc/{pid}/cmdline")) {
            Ok(arguments) => arguments,
            Err(_) => return Ok(false),
        }
    } else {
        Command::new("ps").args(["-ww", "-o", "args=", "-p", pid]).output().await?.stdout
    };
    Ok(String::from_utf8_lossy(&arguments).contains(data))
}
