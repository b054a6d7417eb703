//! Signals to processes that we started.

use anyhow::{Context, Result};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};

/// Sends a signal to a process.
///
/// # Errors
/// When there is no such process, or it is somebody else's.
pub fn send(signal: Signal, process: u32) -> Result<()> {
    kill_process(pid(process)?, signal)
        .with_context(|| format!("{signal:?} cannot be sent to process {process}"))
}

/// Sends a signal to a process and those below it that did not leave its group.
///
/// # Errors
/// When there is no such group, or it is somebody else's.
pub fn send_group(signal: Signal, leader: u32) -> Result<()> {
    kill_process_group(pid(leader)?, signal)
        .with_context(|| format!("{signal:?} cannot be sent to process group {leader}"))
}

/// Whether there is a process with this id, whoever it belongs to.
pub fn is_alive(process: u32) -> bool {
    let asked = pid(process).map(test_kill_process);
    !matches!(asked, Err(_) | Ok(Err(rustix::io::Errno::SRCH)))
}

fn pid(process: u32) -> Result<Pid> {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    number.with_context(|| format!("{process} is not the id of a process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_alive_until_it_is_told_to_go() {
        let mut sleeper = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = sleeper.id().unwrap();
        assert!(is_alive(id));
        send(Signal::TERM, id).unwrap();
        sleeper.wait().await.unwrap();
        assert!(!is_alive(id));
        assert!(send(Signal::TERM, id).is_err());
    }
}
