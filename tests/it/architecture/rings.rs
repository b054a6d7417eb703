//! Who may depend on whom: root → modules → contracts → chassis → kernel.

use std::fs;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::{dependencies, root};

/// The crates of the chassis from the inside out, each with those it may know.
const CHASSIS: &[(&str, &[&str])] = &[
    ("fault", &[]),
    ("kernel", &[]),
    ("ports", &["kernel"]),
    ("telemetry", &["kernel", "ports"]),
    ("storage", &["kernel", "fault"]),
    ("identity", &["kernel"]),
    ("discovery", &[]),
    ("amqp", &[]),
    ("wire", &["kernel", "ports", "identity", "discovery", "amqp"]),
    ("resilience", &["ports", "discovery"]),
    (
        "messaging",
        &["kernel", "fault", "ports", "storage", "identity", "discovery", "amqp", "wire"],
    ),
    ("saga", &["kernel", "fault", "storage", "messaging"]),
    ("explain", &["kernel", "ports", "storage", "messaging", "saga"]),
    ("host", &["kernel", "ports", "storage", "messaging", "saga", "identity"]),
    (
        "operations",
        &["kernel", "ports", "storage", "messaging", "saga", "explain", "identity", "host"],
    ),
    ("testkit", &[]),
    ("servers", &[]),
];

/// What a contract may use that others wrote: nothing that does input or output.
const IN_CONTRACTS: &[&str] = &["async-trait", "serde", "thiserror", "time"];

/// What tests may use in addition to what their crate may use.
const IN_TESTS: &[&str] = &["testkit", "servers", "migrations"];

/// The part of the house in which a crate lives.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Ring {
    Root,
    Module,
    Contract,
    Chassis,
    Migrations,
    /// Somebody outside the shop, as tests need them.
    Double,
    Tool,
}

/// One of our crates, by name.
#[derive(Clone, Copy)]
struct Member<'a>(&'a str, Ring);

/// Says in a sentence which rule a dependency breaks, if it breaks one.
fn violation(from: Member, to: Member, kind: DependencyKind) -> Option<String> {
    let Member(user, ring) = from;
    let Member(used, other) = to;
    let broken = |rule: &str| Some(format!("`{user}` depends on `{used}`, but {rule}"));
    if kind == DependencyKind::Development && IN_TESTS.contains(&used) && ring != Ring::Tool {
        return None;
    }
    // The servers that it starts for all tests are the ones that some tests start for themselves.
    if ring == Ring::Tool && used == "servers" {
        return None;
    }
    if ["testkit", "servers"].contains(&used) {
        return broken("only tests may use it: make it a dev-dependency");
    }
    match (ring, other) {
        (Ring::Module | Ring::Root, Ring::Double) if kind == DependencyKind::Development => None,
        (_, Ring::Double) => broken("only tests of the root and of modules may use a double"),
        (Ring::Double, _) => {
            broken("a double stands outside the shop and knows none of its crates")
        }
        (_, Ring::Root) => broken("nothing depends on the composition root"),
        (_, Ring::Tool) => broken("nothing depends on the task runner"),
        (Ring::Root, _) => None,
        (Ring::Tool, _) => {
            broken("the task runner drives the binary and knows no crate but `servers`")
        }
        (Ring::Migrations, _) if used == "storage" => None,
        (Ring::Migrations, _) => broken("migrations know the storage crate only"),
        (_, Ring::Migrations) => broken("only the root and tests know the migrations"),
        // Stories are told with the real neighbours, because nobody imitates a port of ours.
        (Ring::Module, Ring::Module) if kind == DependencyKind::Development => None,
        (Ring::Module, Ring::Module) => broken(
            "an implementation never knows another implementation: depend on its contract (`-api`)",
        ),
        (Ring::Module, _) => None,
        (Ring::Contract, Ring::Contract) => None,
        (Ring::Contract, Ring::Module) => broken("a contract knows no implementation"),
        (Ring::Contract, _) if ["kernel", "ports"].contains(&used) => None,
        (Ring::Contract, _) => broken("of the chassis a contract knows kernel and ports only"),
        (Ring::Chassis, Ring::Chassis) if may_know(user, used) => None,
        (Ring::Chassis, Ring::Chassis) => broken(
            "the order of the chassis does not allow it (CHASSIS in tests/it/architecture/rings.rs)",
        ),
        (Ring::Chassis, _) => broken("the chassis knows no module"),
    }
}

