//! The page about pulling a module out of a running shop, followed to the letter: its file is written, its
//! commands are run, in its order. Only addresses are other ones.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use servers::{Port, Signal};
use storage::{Database, Options};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::world::{Browser, Goods, Patience, Shopper, eventually, href, text};

const PAGE: &str = include_str!("../../docs/how-to/extract-a-module.md");

/// How long the provider takes: long enough that payments are under way when the shop is stopped.
const LATENCY: &str = "1500ms";
/// A card whose bank wants to see the customer, who comes back when payments has moved.
const AUTHENTICATION: &str = "pm_card_authenticationRequired";

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long password";

/// Whoever follows the page.
struct Reader {
    folder: TempDir,
    page: String,
    shop: String,
    _ports: Vec<Port>,
}

impl Reader {
    /// Reads the page with addresses that are free here.
    fn new(postgres: &str) -> Self {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let ports: Vec<_> = (0..3).map(|_| Port::take(&tmp.join("ports")).unwrap()).collect();
        let said = ["127.0.0.1:8080", "127.0.0.1:9000", "127.0.0.1:9001"];
        let server = "postgres://rialto@127.0.0.1:5432/rialto";
        let mut page = PAGE.replace(server, postgres);
        for (said, port) in said.iter().zip(&ports) {
            assert!(page.contains(said), "the page says {said} no more");
            page = page.replace(said, &port.address().to_string());
        }
        let shop = ports[0].address().to_string();
        Self { folder: tempfile::tempdir_in(tmp).unwrap(), page, shop, _ports: ports }
    }

    /// The blocks of code in `language`, in their order.
    fn blocks(&self, language: &str) -> Vec<String> {
        let fence = format!("```{language}\n");
        let parts = self.page.split(&fence).skip(1);
        parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
    }

    /// A command as the page writes it, in the folder of the shop.
    fn command(&self, line: &str) -> Command {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_rialto"));
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line}")]).current_dir(self.folder.path());
        command.env("PATH", path).kill_on_drop(true).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        command.env("RIALTO_PAYMENTS__SANDBOX__LATENCY", LATENCY);
        command
    }

    /// Runs a command to its end and returns what it said.
    async fn run(&self, line: &str) -> String {
        let output = self.command(line).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}\n{said}\n{complaint}");
        said
    }

    /// Starts a command that goes on, and waits until the shop is open.
    async fn start(&self, line: &str) -> (Child, Browser) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = self.command(line);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        let shop = Browser::to(vec![format!("http://{}", self.shop)]);
        // A process may be ready before it knows its neighbours; a customer is served when it does.
        let open = async || {
            let products = shop.try_get("/v1/products").await.ok()?;
            let methods =
                shop.try_get("/v1/delivery-methods?country=DE&currency=EUR").await.ok()?;
            (products.status == 200 && methods.status == 200).then_some(())
        };
        eventually("the shop is open", Patience::START, open).await;
        (child, shop)
    }

    async fn stop(&self, mut running: Child) {
        servers::send(Signal::TERM, running.id().unwrap()).unwrap();
        let ended = tokio::time::timeout(Patience::START, running.wait()).await;
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(ended.expect("it stops").unwrap().success(), "{log}");
    }

    /// How many payments were captured in a database.
    async fn captured(&self, options: Options) -> i64 {
        let db = Database::open(&options).await.unwrap();
        let reader = db.reader();
        let sql = "SELECT COUNT(*) AS n FROM payment WHERE status = 'captured'";
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        let captured = row.try_get("", "n").unwrap();
        db.close().await.unwrap();
        captured
    }
}

/// Something of the demonstration's catalogue that is there.
async fn something(shop: &Browser) -> Goods {
    let page = shop.get("/v1/products?limit=100").await.expect(200);
    let card = page["items"].as_array().unwrap().iter().find(|it| it["in_stock"] == true).unwrap();
    let product = shop.get(href(card, "self")).await.expect(200);
    let variants = product["variants"].as_array().unwrap();
    let variant = variants.iter().find(|it| it["available"].as_i64() > Some(10)).unwrap();
    Goods { slug: text(&product["slug"]).to_owned(), variant: text(&variant["id"]).to_owned() }
}

async fn sign_up(shop: &Browser) -> Shopper {
    let account = json!({ "email": EMAIL, "password": PASSWORD, "name": "Ada" });
    shop.post("/v1/users", &account).await.expect(201);
    log_in(shop).await
}

async fn log_in(shop: &Browser) -> Shopper {
    let credentials = json!({ "email": EMAIL, "password": PASSWORD });
    let session = shop.post("/v1/sessions", &credentials).await.expect(201);
    Shopper::new(shop.with_token("Ada", text(&session["access_token"])))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_moves_out_of_a_running_shop_and_nothing_is_lost() {
    let postgres = testkit::postgres().await;
    let reader = Reader::new(&postgres);

    let (whole, shop) = reader.start(&format!("rialto serve --listen {}", reader.shop)).await;
    let goods = something(&shop).await;
    let ada = sign_up(&shop).await;
    let paid = ada.buy(&goods, 1).await;
    ada.wait_for(&paid, "completed").await;
    let waiting = ada.buy_with(&goods, 1, AUTHENTICATION).await;
    ada.payment(&waiting, |payment| payment["status"] == "requires_action").await;
    let mut orders: Vec<Value> = vec![paid];
    for _ in 0..3 {
        orders.push(ada.buy(&goods, 1).await);
    }

    let [topology] = &reader.blocks("toml")[..] else { panic!("one file is written") };
    std::fs::write(reader.folder.path().join("shop.toml"), topology).unwrap();
    let [check, copy, up] = &reader.blocks("sh")[..] else { panic!("three blocks of commands") };
    for line in check.lines() {
        let said = reader.run(line).await;
        assert!(said.contains("payments"), "{said}");
    }
    reader.stop(whole).await;
    let file = reader.folder.path().join("data/payments.db");
    let before = reader.captured(Options::new(format!("sqlite://{}", file.display()))).await;
    let said = reader.run(copy.trim()).await;
    assert!(said.contains("payment ") && said.contains("sandbox_charge"), "{said}");
    assert!(said.contains("storage.modules"), "{said}");

    let (both, shop) = reader.start(up.trim()).await;
    let ada = log_in(&shop).await;
    for order in &orders {
        let order = ada.wait_for(order, "completed").await;
        assert_eq!(order["payment_status"], "paid");
        assert_eq!(ada.shipments(&order).await.len(), 1);
    }
    let payment = ada.payment(&waiting, |payment| payment["status"] == "requires_action").await;
    ada.post(href(&payment, "complete"), &json!({})).await.expect(200);
    ada.wait_for(&waiting, "completed").await;
    let fresh = ada.buy(&goods, 1).await;
    ada.wait_for(&fresh, "completed").await;
    let moved = Options { schema: Some("payments".to_owned()), ..Options::new(&postgres) };
    assert_eq!(reader.captured(moved).await, i64::try_from(orders.len()).unwrap() + 2);
    assert!(before <= i64::try_from(orders.len()).unwrap(), "{before} were captured before");
    reader.stop(both).await;
}
