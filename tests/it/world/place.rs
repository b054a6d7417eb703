//! One process of a deployment: where it answers, and whether it runs.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Mutex,
};

use servers::{Port, Signal};

use super::{
    Browser, Patience, World,
    deployment::{Deployment, Described},
    eventually,
    process::{self, Process},
};

/// The one process that hosts everything, when no file says otherwise.
const WHOLE: &str = "rialto";

/// A process to be started, stopped and started again.
pub(super) struct Place {
    name: String,
    /// Where everything is that it has ever written.
    log: PathBuf,
    /// What it serves as: words for the command line.
    words: Vec<String>,
    /// What everybody has to know about it: lines of configuration.
    settings: Vec<String>,
    listens: Addresses,
    /// Asks it how it is.
    insider: Browser,
    running: Mutex<Option<Process>>,
}

/// Where a process listens. Replicas count the ports of the first one up.
#[derive(Clone, Copy)]
struct Addresses {
    public: Option<SocketAddr>,
    internal: Option<SocketAddr>,
}

impl Addresses {
    fn of(self, replica: u16) -> Self {
        let count = |first: SocketAddr| SocketAddr::new(first.ip(), first.port() + replica - 1);
        Self { public: self.public.map(count), internal: self.internal.map(count) }
    }
}

impl Place {
    /// Every process of a deployment with its log in `folder`, and the ports they will listen on.
    pub(super) fn all(
        deployment: &Deployment,
        folder: &Path,
        locks: &Path,
    ) -> (Vec<Self>, Vec<Port>) {
        let mut ports = Vec::new();
        let mut row = |length: u16| {
            let taken = Port::take_row(locks, length).unwrap();
            let first = taken[0].address();
            ports.extend(taken);
            first
        };
        let mut places = Vec::new();
        for (process, described) in deployment.processes() {
            let public = described.public.is_some().then(|| row(described.replicas));
            let first = Addresses { public, internal: Some(row(described.replicas)) };
            let replicas = 1..=described.replicas;
            places.extend(replicas.map(|it| Self::seat(&process, &described, first, it, folder)));
        }
        if places.is_empty() {
            places.push(Self::whole(row(1), folder));
        }
        (places, ports)
    }

    fn seat(
        process: &str,
        described: &Described,
        first: Addresses,
        replica: u16,
        folder: &Path,
    ) -> Self {
        let name = match described.replicas {
            1 => process.to_owned(),
            _ => format!("{process}-{replica}"),
        };
        let key = |what: &str| format!("topology.processes.{process}.{what}");
        let said = |what: &str, address: Option<SocketAddr>| {
            address.map(|address| format!("{} = \"{address}\"", key(what)))
        };
        // What is said of the first one holds for all of them.
        let places = [said("public", first.public), said("internal", first.internal)];
        let settings = places.into_iter().flatten().filter(|_| replica == 1).collect();
        let number = replica.to_string();
        let words = ["serve", "--process", process, "--replica", &number].map(str::to_owned);
        Self::new(name, words.into(), settings, first.of(replica), folder)
    }

    fn whole(public: SocketAddr, folder: &Path) -> Self {
        let settings = vec![format!("http.public = \"{public}\"")];
        let listens = Addresses { public: Some(public), internal: None };
        Self::new(WHOLE.to_owned(), vec!["serve".to_owned()], settings, listens, folder)
    }

    fn new(
        name: String,
        words: Vec<String>,
        settings: Vec<String>,
        listens: Addresses,
        folder: &Path,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        let door = listens.internal.or(listens.public).expect("it listens somewhere");
        let insider = Browser::to(vec![format!("http://{door}")]);
        Self { name, log, words, settings, listens, insider, running: Mutex::default() }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The lines of configuration that place it.
    pub(super) fn settings(&self) -> Vec<String> {
        self.settings.clone()
    }

    /// Where it answers the world, if it does.
    pub(super) fn public(&self) -> Option<String> {
        self.listens.public.map(|address| format!("http://{address}"))
    }

    /// Where it tells how it is: `http://127.0.0.1:…`.
    pub(super) fn door(&self) -> &str {
        self.insider.base()
    }

    /// Asks it how it is.
    pub(super) fn insider(&self) -> &Browser {
        &self.insider
    }

    /// Starts it and waits until it is ready.
    pub(super) async fn start(&self, world: &World) {
        let started = Process::start(world.rialto().args(&self.words), &self.log);
        let before = self.running.lock().unwrap().replace(started);
        assert!(before.is_none(), "{} is running", self.name);
        let ready = async || {
            self.with(Process::assert_running);
            let answer = self.insider.try_get("/readyz").await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually(&format!("{} is ready", self.name), Patience::START, ready).await;
    }

    /// Asks it to stop, waits until it has, and returns what it has written.
    pub(super) async fn stop(&self) -> String {
        self.take().stop().await
    }

    /// Kills it.
    pub(super) async fn kill(&self) {
        self.take().kill().await;
    }

    /// Sends it a signal.
    pub(super) fn send(&self, signal: Signal) {
        self.with(|process| process.send(signal));
    }

    /// What it has written since it was started; nothing when it is not running.
    pub(super) fn log(&self) -> String {
        self.running.lock().unwrap().as_ref().map(Process::log).unwrap_or_default()
    }

    /// The last lines it has written, whether it is running or not.
    pub(super) fn log_end(&self) -> String {
        process::end(&self.log)
    }

    fn take(&self) -> Process {
        let running = self.running.lock().unwrap().take();
        running.unwrap_or_else(|| panic!("{} is not running", self.name))
    }

    fn with(&self, look: impl FnOnce(&mut Process)) {
        look(self.running.lock().unwrap().as_mut().expect("it was started"));
    }
}
