//! A whole shop as its users see it: the built binary as a child process, spoken to over HTTP only.

mod browser;
mod patience;
mod process;
mod shopper;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use browser::{Answer, Browser};
pub(crate) use patience::{Patience, eventually};
pub(crate) use process::{Process, rialto};
pub(crate) use shopper::{DECLINED, Goods, Shopper, VISA, address, euros, fresh_key, href};

const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// A shop with a data folder of its own. It is killed and its folder removed when it is dropped.
pub(crate) struct World {
    folder: TempDir,
    settings: Vec<String>,
    process: Option<Process>,
    browser: Browser,
}

impl World {
    /// One process that hosts everything, with an empty catalogue and an administrator.
    pub(crate) async fn whole() -> Self {
        Self::with(&[]).await
    }

    /// As [`World::whole`], with these lines of configuration over the defaults.
    pub(crate) async fn with(settings: &[&str]) -> Self {
        // All customers of a test come from one address.
        let mut all = vec!["demo = false", "gateway.address_rate = 0", "gateway.user_rate = 0"];
        all.extend(settings);
        let mut world = Self::new(&all);
        let made = rialto()
            .args(["admin", "create", "--email", ADMIN, "--password-stdin"])
            .settings(world.folder(), &world.settings)
            .input(PASSWORD)
            .run()
            .await;
        assert!(made.status.success(), "{made:?}");
        world.start().await;
        world
    }

    /// A demonstration shop.
    pub(crate) async fn demo() -> Self {
        let mut world = Self::new(&["demo = true"]);
        world.start().await;
        world
    }

    fn new(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let settings = settings.iter().map(|line| (*line).to_owned()).collect();
        Self { folder, settings, process: None, browser: Browser::to_nowhere() }
    }

    /// Starts the shop on its folder and waits until it is ready.
    pub(crate) async fn start(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let process = Process::start(self.folder.path(), &self.settings).await;
        self.browser.goes_to(process.base());
        self.process = Some(process);
        let ready = async || {
            let answer = self.browser.try_get("/readyz").await.ok()?;
            (answer.status == 200).then_some(())
        };
        eventually("the shop is ready", Patience::START, ready).await;
    }

    /// Asks the shop to stop (SIGTERM) and waits until it has; its log is returned.
    pub(crate) async fn stop(&mut self) -> String {
        self.process.take().expect("it is running").stop().await
    }

    /// Kills the shop (SIGKILL).
    pub(crate) async fn kill(&mut self) {
        self.process.take().expect("it is running").kill().await;
    }

    /// What the running process has written.
    pub(crate) fn log(&self) -> String {
        self.process.as_ref().expect("it is running").log()
    }

    /// Where the databases are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody who is not logged in.
    pub(crate) fn guest(&self) -> Browser {
        self.browser.clone()
    }

    /// Somebody with a new account, logged in.
    pub(crate) async fn shopper(&self, name: &str) -> Shopper {
        let email = format!("{}@example.com", name.to_lowercase().replace(' ', "."));
        let guest = self.guest();
        let account = json!({ "email": email, "password": PASSWORD, "name": name });
        guest.post("/v1/users", &account).await.expect(201);
        self.log_in(&email, PASSWORD).await
    }

    /// Somebody with an account.
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Shopper {
        let credentials = json!({ "email": email, "password": password });
        let session = self.guest().post("/v1/sessions", &credentials).await.expect(201);
        Shopper::new(self.browser.with_token(text(&session["access_token"])))
    }

    /// The administrator that the shop began with.
    pub(crate) async fn admin(&self) -> Shopper {
        self.log_in(ADMIN, PASSWORD).await
    }

    /// Puts a product with one variant on sale.
    pub(crate) async fn publish(&self, slug: &str, cents: i64, on_hand: u32) -> Goods {
        self.admin().await.publish(slug, cents, on_hand).await
    }

    /// The sum over all series of the metric `name` with this in its labels.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> u64 {
        let text = self.guest().get("/metrics").await.text;
        let lines = text.lines().filter(|line| {
            let series = line.split([' ', '{']).next();
            series == Some(name) && line.contains(label)
        });
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.map(|value| value as u64).sum()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let (true, Some(process)) = (std::thread::panicking(), &self.process) {
            eprintln!("the end of the shop's log:\n{}", process.log_end());
        }
    }
}

/// What must be a string.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}
