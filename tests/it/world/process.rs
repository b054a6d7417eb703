//! The built binary as a child process.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

use super::{Patience, eventually};

/// What comes before the address, in the log line that the shop listens and in its banner.
const LISTENING: &str = "http://";

/// How many lines of the log a failure shows.
const LINES: usize = 40;

/// How long a command may take that is not a server.
const COMMAND: Duration = Duration::from_secs(30);

/// One `rialto` command to come.
pub(crate) struct Rialto {
    command: Command,
    input: String,
}

/// The binary under test, with nothing said yet. It reads no configuration that happens to be near.
pub(crate) fn rialto() -> Rialto {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rialto"));
    command.kill_on_drop(true).current_dir(env!("CARGO_TARGET_TMPDIR"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RIALTO_") {
            command.env_remove(name);
        }
    }
    Rialto { command, input: String::new() }
}

impl Rialto {
    /// Words of the command line.
    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.command.args(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Keeps its tables in `folder` and takes these lines of configuration.
    pub(crate) fn settings(mut self, folder: &Path, lines: &[String]) -> Self {
        self.command.arg("--data").arg(folder).current_dir(folder);
        for line in lines {
            self.command.args(["--set", line]);
        }
        self
    }

    /// What it reads from its standard input.
    pub(crate) fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> Output {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // Who does not read it has no use for it.
        let written = input.write_all(self.input.as_bytes()).await;
        drop((written, input));
        timeout(COMMAND, child.wait_with_output()).await.expect("it ends").unwrap()
    }
}

/// A running `rialto serve`.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    begins: u64,
    base: String,
}

impl Process {
    /// Starts it on any free port and waits until it has said which.
    pub(crate) async fn start(folder: &Path, settings: &[String]) -> Self {
        let log = folder.join("log");
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let begins = file.metadata().unwrap().len();
        let mut rialto =
            rialto().args(["serve", "--listen", "127.0.0.1:0"]).settings(folder, settings);
        rialto.command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let child = rialto.command.spawn().unwrap();
        let mut process = Self { child, log, begins, base: String::new() };
        let said = async || {
            let log = process.log();
            let ended = process.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it listened ({ended:?}):\n{log}");
            address_in(&log)
        };
        process.base = eventually("the shop says where it listens", Patience::START, said).await;
        process
    }

    /// `http://127.0.0.1:…`
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// Everything it has written.
    pub(crate) fn log(&self) -> String {
        self.written().unwrap()
    }

    /// The last lines it has written, for a failure that has enough to say already.
    pub(crate) fn log_end(&self) -> String {
        let log = self.written().unwrap_or_else(|cause| cause.to_string());
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }

    fn written(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.begins))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Asks it to stop, waits until it has, and returns what it has written.
    pub(crate) async fn stop(mut self) -> String {
        let terminate = ["-c", r#"kill -s TERM "$0""#, &self.id().to_string()];
        let sent = Command::new("sh").args(terminate).status().await.unwrap();
        assert!(sent.success());
        let ended = timeout(Patience::START, self.child.wait()).await;
        let status = ended.expect("it stops when told to").unwrap();
        let log = self.log();
        assert!(status.success(), "it ended with {status}:\n{}", self.log_end());
        log
    }

    /// Ends it as a power cut would, but for what the operating system has not written yet.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What follows the sign, up to a character that is in no address.
fn address_in(log: &str) -> Option<String> {
    let (_, rest) = log.split_once(LISTENING)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter))?;
    Some(format!("http://{}", &rest[..end]))
}
