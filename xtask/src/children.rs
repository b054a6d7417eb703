//! Commands that end when we are told to end.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use servers::{Signal as Sign, send_group};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

/// How long a command that was asked to stop may take before it is killed. The test runner gives
/// its own tests 10 s.
const GRACE: Duration = Duration::from_secs(15);

/// Runs commands one after the other, and stops the one that runs on Ctrl-C, SIGTERM or SIGHUP.
///
/// From its creation on, these signals no longer end this process, so that whoever holds it can
/// clean up first. A signal that arrives between two commands stops the next one.
pub(crate) struct Children {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Children {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Runs `command` to its end; an exit code other than zero is an error.
    pub(crate) async fn run(&mut self, command: &mut Command) -> Result<()> {
        let status = self.status(command).await?;
        if !status.success() {
            bail!("`{}` failed ({status})", shown(command));
        }
        Ok(())
    }

    /// Runs `command` to its end and tells how it ended.
    pub(crate) async fn status(&mut self, command: &mut Command) -> Result<ExitStatus> {
        // Its own group, so that the signal reaches the compilers and tests below it as well.
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("`{}` does not start", shown(command)))?;
        tokio::select! {
            status = child.wait() => Ok(status?),
            () = self.signal() => {
                stop_group(&mut child).await?;
                bail!("stopped by a signal")
            }
        }
    }

    async fn signal(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// The command as one would type it, but for quotes.
fn shown(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

async fn stop_group(child: &mut Child) -> Result<()> {
    let Some(leader) = child.id() else { return Ok(()) };
    send_group(Sign::TERM, leader)?;
    if timeout(GRACE, child.wait()).await.is_err() {
        send_group(Sign::KILL, leader)?;
        child.wait().await?;
    }
    Ok(())
}
