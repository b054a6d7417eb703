//! A private RabbitMQ server, with the Erlang port mapper it is found by.
//!
//! It reads no configuration of the machine's own server, and keeps its Erlang cookie in a home of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::account::Account;
use crate::daemon::Daemon;
use crate::files::Files;
use crate::port::Port;
use crate::signal::Signal;

const NAME: &str = "the RabbitMQ server";
const MAPPER: &str = "the Erlang port mapper";
/// Users that need no rights of their own, the one that RabbitMQ's package makes first.
const USERS: [&str; 2] = ["rabbitmq", "nobody"];
const START_LIMIT: Duration = Duration::from_secs(240);
/// Where Debian keeps the programs themselves. Those of the same name in the PATH insist on being root.
const DEBIAN: &str = "/usr/lib/rabbitmq/bin";
/// The only name there is when nobody else uses the port mapper.
const NODE: &str = "rialto@localhost";
/// Nobody else reaches the node over its distribution port.
const LOOPBACK_ONLY: &str = "-kernel inet_dist_use_interface {127,0,0,1}";

/// A server. It is killed when this is dropped; [`RabbitMq::stop`] also removes its data.
pub struct RabbitMq {
    programs: PathBuf,
    account: Account,
    files: Files,
    /// Where clients connect.
    port: Port,
    /// Where `rabbitmqctl` connects.
    distribution: Port,
    /// Where it learns of the former.
    mapping: Port,
    /// Lives as long as this, whatever happens to the server.
    mapper: Option<Daemon>,
    daemon: Option<Daemon>,
}

impl RabbitMq {
    /// What to do when [`RabbitMq::programs`] finds nothing.
    pub const HOW_TO_INSTALL: &str = "the tests need the programs `rabbitmq-server`, `rabbitmqctl` and \
        `epmd`: install RabbitMQ 3.10 or newer (Debian, Ubuntu: `apt-get install rabbitmq-server`; Fedora: \
        `dnf install rabbitmq-server`; macOS: `brew install rabbitmq`) and, when they are in neither the \
        PATH nor /usr/lib/rabbitmq/bin, add their folder to the PATH";

    /// The folder with `rabbitmq-server` and `rabbitmqctl`.
    pub fn programs() -> Option<PathBuf> {
        let complete = |folder: &PathBuf| {
            let has = |program: &str| folder.join(program).is_file();
            has("rabbitmq-server") && has("rabbitmqctl")
        };
        mapper()?;
        std::iter::once(PathBuf::from(DEBIAN)).chain(path()).find(complete)
    }

    /// Starts a server with new data in `folder`, where nobody else keeps one.
    ///
    /// # Errors
    /// When its programs are missing, it does not start, or does not answer after a minute and a half; with
    /// the end of its log.
    pub async fn start(folder: &Path) -> Result<Self> {
        let Some(programs) = Self::programs() else { bail!(Self::HOW_TO_INSTALL) };
        let account = Account::choose(&USERS)?;
        let files = Files::fresh(&account, folder, "rabbitmq").await?;
        let ports = folder.join("ports");
        let take = || Port::take(&ports);
        let (port, distribution, mapping) = (take()?, take()?, take()?);
        let mut server = Self {
            programs,
            account,
            files,
            port,
            distribution,
            mapping,
            mapper: None,
            daemon: None,
        };
        server.map().await?;
        server.restart().await?;
        Ok(server)
    }

    /// The URL of its first virtual host, with the user who may do everything.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@{}/%2f", self.port.address())
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<()> {
        self.daemon.take().with_context(|| format!("{NAME} does not run"))?.kill().await
    }

    /// Starts it again after [`RabbitMq::kill`], on the same data and ports.
    ///
    /// # Errors
    /// As [`RabbitMq::start`].
    pub async fn restart(&mut self) -> Result<()> {
        let command = self.command("rabbitmq-server");
        let mut daemon = Daemon::spawn(NAME, command, &self.mark(), &self.files)?;
        let answers = async || answers(&self.port).await.is_ok();
        daemon.until(&self.files, START_LIMIT, answers).await?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Runs `rabbitmqctl` with these words and gives what it says.
    ///
    /// # Errors
    /// When it fails; with its complaint.
    pub async fn ctl(&self, words: &[&str]) -> Result<String> {
        let output = self.command("rabbitmqctl").args(words).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        ensure!(
            output.status.success(),
            "`rabbitmqctl {}`: {}",
            words.join(" "),
            text(&output.stderr)
        );
        Ok(text(&output.stdout))
    }

    /// Stops it and removes its data.
    ///
    /// # Errors
    /// When it cannot be stopped, or its data cannot be removed.
    pub async fn stop(mut self) -> Result<()> {
        for daemon in [self.daemon.take(), self.mapper.take()].into_iter().flatten() {
            daemon.stop(Signal::TERM).await?;
        }
        self.files.remove()
    }

    /// Starts the port mapper. A server that finds none starts one that outlives it.
    async fn map(&mut self) -> Result<()> {
        let program = mapper().context(Self::HOW_TO_INSTALL)?;
        let port = self.mapping.number().to_string();
        let mut command = self.account.command(&program);
        command.args(["-port", &port, "-address", "127.0.0.1"]);
        let mark = format!("-port {port}");
        let mut daemon = Daemon::spawn(MAPPER, command, &mark, &self.files)?;
        let address = self.mapping.address();
        let listens = async || TcpStream::connect(address).await.is_ok();
        daemon.until(&self.files, START_LIMIT, listens).await?;
        self.mapper = Some(daemon);
        Ok(())
    }

    /// One of RabbitMQ's programs, in the surroundings of this server.
    fn command(&self, program: &str) -> Command {
        let data = |name: &str| self.files.data.join(name);
        let mut command = self.account.command(&self.programs.join(program));
        for (name, _) in env::vars_os().filter(|(name, _)| concerns(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command
            .env("HOME", &self.files.data)
            .env("ERL_EPMD_PORT", self.mapping.number().to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", NODE)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.number().to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution.number().to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", LOOPBACK_ONLY)
            .env("RABBITMQ_MNESIA_BASE", data("mnesia"))
            .env("RABBITMQ_LOGS", "-")
            // These do not exist; without them those of the machine's own server would be read.
            .env("RABBITMQ_CONF_ENV_FILE", data("environment"))
            .env("RABBITMQ_CONFIG_FILE", data("configuration"))
            .env("RABBITMQ_ADVANCED_CONFIG_FILE", data("advanced"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", data("plugins"))
            // The start script becomes the server instead of waiting for it.
            .env("RUNNING_UNDER_SYSTEMD", "true");
        command
    }

    /// What is in the server's arguments: its home.
    fn mark(&self) -> String {
        self.files.data.display().to_string()
    }
}

/// Whether a variable is about a server or the Erlang it runs on.
fn concerns(variable: &str) -> bool {
    ["RABBITMQ_", "ERL_"].iter().any(|prefix| variable.starts_with(prefix))
}

/// Whether a server speaks AMQP there: it answers the protocol's header with a method, frame type 1.
async fn answers(port: &Port) -> Result<()> {
    let mut stream = TcpStream::connect(port.address()).await?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
    ensure!(stream.read_u8().await? == 1, "something else listens on {}", port.address());
    Ok(())
}

fn mapper() -> Option<PathBuf> {
    path().map(|folder| folder.join("epmd")).find(|program| program.is_file())
}

fn path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}
