//! A real mail server in a process of its own.

use std::{process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(20);
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/server.py");

/// It runs until it is dropped.
pub(super) struct Server {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
    port: u16,
}

/// A mail that it has taken.
#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) headers: std::collections::BTreeMap<String, String>,
    pub(super) text: String,
    pub(super) html: String,
}

impl Taken {
    pub(super) fn subject(&self) -> &str {
        &self.headers["subject"]
    }
}

#[derive(Deserialize)]
struct Listening {
    port: u16,
}

impl Server {
    /// Starts one with these faults.
    pub(super) async fn start(faults: &[&str]) -> Self {
        let mut child = Command::new(testkit::python())
            .arg(SCRIPT)
            .args(faults)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(LIMIT, said.next_line()).await.expect("it begins to listen").unwrap();
        let line = line.expect("the mail server starts: is aiosmtpd installed?");
        let Listening { port } = serde_json::from_str(&line).unwrap();
        Self { child, said, port }
    }

    /// Starts one again where one was.
    pub(super) async fn again(port: u16) -> Self {
        Self::start(&["--port", &port.to_string()]).await
    }

    /// How it is reached.
    pub(super) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Ends it; gives where it was.
    pub(super) async fn stop(mut self) -> u16 {
        self.child.kill().await.unwrap();
        self.port
    }

    /// The next mail that it takes.
    pub(super) async fn next(&mut self) -> Taken {
        let line = timeout(LIMIT, self.said.next_line()).await.expect("a mail comes").unwrap();
        serde_json::from_str(&line.unwrap()).unwrap()
    }

    /// All that it has taken, when it is told to end.
    pub(super) async fn rest(mut self) -> Vec<Taken> {
        drop(self.child.stdin.take());
        let mut all = Vec::new();
        while let Some(line) = timeout(LIMIT, self.said.next_line()).await.unwrap().unwrap() {
            all.push(serde_json::from_str(&line).unwrap());
        }
        all
    }
}