fn may_know(user: &str, used: &str) -> bool {
    CHASSIS.iter().any(|(name, known)| *name == user && known.contains(&used))
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

/// Says where a crate lives by the folder of its manifest.
fn ring(metadata: &Metadata, name: &str) -> Ring {
    let packages = metadata.workspace_packages();
    let package = packages.iter().find(|package| package.name == name).unwrap();
    let folder = package.manifest_path.parent().unwrap().strip_prefix(root()).unwrap();
    match folder.as_str().split('/').collect::<Vec<_>>()[..] {
        [""] => Ring::Root,
        ["modules", contract] if contract.ends_with("-api") => Ring::Contract,
        ["modules", _] => Ring::Module,
        ["chassis", _] => Ring::Chassis,
        ["doubles", _] => Ring::Double,
        ["migrations"] => Ring::Migrations,
        ["xtask"] => Ring::Tool,
        _ => panic!("{folder} is no place for a crate: see the tree in ARCHITECTURE.md"),
    }
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for kind in [DependencyKind::Normal, DependencyKind::Build, DependencyKind::Development] {
        for (user, targets) in dependencies::edges(metadata, kind) {
            for used in &targets {
                let from = Member(&user, ring(metadata, &user));
                let to = Member(used, ring(metadata, used));
                found.extend(violation(from, to, kind));
            }
        }
    }
    found
}

#[test]
fn every_dependency_points_inwards() {
    let found = violations(&metadata());
    assert!(found.is_empty(), "the rings are broken:\n  {}\n", found.join("\n  "));
}

#[test]
fn a_contract_uses_nothing_that_does_input_or_output() {
    let metadata = metadata();
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        if ring(&metadata, &package.name) != Ring::Contract {
            continue;
        }
        for used in &package.dependencies {
            let ours = used.path.is_some();
            let in_tests = used.kind == DependencyKind::Development;
            if !ours && !in_tests && !IN_CONTRACTS.contains(&used.name.as_str()) {
                found.push(format!(
                    "`{}` depends on `{}`, but a contract uses {} only",
                    package.name,
                    used.name,
                    IN_CONTRACTS.join(", ")
                ));
            }
        }
    }
    assert!(found.is_empty(), "contracts are nouns and verbs:\n  {}\n", found.join("\n  "));
}

#[test]
fn every_crate_of_the_chassis_has_its_place_in_the_order() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        if ring(&metadata, &package.name) == Ring::Chassis {
            let placed = CHASSIS.iter().any(|(name, _)| package.name == *name);
            assert!(placed, "`{}` is missing from CHASSIS", package.name);
        }
    }
    for (place, (name, known)) in CHASSIS.iter().enumerate() {
        for used in *known {
            let inner = CHASSIS[..place].iter().any(|(inner, _)| inner == used);
            assert!(inner, "`{name}` may know `{used}`, which is not further inside");
        }
    }
}

#[test]
fn the_record_of_dependencies_is_true() {
    let record = fs::read_to_string(root().join(dependencies::RECORD)).unwrap();
    assert!(
        record == dependencies::render(&metadata()),
        "{} is out of date: a new edge between our crates is a design decision; if it is meant, \
         run `cargo xtask dependencies --write` and say why in the commit",
        dependencies::RECORD
    );
}

#[test]
fn a_forbidden_dependency_is_called_by_its_rule() {
    use DependencyKind::{Development, Normal};
    use Ring::{Chassis, Contract, Double, Migrations, Module, Root, Tool};
    let forbidden = [
        (Member("carts", Module), Member("orders", Module), Normal, "its contract"),
        (Member("gateway", Module), Member("users", Module), Normal, "its contract"),
        (Member("carts", Module), Member("migrations", Migrations), Normal, "only the root"),
        (Member("carts", Module), Member("testkit", Chassis), Normal, "dev-dependency"),
        (Member("carts", Module), Member("rialto", Root), Normal, "composition root"),
        (Member("carts-api", Contract), Member("carts", Module), Normal, "no implementation"),
        (Member("carts-api", Contract), Member("storage", Chassis), Normal, "kernel and ports"),
        (Member("host", Chassis), Member("carts-api", Contract), Normal, "knows no module"),
        (Member("kernel", Chassis), Member("ports", Chassis), Normal, "order of the chassis"),
        (Member("migrations", Migrations), Member("kernel", Chassis), Normal, "storage"),
        (Member("xtask", Tool), Member("kernel", Chassis), Normal, "no crate but"),
        (Member("carts", Module), Member("servers", Chassis), Normal, "dev-dependency"),
        (Member("storage", Chassis), Member("xtask", Tool), Normal, "task runner"),
        (Member("payments", Module), Member("stripe-double", Double), Normal, "only tests"),
        (Member("testkit", Chassis), Member("stripe-double", Double), Development, "only tests"),
        (Member("stripe-double", Double), Member("kernel", Chassis), Normal, "outside the shop"),
    ];
    for (from, to, kind, rule) in forbidden {
        let said = violation(from, to, kind);
        assert!(said.as_ref().is_some_and(|said| said.contains(rule)), "{rule}: {said:?}");
    }
}

#[test]
fn a_dependency_that_points_inwards_is_allowed() {
    use DependencyKind::{Development, Normal};
    use Ring::{Chassis, Contract, Double, Migrations, Module, Root, Tool};
    let allowed = [
        (Member("payments", Module), Member("stripe-double", Double), Development),
        (Member("rialto", Root), Member("stripe-double", Double), Development),
        (Member("rialto", Root), Member("orders", Module), Normal),
        (Member("rialto", Root), Member("migrations", Migrations), Normal),
        (Member("orders", Module), Member("carts-api", Contract), Normal),
        (Member("orders", Module), Member("saga", Chassis), Normal),
        (Member("orders", Module), Member("carts", Module), Development),
        (Member("orders", Module), Member("migrations", Migrations), Development),
        (Member("orders", Module), Member("testkit", Chassis), Development),
        (Member("orders-api", Contract), Member("carts-api", Contract), Normal),
        (Member("orders-api", Contract), Member("kernel", Chassis), Normal),
        (Member("saga", Chassis), Member("messaging", Chassis), Normal),
        (Member("migrations", Migrations), Member("storage", Chassis), Normal),
        (Member("xtask", Tool), Member("servers", Chassis), Normal),
    ];
    for (from, to, kind) in allowed {
        assert_eq!(violation(from, to, kind), None);
    }
}
