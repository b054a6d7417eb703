//! What an operator is told about a topology.

use super::*;
use crate::config::{Layers, Loaded};

const THREE: &[&str] = &[
    "topology.bus = \"http\"",
    "topology.processes.edge = { modules = [\"gateway\"], public = \"127.0.0.1:8080\", internal = \
     \"127.0.0.1:9000\" }",
    "topology.processes.shop = { modules = [\"carts\", \"users\", \"products\"], internal = \
     \"127.0.0.1:9001\" }",
    "topology.processes.checkout = { modules = [\"orders\", \"payments\", \"deliveries\", \"history\", \
     \"notifications\"], internal = \"127.0.0.1:9002\" }",
];

fn read(lines: &[&str], more: &[&str]) -> Result<Loaded> {
    let flags = lines.iter().chain(more).map(|line| (*line).to_owned()).collect();
    Loaded::read(&Layers { files: Vec::new(), flags })
}

/// What is said about `more` on top of three processes that make sense.
fn complaint(more: &[&str]) -> String {
    read(THREE, more).err().map_or_else(|| "no complaint".to_owned(), |error| error.to_string())
}

fn shipped(file: &str) -> Loaded {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(file);
    Loaded::read(&Layers { files: vec![file], flags: Vec::new() }).unwrap()
}

#[test]
fn without_processes_there_is_one_and_it_hosts_everything() {
    let loaded = read(&[], &[]).unwrap();
    let [only] = loaded.layout.processes.as_slice() else { panic!("{:?}", loaded.layout) };
    assert_eq!(only.modules.len(), wiring::MODULES.iter().filter(|it| it.built).count());
    assert!(!loaded.layout.is_split() && !loaded.layout.needs_broker());
    assert_eq!(loaded.layout.seat(None, 1).unwrap().to_string(), WHOLE);
}

#[test]
fn modules_are_listed_after_those_they_ask_however_they_were_written() {
    let loaded = read(THREE, &[]).unwrap();
    assert_eq!(loaded.layout.home("carts").unwrap().modules, ["users", "products", "carts"]);
}

#[test]
fn every_topology_that_is_shipped_makes_sense() {
    for file in ["split.toml", "services.toml", "rabbitmq.toml", "replicas.toml", "production.toml"]
    {
        let layout = shipped(file).layout;
        for module in wiring::MODULES {
            // Two registries that know nothing of each other would be none.
            let is_left_out = file == "replicas.toml" && module.name == wiring::REGISTRY;
            assert!(layout.home(module.name).is_some() != is_left_out, "{file}: {}", module.name);
        }
    }
    assert_eq!(shipped("services.toml").layout.processes.len(), wiring::MODULES.len());
    assert!(shipped("rabbitmq.toml").layout.needs_broker());
    let replicas = shipped("replicas.toml").layout.seat(None, 2).unwrap();
    assert_eq!(replicas.public(), Some("127.0.0.1:8081"));
    assert_eq!(replicas.siblings(), ["127.0.0.1:9000"]);
}

#[test]
fn a_module_lives_in_exactly_one_process() {
    let said = complaint(&["topology.processes.shop.modules = [\"users\", \"products\"]"]);
    assert!(said.contains("carts lives nowhere: add \"carts\" to the modules"), "{said}");
    let said = complaint(&["topology.processes.edge.modules = [\"gateway\", \"users\"]"]);
    assert!(said.contains("users lives in edge and in shop: take it out of all but one"), "{said}");
}

#[test]
fn an_unknown_module_is_offered_the_nearest() {
    let said = complaint(&["topology.processes.edge.modules = [\"gateway\", \"user\"]"]);
    assert!(said.contains("there is no such module; did you mean users?"), "{said}");
}

#[test]
fn memory_does_not_reach_other_processes() {
    let said = complaint(&["topology.bus = \"in-process\""]);
    assert!(said.contains("reaches one process only") && said.contains("\"http\""), "{said}");
}

#[test]
fn an_edge_that_is_no_call_is_refused_and_those_there_are_are_named() {
    let said = complaint(&["topology.edges.\"payments -> orders\" = \"rabbitmq\""]);
    assert!(said.contains("\"payments -> orders\", but there is no such call"), "{said}");
    assert!(said.contains("\"orders -> products\""), "{said}");
}

