//! A server's process: started with its output in a file, waited for, and ended by its id.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::files::Files;
use crate::signal::{Signal, send, send_group};

const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// A running process. It is killed when this is dropped.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
}

impl Daemon {
    /// Starts `command`, in whose arguments `mark` occurs.
    pub(crate) fn spawn(
        name: &'static str,
        mut command: Command,
        mark: &str,
        files: &Files,
    ) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(files.open_log()?)
            .stderr(files.open_log()?)
            // Out of the terminal's reach: Ctrl-C ends the tests first, then we end the server.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let daemon = Self { name, child };
        files.note(daemon.id()?, mark)?;
        Ok(daemon)
    }

    /// Waits until it serves.
    pub(crate) async fn until(
        &mut self,
        files: &Files,
        limit: Duration,
        mut serves: impl AsyncFnMut() -> bool,
    ) -> Result<()> {
        let name = self.name;
        let serving = async {
            while !serves().await {
                if let Some(status) = self.child.try_wait()? {
                    bail!("{name} ended ({status}):\n{}", files.last_words());
                }
                sleep(POLL).await;
            }
            Ok(())
        };
        match timeout(limit, serving).await {
            Ok(outcome) => outcome,
            Err(_) => bail!("{name} does not serve after {limit:?}:\n{}", files.last_words()),
        }
    }

    /// Asks it to stop and waits until it has; what does not stop is killed.
    pub(crate) async fn stop(mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        send(signal, self.id()?)?;
        match timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(ended) => ended.map(drop).map_err(Into::into),
            Err(_) => self.kill().await,
        }
    }

    /// Ends it and those below it as a power cut would.
    pub(crate) async fn kill(mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            send_group(Signal::KILL, self.id()?)?;
            self.child.wait().await?;
        }
        Ok(())
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Result<u32> {
        self.child.id().with_context(|| format!("{} is gone", self.name))
    }
}
