//! Why things happened to an order, as the command line and the API tell it: whole, split, and on both databases.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::world::{DECLINED, Deployment, Patience, Shopper, Stage, World, eventually, href, text};

/// A tree of causes: its lines, each with its depth.
struct Tree {
    lines: Vec<Value>,
}

impl Tree {
    /// What is told of a thing; nothing when nothing is remembered.
    async fn of(stage: &Stage, thing: &str) -> Self {
        let told = stage.rialto().args(["explain", thing, "--json"]).run().await;
        if !told.status.success() {
            return Self { lines: Vec::new() };
        }
        let explained: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!((&explained["missing"], &explained["cut"]), (&json!([]), &json!(false)));
        Self { lines: explained["lines"].as_array().unwrap().clone() }
    }

    /// What is told of a thing once it has this line.
    async fn with(stage: &Stage, thing: &str, last: &str) -> Self {
        let what = format!("{thing} is explained up to {last}");
        let whole = async || Some(Self::of(stage, thing).await).filter(|tree| tree.has(last));
        eventually(&what, Patience::MESSAGES, whole).await
    }

    fn has(&self, name: &str) -> bool {
        self.lines.iter().any(|line| called(line) == name)
    }

    /// The names of all lines from the last one that is called so up to its first cause.
    fn way_to(&self, name: &str) -> Vec<String> {
        let named = |line: &Value| called(line) == name;
        let Some(mut place) = self.lines.iter().rposition(named) else {
            panic!("no {name}:\n{self}");
        };
        let mut way = vec![called(&self.lines[place])];
        while let Some(cause) = self.cause(place) {
            place = cause;
            way.push(called(&self.lines[place]));
        }
        way
    }

    fn cause(&self, place: usize) -> Option<usize> {
        let depth = |line: &Value| line["depth"].as_u64().unwrap();
        let below = depth(&self.lines[place]);
        self.lines[..place].iter().rposition(|line| depth(line) < below)
    }

    /// What all lines of a command or its answer that undo something are called.
    fn compensations(&self) -> Vec<String> {
        let undoes = |line: &&Value| line["step"]["undoes"] == true;
        self.lines.iter().filter(undoes).map(called).collect()
    }
}

impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line = |line: &Value| format!("{:>2} {}\n", line["depth"], called(line));
        f.write_str(&self.lines.iter().map(line).collect::<String>())
    }
}

/// `payments reply collect`, `payments call sandbox: attempt 1`, or what a request was.
fn called(line: &Value) -> String {
    let module = line["module"].as_str().unwrap_or_default();
    match text(&line["what"]) {
        "origin" => text(&line["name"]).to_owned(),
        "message" => {
            let message = &line["message"];
            let (kind, name) = (text(&message["kind"]), text(&message["type"]));
            format!("{module} {kind} {name}")
        }
        "call" => format!("{module} call {}", text(&line["call"]["name"])),
        other => other.to_owned(),
    }
}

const PLACING: &str = "POST /v1/orders";
const COLLECT: &str = "orders command collect";
const COLLECTED: &str = "payments reply collect";
const COMMIT: &str = "orders command commit-reservation";
const COMMITTED: &str = "products reply commit-reservation";
const COMPLETED: &str = "orders event order-completed";
const PREPARED: &str = "deliveries event shipment-prepared";
const ATTEMPT: &str = "payments call sandbox: attempt 1";

async fn a_paid_order(stage: &Stage, ada: &Shopper) {
    let goods = stage.publish("teapot", 1999, 5).await;
    let order = ada.buy(&goods, 1).await;
    let tree = Tree::with(stage, text(&order["id"]), PREPARED).await;
    let way = [PREPARED, COMPLETED, COMMITTED, COMMIT, COLLECTED, COLLECT, PLACING];
    assert_eq!(tree.way_to(PREPARED), way, "{tree}");
    assert_eq!(tree.way_to("orders event order-placed")[1..], [PLACING], "{tree}");
    assert_eq!(tree.way_to(ATTEMPT)[1..], [COLLECT, PLACING], "{tree}");
    let completed = "payments event payment-completed";
    assert_eq!(tree.way_to(completed)[1..], [COLLECT, PLACING], "{tree}");
    assert!(tree.compensations().is_empty(), "{tree}");

    let told = stage.rialto().args(["explain", text(&order["number"])]).run().await;
    assert!(told.status.success(), "{told:?}");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("payments calls sandbox: attempt 1: paid after"), "{told}");
    assert!(told.contains("[checkout collect: done]"), "{told}");
    assert!(told.lines().next().unwrap().ends_with(text(&order["id"])), "{told}");
    assert!(told.lines().nth(1).unwrap().contains("+0.000 s  POST /v1/orders"), "{told}");
}