#[test]
fn one_edge_may_differ() {
    let layout =
        read(THREE, &["topology.edges.\"orders -> products\" = \"rabbitmq\""]).unwrap().layout;
    assert_eq!(layout.carrier("orders", "products"), Carrier::Rabbitmq);
    assert_eq!(layout.carrier("orders", "carts"), Carrier::Http);
    assert!(layout.carried("products", Carrier::Rabbitmq) && layout.needs_broker());
    assert!(!layout.carried("carts", Carrier::Rabbitmq));
}

#[test]
fn two_modules_on_one_database_are_refused() {
    let one =
        "storage.modules = { carts = \"sqlite://data/one.db\", users = \"sqlite://data/one.db\" }";
    let said = complaint(&[one]);
    assert!(said.contains("users and carts are on one database, sqlite://data/one.db"), "{said}");
}

#[test]
fn replicas_need_a_database_they_can_share() {
    let said = complaint(&[
        "topology.processes.shop.replicas = 2",
        "topology.processes.shop.internal = \"127.0.0.1:9101\"",
    ]);
    assert!(said.contains("users is on SQLite, which one process can use"), "{said}");
    let postgres = "storage.url = \"postgres://rialto@127.0.0.1/rialto\"";
    assert!(
        read(
            THREE,
            &[
                "topology.processes.edge.replicas = 3",
                "topology.processes.edge.internal = \"127.0.0.1:9100\"",
                postgres
            ]
        )
        .is_ok()
    );
}

#[test]
fn an_address_is_given_out_once_and_only_where_others_cannot_call_it() {
    let said = complaint(&["topology.processes.edge.internal = \"127.0.0.1:9001\""]);
    assert!(said.contains("127.0.0.1:9001 is given out twice, to edge and to shop"), "{said}");
    let said = complaint(&["topology.processes.edge.internal = \"8.8.8.8:9001\""]);
    assert!(said.contains("which anybody can reach"), "{said}");
    let said = complaint(&["topology.processes.edge.internal = \"0.0.0.0:9005\""]);
    assert!(said.contains("no address to call"), "{said}");
    let said = complaint(&["topology.processes.edge.internal = \"nine thousand\""]);
    assert!(said.contains("is not host:port"), "{said}");
    let said = complaint(&["topology.processes.shop.public = \"127.0.0.1:8090\""]);
    assert!(said.contains("only the gateway answers the world"), "{said}");
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let said = complaint(&["topology.secret = \"swordfish\""]);
    assert!(said.contains("topology.secret has 9 characters and needs 32 or more"), "{said}");
}

#[test]
fn names_at_the_broker_are_plain_and_short() {
    let said = complaint(&["topology.rabbitmq.prefix = \"our shop\""]);
    assert!(said.contains("topology.rabbitmq.prefix is \"our shop\""), "{said}");
}

#[test]
fn a_process_nobody_finds_is_refused() {
    let lonely = "topology.processes.shop = { modules = [\"users\", \"products\", \"carts\"] }";
    let said = read(&[THREE[0], THREE[1], lonely, THREE[3]], &[]).err().unwrap().to_string();
    assert!(said.contains("shop has no internal address"), "{said}");
}

#[test]
fn calls_in_a_circle_are_refused() {
    let mut findings = Findings::default();
    let of = |name, asks| Module { name, asks, ..wiring::MODULES[0] };
    check::circles(&[of("carts", &["orders"]), of("orders", &["carts"])], &mut findings);
    assert!(
        findings.to_string().starts_with("calls go in a circle: carts -> orders -> carts"),
        "{findings}"
    );
}

#[test]
fn a_seat_that_does_not_exist_is_refused_with_those_that_do() {
    let layout = read(THREE, &[]).unwrap().layout;
    let said = |process, replica| layout.seat(process, replica).err().unwrap().to_string();
    assert!(said(None, 1).contains("--process (checkout, edge, shop)"), "{}", said(None, 1));
    assert!(said(Some("shops"), 1).contains("no process shops"), "{}", said(Some("shops"), 1));
    assert!(said(Some("shop"), 2).contains("replicas 1 to 1"), "{}", said(Some("shop"), 2));
}

