//! What an operator is told.

use super::*;

fn read(flags: &[&str]) -> Result<Loaded> {
    let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Loaded::read(&Layers { files: Vec::new(), flags })
}

fn complaint(flags: &[&str]) -> String {
    read(flags).err().map_or_else(|| "no complaint".to_owned(), |error| error.to_string())
}

#[test]
fn the_defaults_are_complete() {
    let loaded = read(&[]).unwrap();
    assert!(loaded.config.demo);
    assert!(loaded.config.http.public.ip().is_loopback());
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_known_one() {
    let said = complaint(&["http.publik = \"127.0.0.1:1\""]);
    assert_eq!(said, "the command line: unknown key `http.publik`; did you mean `public`?");
    let said = complaint(&["htpp.public = \"127.0.0.1:1\""]);
    assert!(said.contains("unknown key `htpp`; did you mean `http`?"), "{said}");
}

#[test]
fn a_wrong_type_is_named_with_its_place() {
    let said = complaint(&["http.workers = \"many\""]);
    assert!(said.contains("the command line: `http.workers`"), "{said}");
    let said = complaint(&["log.format = \"jason\""]);
    assert!(said.contains("`log.format` cannot be \"jason\"; did you mean `json`?"), "{said}");
}

#[test]
fn a_demonstration_is_refused_where_others_can_reach_it() {
    let said = complaint(&["http.public = \"0.0.0.0:8080\""]);
    assert!(said.contains("demo = true is refused on 0.0.0.0:8080"), "{said}");
    assert!(read(&["http.public = \"0.0.0.0:8080\"", "demo = false"]).is_ok());
}

#[test]
fn modules_cannot_share_a_file() {
    assert!(complaint(&["storage.url = \"sqlite://data/all.db\""]).contains("{module}"));
}

#[test]
fn the_report_masks_secrets_and_names_origins() {
    let url = "storage.url = \"postgres://shop:hunter2@db/{module}\"";
    let registry = "topology.discovery.registry = [\"http://shop:hunter2@registry/eureka\"]";
    let service = "registry.services.greeter = { password = \"hunter2 and more\" }";
    let report = read(&[url, registry, service]).unwrap().report().unwrap().to_string();
    assert!(report.contains("postgres://shop:…@db/{module}"), "{report}");
    assert!(report.contains("[\"http://shop:…@registry/eureka\"]"), "{report}");
    assert!(!report.contains("hunter2"), "{report}");
    let line = |key: &str| report.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("storage.url").ends_with("# the command line"));
    assert!(
        line("http.workers").ends_with("default.toml")
            || line("http.workers").ends_with("# the defaults")
    );
}

#[test]
fn the_defaults_of_the_file_are_those_of_the_modules() {
    let loaded = read(&[]).unwrap();
    assert_eq!(loaded.config.topology.resilience.all, resilience::Numbers::default());
    assert_eq!(loaded.config.topology.ingress, resilience::Ingress::default());
    #[cfg(feature = "users")]
    assert_eq!(loaded.settings::<users::Settings>("users").unwrap(), users::Settings::default());
    #[cfg(feature = "products")]
    assert_eq!(
        loaded.settings::<products::Settings>("products").unwrap(),
        products::Settings::default()
    );
    #[cfg(feature = "carts")]
    assert_eq!(loaded.settings::<carts::Settings>("carts").unwrap(), carts::Settings::default());
    #[cfg(feature = "deliveries")]
    assert_eq!(
        loaded.settings::<deliveries::Settings>("deliveries").unwrap(),
        deliveries::Settings::default()
    );
    #[cfg(feature = "payments")]
    assert_eq!(
        loaded.settings::<payments::Settings>("payments").unwrap(),
        payments::Settings::default()
    );
    #[cfg(feature = "orders")]
    assert_eq!(loaded.settings::<orders::Settings>("orders").unwrap(), orders::Settings::default());
    #[cfg(feature = "history")]
    assert_eq!(
        loaded.settings::<history::Settings>("history").unwrap(),
        history::Settings::default()
    );
    #[cfg(feature = "notifications")]
    assert_eq!(
        // What is secret in them is not compared.
        format!("{:?}", loaded.settings::<notifications::Settings>("notifications").unwrap()),
        format!("{:?}", notifications::Settings::default())
    );
    #[cfg(feature = "gateway")]
    assert_eq!(
        loaded.settings::<gateway::Settings>("gateway").unwrap(),
        gateway::Settings::default()
    );
    #[cfg(feature = "registry")]
    assert_eq!(
        format!("{:?}", loaded.settings::<registry::Settings>("registry").unwrap()),
        format!("{:?}", registry::Settings::default())
    );
}

#[test]
fn a_module_may_be_relayed_in_another_way_than_the_others() {
    let loaded = read(&["messaging.relay = \"log\"", "messaging.modules.orders = \"ticks\""]);
    let options = loaded.unwrap().config.messaging.options();
    assert_eq!(options.relay_of("orders"), ::messaging::Method::Ticks);
    assert_eq!(options.relay_of("users"), ::messaging::Method::Log);
    let said = complaint(&["messaging.modules.oders = \"log\""]);
    assert!(said.contains("messaging.modules.oders"), "{said}");
    let said = complaint(&["messaging.relay = \"tail\""]);
    assert!(said.contains("`messaging.relay` cannot be \"tail\""), "{said}");
}

#[test]
fn an_edge_may_have_other_numbers_and_wrong_ones_are_refused_with_what_would_do() {
    let edge = "topology.resilience.edges.\"carts -> products\"";
    let patience = format!("{edge}.patience = \"1s\"");
    let layout = read(&["topology.resilience.all.at_once = 7", &patience]).unwrap().layout;
    let (own, others) =
        (layout.numbers("carts", "products"), layout.numbers("carts", "deliveries"));
    assert_eq!((own.patience.as_secs(), own.at_once), (1, 7));
    assert_eq!((others.patience.as_secs(), others.at_once), (10, 7));
    let said = complaint(&[&format!("{edge}.patients = \"1s\"")]);
    assert!(said.contains("unknown field `patients`"), "{said}");
    let said = complaint(&["topology.resilience.edges.\"carts -> users\".patience = \"1s\""]);
    assert!(said.contains("there is no such call"), "{said}");
    let said = complaint(&["topology.resilience.all.patience = \"0s\""]);
    assert!(said.contains("topology.resilience.all: patience is zero"), "{said}");
    let said = complaint(&["topology.ingress.least = 5000"]);
    assert!(said.contains("topology.ingress: least is above most"), "{said}");
}
