//! Where a server keeps its files, and how the next run finds what one before it left behind.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::account::Account;
use crate::signal::{Signal, is_alive, send};

const STOP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
/// How many lines of a log explain a failure.
const LINES: usize = 20;

/// The files of one server.
pub(crate) struct Files {
    /// What belongs to the server's account. Its name is in the arguments of the server's processes.
    pub(crate) data: PathBuf,
    /// What the server says.
    log: PathBuf,
    /// The data folder, then a line for each process, for the run after one that was killed.
    record: PathBuf,
}

impl Files {
    /// New ones in `folder`, of which nobody else uses those called `server`.
    pub(crate) async fn fresh(account: &Account, folder: &Path, server: &str) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be created", folder.display()))?;
        let record = folder.join(format!("{server}.pid"));
        stop_left_over(&record).await?;
        let data = place(account, folder, server).await?;
        remove_folder(&data)?;
        fs::create_dir(&data).with_context(|| format!("{} cannot be created", data.display()))?;
        account.own(&data)?;
        let log = folder.join(format!("{server}.log"));
        File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        fs::write(&record, format!("{}\n", data.display()))?;
        Ok(Self { data, log, record })
    }

    /// The log, to be written at its end.
    pub(crate) fn open_log(&self) -> Result<File> {
        let log = File::options().append(true).open(&self.log);
        log.with_context(|| format!("{} cannot be written", self.log.display()))
    }

    pub(crate) fn last_words(&self) -> String {
        let log = match fs::read(&self.log) {
            Ok(log) => String::from_utf8_lossy(&log).into_owned(),
            Err(cause) => format!("{} cannot be read: {cause}", self.log.display()),
        };
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    /// Remembers a process whose arguments contain `mark`.
    pub(crate) fn note(&self, process: u32, mark: &str) -> Result<()> {
        let mut text = fs::read_to_string(&self.record).context("the server's record is gone")?;
        text.push_str(&format!("{process} {mark}\n"));
        fs::write(&self.record, text).context("the server's record cannot be written")
    }

    /// Removes everything but the log.
    pub(crate) fn remove(&self) -> Result<()> {
        remove_folder(&self.data)?;
        remove_file(&self.record)
    }
}

/// A new folder below `base` for servers of this process alone. Servers of earlier ones that were killed
/// before they could stop theirs are stopped first.
///
/// # Errors
/// When the folder cannot be made, or a server that was left behind does not go.
pub async fn folder(base: &Path) -> Result<PathBuf> {
    fs::create_dir_all(base).with_context(|| format!("{} cannot be created", base.display()))?;
    for entry in fs::read_dir(base)? {
        let path = entry?.path();
        if owner(&path).is_some_and(is_alive) {
            continue;
        }
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "pid") {
                stop_left_over(&entry.path()).await?;
            }
        }
        remove_folder(&path)?;
    }
    let ours = base.join(format!("{}-{:08x}", std::process::id(), rand::random::<u32>()));
    fs::create_dir(&ours).with_context(|| format!("{} cannot be created", ours.display()))?;
    Ok(ours)
}

/// The process whose servers are in a folder of this name.
fn owner(folder: &Path) -> Option<u32> {
    folder.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

/// Chooses the folder for the data: below `folder`, or in the temporary folder if the server's account may
/// not go there.
async fn place(account: &Account, folder: &Path, server: &str) -> Result<PathBuf> {
    if account.reaches(folder).await? {
        return Ok(folder.join(server));
    }
    let name = format!("rialto-test-{server}-{}-{:08x}", std::process::id(), rand::random::<u32>());
    Ok(std::env::temp_dir().join(name))
}

pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

fn remove_file(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            Err(cause).with_context(|| format!("{} cannot be removed", file.display()))
        }
        _ => Ok(()),
    }
}

/// Stops the processes of an earlier run that was killed before it could do so itself, the last one first,
/// and removes their data.
async fn stop_left_over(record: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(record) else { return Ok(()) };
    let mut lines = text.lines();
    let Some(data) = lines.next() else { return remove_file(record) };
    let processes: Vec<(u32, &str)> = lines.filter_map(process).collect();
    for (process, mark) in processes.into_iter().rev() {
        if runs(process, mark).await? {
            eprintln!("   stopping process {process} ({mark}), which an earlier run left behind");
            stop(process, mark).await?;
        }
    }
    remove_folder(Path::new(data))?;
    remove_file(record)
}

fn process(line: &str) -> Option<(u32, &str)> {
    let (process, mark) = line.split_once(' ')?;
    Some((process.parse().ok()?, mark))
}

/// Asks a process to stop, and ends it if it does not.
async fn stop(process: u32, mark: &str) -> Result<()> {
    send(Signal::INT, process)?;
    send(Signal::TERM, process)?;
    let gone = async {
        while runs(process, mark).await? {
            sleep(POLL).await;
        }
        anyhow::Ok(())
    };
    match timeout(STOP_LIMIT, gone).await {
        Ok(outcome) => outcome,
        Err(_) => send(Signal::KILL, process),
    }
}

/// Whether there is this process with `mark` in its arguments, and not a later one with the same number.
async fn runs(process: u32, mark: &str) -> Result<bool> {
    let arguments = if Path::new("/proc/self").exists() {
        match fs::read(format!("/proc/{process}/cmdline")) {
            Ok(arguments) => arguments,
            Err(_) => return Ok(false),
        }
    } else {
        let process = process.to_string();
        Command::new("ps").args(["-ww", "-o", "args=", "-p", &process]).output().await?.stdout
    };
    Ok(String::from_utf8_lossy(&arguments).replace('\0', " ").contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_killed_run_left_behind_is_stopped_and_removed() {
        let base = tempfile::tempdir().unwrap();
        // No process has this number: the largest one that Linux gives out is 2^22.
        let left = base.path().join("999999999-abc");
        let data = left.join("data");
        fs::create_dir_all(&data).unwrap();
        let mut sleeper = Command::new("sleep").arg("61.5").spawn().unwrap();
        let number = sleeper.id().unwrap();
        // The kernel says that a process runs a little before it can say with which arguments.
        while !runs(number, "sleep 61.5").await.unwrap() {
            sleep(POLL).await;
        }
        let record = format!("{}\n{number} sleep 61.5\n", data.display());
        fs::write(left.join("sleeper.pid"), record).unwrap();

        let (ours, ended) = tokio::join!(folder(base.path()), sleeper.wait());
        assert!(!ended.unwrap().success());
        assert!(ours.unwrap().exists() && !left.exists());
    }

    #[tokio::test]
    async fn a_process_that_only_has_the_same_number_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("other.pid");
        let data = folder.path().join("data");
        fs::write(&record, format!("{}\n{} never mind\n", data.display(), std::process::id()))
            .unwrap();
        stop_left_over(&record).await.unwrap();
        assert!(!record.exists());
    }
}
