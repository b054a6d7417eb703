//! A shop as its users see it: processes of the built binary, spoken to over HTTP only.

mod browser;
mod deployment;
mod patience;
mod place;
mod poison;
mod process;
mod rehearsed;
mod rialto;
mod shopper;
mod stage;
mod transcript;

use std::{fmt::Write, path::Path};

use futures::future::join_all;
use servers::{Port, Signal};
use tempfile::TempDir;
use tokio::sync::OnceCell;

pub(crate) use browser::{Answer, Browser};
pub(crate) use deployment::{Deployment, Storage};
pub(crate) use patience::{Patience, eventually};
pub(crate) use poison::mail_to;
pub(crate) use rialto::rialto;
pub(crate) use shopper::{DECLINED, Goods, Shopper, VISA, address, euros, fresh_key, href};
pub(crate) use stage::{PASSWORD, Stage};
pub(crate) use transcript::{Transcript, difference};

use place::Place;
use rialto::Rialto;

/// What every shop is told. All customers of a test come from one address, and the machine may be busy
/// with other tests, behind which log-ins would step back.
const SETTINGS: [&str; 4] = [
    "demo = false",
    "gateway.address_rate = 0",
    "gateway.user_rate = 0",
    "users.hashing_niceness = 0",
];

/// Stands in settings for the address of a server in Stripe's shape, which is started for whoever needs it.
const STRIPE: &str = "{stripe}";

/// The servers that a shop needs, by URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backing {
    /// An empty Postgres database.
    pub(crate) postgres: Option<String>,
    /// A broker.
    pub(crate) rabbitmq: Option<String>,
}

/// A shop with data of its own. It is killed when it is dropped, and its folder removed unless a test failed.
pub(crate) struct World {
    deployment: Deployment,
    folder: TempDir,
    backing: Backing,
    /// What every command is told.
    settings: Vec<String>,
    places: Vec<Place>,
    browser: Browser,
    /// The administrator's, once somebody has needed it.
    admin_token: OnceCell<String>,
    /// Stripe as this shop knows it, when it does.
    stripe: Option<stripe_double::Server>,
    /// Nobody else takes them as long as this lives.
    _ports: Vec<Port>,
}

impl World {
    /// A shop that is deployed like this, with an empty catalogue and an administrator, and with these lines
    /// of configuration over the defaults.
    pub(crate) async fn open(deployment: Deployment, settings: &[&str]) -> Self {
        let postgres = match deployment.storage {
            Storage::Sqlite => None,
            Storage::Postgres => Some(testkit::postgres().await),
        };
        let rabbitmq = deployment.needs_broker().then(testkit::rabbitmq);
        Self::over(deployment, settings, Backing { postgres, rabbitmq }).await
    }

    /// As [`World::open`], on these servers.
    pub(crate) async fn over(deployment: Deployment, settings: &[&str], backing: Backing) -> Self {
        let settings: Vec<&str> = SETTINGS.iter().chain(settings).copied().collect();
        let world = Self::new(deployment, &settings, backing);
        Stage::appoint(&world).await;
        world.start_all().await;
        world
    }

    /// One process with a demonstration shop.
    pub(crate) async fn demo() -> Self {
        let world = Self::new(Deployment::WHOLE_ON_SQLITE, &["demo = true"], Backing::default());
        world.start_all().await;
        world
    }

    fn new(deployment: Deployment, settings: &[&str], backing: Backing) -> Self {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::tempdir_in(tmp).unwrap();
        let (places, ports) = Place::all(&deployment, folder.path(), &tmp.join("ports"));
        let needs_stripe = settings.iter().any(|line| line.contains(STRIPE));
        let stripe = needs_stripe.then(|| stripe_double::Server::start().unwrap());
        let address = stripe.as_ref().map_or("", |stripe| &*stripe.url);
        let mut all: Vec<String> =
            settings.iter().map(|line| line.replace(STRIPE, address)).collect();
        all.extend(deployment.settings().iter().map(|line| (*line).to_owned()));
        all.extend(places.iter().flat_map(Place::settings));
        if let Some(url) = &backing.postgres {
            all.push(format!("storage.url = \"{url}\""));
        }
        if let Some(url) = &backing.rabbitmq {
            all.push(format!("topology.rabbitmq.url = \"{url}\""));
            all.push(format!("topology.rabbitmq.prefix = \"{}\"", testkit::prefix()));
        }
        let browser = Browser::to(places.iter().filter_map(Place::public).collect());
        let admin_token = OnceCell::new();
        Self {
            deployment,
            folder,
            backing,
            settings: all,
            places,
            browser,
            admin_token,
            stripe,
            _ports: ports,
        }
    }