#[test]
fn a_demonstration_is_refused_on_any_public_address_that_others_reach() {
    let said = complaint(&["topology.processes.edge.public = \"0.0.0.0:8080\""]);
    assert!(said.contains("demo = true is refused on 0.0.0.0:8080"), "{said}");
}

#[test]
fn a_graph_shows_processes_modules_and_what_crosses() {
    let layout =
        read(THREE, &["topology.edges.\"orders -> carts\" = \"rabbitmq\""]).unwrap().layout;
    let text = Graph::text(&layout).to_string();
    for line in [
        "orders     → carts      rabbitmq",
        "carts      → products   in process",
        "orders     → payments   in process",
        "payments   → orders     in process",
        "orders     → carts      http",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let mermaid = Graph::mermaid(&layout).to_string();
    for line in [
        "flowchart LR",
        "subgraph p-shop[\"shop\"]",
        "orders -->|rabbitmq| carts",
        "orders -.->|http| carts",
    ] {
        assert!(mermaid.contains(line), "{line}\n{mermaid}");
    }
}

#[test]
fn a_deployment_for_compose_has_a_service_for_each_replica_and_each_server() {
    let loaded = shipped("replicas.toml");
    let yaml = compose(&loaded.config, &loaded.layout, &["config/replicas.toml".into()]).unwrap();
    for part in [
        "shop-1:",
        "shop-2:",
        "postgres:",
        "pg_isready",
        "RIALTO_SECRET",
        "8081:8081",
        "./config/replicas.toml:",
        "shop-2:9001",
    ] {
        assert!(yaml.contains(part), "{part}\n{yaml}");
    }
    let loaded = shipped("rabbitmq.toml");
    let yaml = compose(&loaded.config, &loaded.layout, &[]).unwrap();
    for part in [
        "rabbitmq:",
        "amqp://rialto:",
        "checkout-data:/srv/rialto/data",
        "http://checkout:9002/readyz",
    ] {
        assert!(yaml.contains(part), "{part}\n{yaml}");
    }
    assert!(!yaml.contains("pg_isready"), "{yaml}");
}

#[test]
fn whoever_is_found_by_a_registry_has_one() {
    let by = "topology.discovery.by = \"registry\"";
    let said = complaint(&[by]);
    assert!(said.contains("add \"registry\" to the modules of one process"), "{said}");
    let inside = "topology.processes.edge.modules = [\"gateway\", \"registry\"]";
    assert_eq!(complaint(&[by, inside]), "no complaint");
    let outside = "topology.discovery.registry = [\"http://registry:8761/eureka\"]";
    assert_eq!(complaint(&[by, outside]), "no complaint");
    let said = complaint(&[by, inside, "topology.processes.edge.internal = \"127.0.0.1:0\""]);
    assert!(said.contains("the registry lives in edge, which nobody finds"), "{said}");
    let said = complaint(&[by, inside, "topology.discovery.beat = \"2s\""]);
    assert!(said.contains("three times as long"), "{said}");
}

#[test]
fn services_in_other_languages_are_found_by_a_registry() {
    let said = complaint(&["gateway.services.greeter = \"public\""]);
    assert!(said.contains("set topology.discovery.by = \"registry\""), "{said}");
}

#[test]
fn whoever_is_found_by_dns_has_a_name() {
    let by = "topology.discovery.by = \"dns\"";
    assert_eq!(complaint(&[by]), "no complaint");
    let service = "topology.discovery.names.shop = \"_calls._tcp.shop.internal\"";
    assert_eq!(complaint(&[by, service]), "no complaint");
    let said = complaint(&[by, "topology.discovery.names.shop = \"shop.internal\""]);
    assert!(said.contains("\"shop.internal\" is no name of instances"), "{said}");
    let said = complaint(&[by, "topology.discovery.names.stall = \"stall.internal:1\""]);
    assert!(said.contains("there is no such process"), "{said}");
}
