//! One process of a shop: its log, its end.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use servers::Signal;
use tokio::{process::Child, time::timeout};

use super::{Patience, rialto::Rialto};

/// How many lines of the log a failure shows.
const LINES: usize = 40;

/// A running `rialto serve`.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    begins: u64,
}

impl Process {
    /// Starts it with what it says at the end of the file `log`.
    pub(super) fn start(rialto: Rialto, log: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let begins = file.metadata().unwrap().len();
        Self { child: rialto.spawn(&file), log: log.to_owned(), begins }
    }

    /// Fails when it has ended.
    pub(super) fn assert_running(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended ({ended:?}):\n{}", end(&self.log));
    }

    /// Everything it has written.
    pub(super) fn log(&self) -> String {
        let mut file = File::open(&self.log).unwrap();
        file.seek(SeekFrom::Start(self.begins)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends it a signal.
    pub(super) fn send(&self, signal: Signal) {
        servers::send(signal, self.child.id().expect("it is running")).unwrap();
    }

    /// Asks it to stop, waits until it has, and returns what it has written.
    pub(super) async fn stop(mut self) -> String {
        self.send(Signal::TERM);
        let ended = timeout(Patience::START, self.child.wait()).await;
        let status = ended.expect("it stops when told to").unwrap();
        assert!(status.success(), "it ended with {status}:\n{}", end(&self.log));
        self.log()
    }

    /// Ends it as a power cut would, but for what the operating system has not written yet.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// The last lines of a log, for a failure that has enough to say already.
pub(super) fn end(log: &Path) -> String {
    let text = match fs::read(log) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(cause) => cause.to_string(),
    };
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