    /// A command that is told what every process of this shop is told.
    pub(crate) fn rialto(&self) -> Rialto {
        let mut rialto = rialto().within(self.folder());
        if let Some(file) = self.deployment.file() {
            rialto = rialto.args(["--config", &file.to_string_lossy()]);
            rialto =
                rialto.env("RIALTO_TOPOLOGY__SECRET", "known to those who belong together only");
        }
        if self.deployment.storage == Storage::Sqlite {
            rialto = rialto.args(["--data", &self.folder().to_string_lossy()]);
        }
        rialto.set(&self.settings)
    }

    /// How it is deployed.
    pub(crate) fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// Its processes: by the name in the topology, with a number behind it when there are several alike.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.places.iter().map(Place::name).collect()
    }

    fn place(&self, name: &str) -> &Place {
        let found = self.places.iter().find(|place| place.name() == name);
        found.unwrap_or_else(|| panic!("no process {name} among {:?}", self.names()))
    }

    /// Starts all processes at once and waits until they are ready and know each other.
    pub(crate) async fn start_all(&self) {
        join_all(self.places.iter().map(|place| place.start(self))).await;
        for base in self.places.iter().filter_map(Place::public) {
            Stage::acquainted(Browser::to(vec![base])).await;
        }
    }

    /// Starts a process and waits until it is ready.
    pub(crate) async fn start(&self, name: &str) {
        self.place(name).start(self).await;
    }

    /// Asks all processes to stop (SIGTERM), those who answer the world first, and waits until they have;
    /// their logs are returned.
    pub(crate) async fn stop_all(&self) -> String {
        let (edge, inner): (Vec<&Place>, Vec<&Place>) =
            self.places.iter().partition(|place| place.public().is_some());
        let mut logs = String::new();
        for ring in [edge, inner] {
            logs.extend(join_all(ring.into_iter().map(Place::stop)).await);
        }
        logs
    }

    /// Kills all processes (SIGKILL).
    pub(crate) async fn kill_all(&self) {
        join_all(self.places.iter().map(Place::kill)).await;
    }

    /// Kills a process (SIGKILL).
    pub(crate) async fn kill(&self, name: &str) {
        self.place(name).kill().await;
    }

    /// Stops a process in the middle of whatever it does (SIGSTOP): it accepts connections and never answers.
    pub(crate) fn freeze(&self, name: &str) {
        self.place(name).send(Signal::STOP);
    }

    /// Lets a frozen process go on (SIGCONT).
    pub(crate) fn thaw(&self, name: &str) {
        self.place(name).send(Signal::CONT);
    }

    /// What the running processes have written.
    pub(crate) fn log(&self) -> String {
        self.places.iter().map(Place::log).collect()
    }

    /// Where a process tells how it is: `http://127.0.0.1:…`.
    pub(crate) fn door(&self, name: &str) -> &str {
        self.place(name).door()
    }

    /// Somebody who looks at a process from inside, one by one.
    pub(crate) fn insiders(&self) -> Vec<(&str, &Browser)> {
        self.places.iter().map(|place| (place.name(), place.insider())).collect()
    }

    /// Where files are: the log of each process and, on SQLite, the databases.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of its Postgres database, if it has one.
    pub(crate) fn database(&self) -> Option<&str> {
        self.backing.postgres.as_deref()
    }

    /// Stripe as this shop knows it, if it does.
    pub(crate) fn stripe(&self) -> Option<&stripe_double::Server> {
        self.stripe.as_ref()
    }

    /// Somebody who is not logged in.
    pub(crate) fn guest(&self) -> Browser {
        self.browser.clone()
    }

    /// The sum over all processes and over all series of the metric `name` with this in its labels.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> u64 {
        let mut sum = 0;
        for (_, insider) in self.insiders() {
            let text = insider.get("/metrics").await.text;
            let lines = text.lines().filter(|line| {
                let series = line.split([' ', '{']).next();
                series == Some(name) && line.contains(label)
            });
            let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            sum += values.map(|value| value as u64).sum::<u64>();
        }
        sum
    }
}

impl World {
    /// The last lines of the log of each process, for a failure.
    pub(crate) fn ends(&self) -> String {
        let mut text = format!("the world is {}\n", self.deployment.name);
        for place in &self.places {
            let (name, end) = (place.name(), place.log_end());
            writeln!(text, "the end of the log of {name}:\n{end}").unwrap();
        }
        text
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("{}its files stay in {}", self.ends(), self.folder().display());
        }
    }
}

/// What must be a string.
pub(crate) fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}