/// What staff are told over HTTP is what the command line tells.
async fn a_paid_order_over_http(stage: &Stage, mary: &Shopper) {
    let goods = stage.publish("caddy", 1999, 5).await;
    let order = mary.buy(&goods, 1).await;
    let told = Tree::with(stage, text(&order["id"]), PREPARED).await;
    let admin = stage.admin().await;
    let path = format!("/v1/admin/explain/{}", text(&order["number"]));
    let explained = admin.get(&path).await.expect(200);
    assert_eq!((&explained["silent"], &explained["is_cut"]), (&json!([]), &json!(false)));
    let lines = explained["lines"].as_array().unwrap();
    let names = |lines: Vec<&Value>| lines.into_iter().map(called).collect::<Vec<_>>();
    let events = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(names(events), names(told.lines.iter().collect()));
    let depths =
        |lines: &[Value]| lines.iter().map(|line| line["depth"].clone()).collect::<Vec<_>>();
    assert_eq!(depths(lines), depths(&told.lines));
    assert_eq!(lines[0]["text"].as_str().map(|it| it.starts_with(PLACING)), Some(true));

    mary.get(&path).await.problem(403, "forbidden");
    admin.get("/v1/admin/explain/ord_nobody").await.problem(404, "not-found");
}

async fn a_declined_order(stage: &Stage, ada: &Shopper) {
    let goods = stage.publish("samovar", 1999, 5).await;
    let order = ada.buy_with(&goods, 1, DECLINED).await;
    let order = ada.declined(&order).await;
    let id = text(&order["id"]);
    let tree = Tree::with(stage, id, "payments event payment-failed").await;
    assert_eq!(tree.way_to(COLLECTED), [COLLECTED, COLLECT, PLACING], "{tree}");
    assert!(!tree.has(COMMIT) && tree.compensations().is_empty(), "{tree}");
    let call = tree.lines.iter().find(|line| called(line) == ATTEMPT).unwrap();
    assert_eq!(call["call"]["outcome"], "declined: card_declined");

    let reason = json!({ "reason": "found it cheaper" });
    ada.post(href(&order, "cancel"), &reason).await.expect(200);
    let released = "products reply release-reservation";
    let tree = Tree::with(stage, id, released).await;
    let undone = [
        "orders command void",
        "payments reply void",
        "orders command release-reservation",
        released,
    ];
    assert_eq!(tree.compensations(), undone, "{tree}");
    let way = tree.way_to(released);
    let cancelling = "POST /v1/orders/{id}/cancellation";
    assert_eq!(way.last().unwrap(), cancelling, "{tree}");
    let voided = tree.lines.iter().find(|line| called(line) == "orders command void").unwrap();
    let entry = &voided["step"]["entry"];
    assert_eq!((&voided["step"]["name"], &entry["what"]), (&json!("collect"), &json!("abandoned")));
}

async fn a_cancelled_order(stage: &Stage, ada: &Shopper) {
    let goods = stage.publish("kettle", 1999, 5).await;
    let order = ada.buy(&goods, 1).await;
    let order = ada.wait_for(&order, "completed").await;
    ada.shipments(&order).await;
    ada.post(href(&order, "cancel"), &json!({ "reason": "regret" })).await;
    let cancelled = "orders event order-cancelled";
    let tree = Tree::with(stage, text(&order["id"]), cancelled).await;
    let way = [
        cancelled,
        "products reply release-reservation",
        "orders command release-reservation",
        "payments reply void",
        "orders command void",
        "deliveries reply cancel-delivery",
        "orders command cancel-delivery",
        "POST /v1/orders/{id}/cancellation",
    ];
    assert_eq!(tree.way_to(cancelled), way, "{tree}");
    let refund =
        tree.lines.iter().find(|line| called(line).starts_with("payments call sandbox: refund"));
    assert_eq!(refund.unwrap()["call"]["outcome"], "given back");
    assert_eq!(tree.way_to("payments event payment-refunded")[1], "orders command void", "{tree}");
    assert!(tree.has(PREPARED) && tree.has(ATTEMPT), "{tree}");
}

async fn what_nobody_knows(stage: &Stage) {
    let told = stage.rialto().args(["explain", "ord_nobody"]).run().await;
    assert!(!told.status.success());
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(said.contains("nothing is remembered of ord_nobody"), "{said}");
}

async fn orders_are_explained(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, &[]).await);
    let names = ["Ada", "Grace", "Mary", "Rosalind"];
    let shoppers = join_all(names.iter().map(|name| stage.shopper(name))).await;
    tokio::join!(
        a_paid_order(&stage, &shoppers[0]),
        a_declined_order(&stage, &shoppers[1]),
        a_cancelled_order(&stage, &shoppers[2]),
        a_paid_order_over_http(&stage, &shoppers[3]),
        what_nobody_knows(&stage),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_whole_shop_on_sqlite_are_explained() {
    orders_are_explained(Deployment::WHOLE_ON_SQLITE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_split_shop_on_sqlite_are_explained() {
    orders_are_explained(Deployment::SPLIT_OVER_HTTP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_a_whole_shop_on_postgres_are_explained() {
    orders_are_explained(Deployment::WHOLE_ON_POSTGRES).await;
}
