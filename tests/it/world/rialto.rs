//! The built binary, for one command.

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

/// How long a command may take that is not a server.
const COMMAND: Duration = Duration::from_secs(60);

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
        self.command.arg("--data").arg(folder);
        self.within(folder).set(lines)
    }

    /// Works in `folder`.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Takes these lines of configuration.
    pub(crate) fn set(mut self, lines: &[String]) -> Self {
        for line in lines {
            self.command.args(["--set", line]);
        }
        self
    }

    /// A variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
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

    /// Starts it and lets it run, with everything it says at the end of `log`.
    pub(crate) fn spawn(mut self, log: &std::fs::File) -> Child {
        self.command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log.try_clone().unwrap());
        self.command.spawn().unwrap()
    }
}
