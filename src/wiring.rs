//! Who asks whom, and who listens to what: known to every binary, also to one built without the module.
//!
//! A process has to know where its messages go although it cannot host who reads them, and a topology is
//! checked before any module is opened. So the list stands here; each module is held to its line when it
//! is admitted.

use std::collections::BTreeSet;

use kernel::Message;

/// One module, as everybody knows it.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    /// Its name: of its crate, its feature, its database, its subscriber group.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether this binary can host it.
    pub built: bool,
    /// Whether it keeps tables.
    pub tables: bool,
    /// The modules whose ports it calls.
    pub asks: &'static [&'static str],
    /// The channels its group listens to.
    pub listens: &'static [&'static str],
    /// The channels it publishes to: its events, its commands to others, its answers to them.
    pub speaks: &'static [&'static str],
}

/// Every module, after those it asks.
pub const MODULES: &[Module] = &[
    Module {
        name: "users",
        purpose: "who is asking: accounts, addresses, log-ins",
        built: cfg!(feature = "users"),
        tables: true,
        asks: &[],
        listens: &[],
        speaks: &[
            users_api::UserRegistered::CHANNEL,
            users_api::EmailVerificationRequested::CHANNEL,
        ],
    },
    Module {
        name: "products",
        purpose: "what is for sale, and how many",
        built: cfg!(feature = "products"),
        tables: true,
        asks: &[],
        listens: &[
            products_api::CommitReservation::CHANNEL,
            deliveries_api::ShipmentDispatched::CHANNEL,
        ],
        speaks: &[
            products_api::ProductPublished::CHANNEL,
            products_api::StockDepleted::CHANNEL,
            orders_api::REPLIES,
        ],
    },
    Module {
        name: "deliveries",
        purpose: "parcels on their way",
        built: cfg!(feature = "deliveries"),
        tables: true,
        asks: &[],
        listens: &[
            orders_api::OrderCompleted::CHANNEL,
            deliveries_api::CancelDelivery::CHANNEL,
            deliveries_api::CARRIERS,
            deliveries_api::RATES,
        ],
        speaks: &[
            deliveries_api::ShipmentPrepared::CHANNEL,
            orders_api::REPLIES,
            deliveries_api::CARRIERS,
            deliveries_api::RATES,
        ],
    },
    Module {
        name: "carts",
        purpose: "what a shopper is about to want",
        built: cfg!(feature = "carts"),
        tables: true,
        asks: &["products", "deliveries"],
        listens: &[orders_api::OrderPlaced::CHANNEL],
        speaks: &[],
    },
    Module {
        name: "payments",
        purpose: "money moved",
        built: cfg!(feature = "payments"),
        tables: true,
        asks: &[],
        listens: &[payments_api::Collect::CHANNEL],
        speaks: &[payments_api::PaymentCompleted::CHANNEL, orders_api::REPLIES],
    },
    Module {
        name: "orders",
        purpose: "promises made, and the checkout saga",
        built: cfg!(feature = "orders"),
        tables: true,
        asks: &["users", "products", "carts", "deliveries", "payments"],
        listens: &[
            orders_api::REPLIES,
            payments_api::PaymentRefunded::CHANNEL,
            deliveries_api::ShipmentDispatched::CHANNEL,
        ],
        speaks: &[
            orders_api::OrderPlaced::CHANNEL,
            payments_api::Collect::CHANNEL,
            products_api::CommitReservation::CHANNEL,
            deliveries_api::CancelDelivery::CHANNEL,
        ],
    },
    Module {
        name: "history",
        purpose: "what became of every order",
        built: cfg!(feature = "history"),
        tables: true,
        asks: &["orders"],
        listens: &[
            orders_api::OrderPlaced::CHANNEL,
            payments_api::PaymentCompleted::CHANNEL,
            deliveries_api::ShipmentPrepared::CHANNEL,
        ],
        speaks: &[],
    },
    Module {
        name: "notifications",
        purpose: "mail to people",
        built: cfg!(feature = "notifications"),
        tables: true,
        asks: &[],
        listens: &[
            orders_api::OrderPlaced::CHANNEL,
            payments_api::PaymentRefunded::CHANNEL,
            deliveries_api::ShipmentDispatched::CHANNEL,
            users_api::UserRegistered::CHANNEL,
            users_api::EmailVerificationRequested::CHANNEL,
        ],
        speaks: &[],
    },
    Module {
        name: "gateway",
        purpose: "the edge in front of all routes",
        built: cfg!(feature = "gateway"),
        tables: false,
        asks: &["users"],
        listens: &[],
        speaks: &[],
    },
    Module {
        name: REGISTRY,
        purpose: "where services are, also those in other languages",
        built: cfg!(feature = "registry"),
        tables: false,
        asks: &[],
        listens: &[],
        speaks: &[],
    },
];

/// The module that not every deployment needs.
pub const REGISTRY: &str = "registry";

/// Books that are no module: the sandbox keeps its own as a bank would, beside payments.
pub const SANDBOX: &str = "sandbox";

/// The module called `name`.
pub fn module(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

impl Module {
    /// The channels its group listens to, as messaging wants them.
    pub fn channels(&self) -> BTreeSet<&'static str> {
        self.listens.iter().copied().collect()
    }

    /// Everything it keeps tables for.
    pub fn databases(&self) -> Vec<&'static str> {
        match self.name {
            "payments" => vec![SANDBOX, "payments"],
            _ if self.tables => vec![self.name],
            _ => Vec::new(),
        }
    }
}

/// Modules that ask each other in a circle, if any do: each asks the next, the last asks the first.
pub fn circle(modules: &[Module]) -> Option<Vec<&'static str>> {
    fn walk(
        modules: &[Module],
        name: &'static str,
        way: &mut Vec<&'static str>,
    ) -> Option<Vec<&'static str>> {
        if let Some(first) = way.iter().position(|visited| *visited == name) {
            return Some(way[first..].to_vec());
        }
        way.push(name);
        let asks = modules.iter().find(|module| module.name == name).map_or(&[][..], |it| it.asks);
        let found = asks.iter().find_map(|asked| walk(modules, asked, way));
        way.pop();
        found
    }
    modules.iter().find_map(|module| walk(modules, module.name, &mut Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_module_asks_in_a_circle_and_each_comes_after_those_it_asks() {
        assert_eq!(circle(MODULES), None);
        for (place, module) in MODULES.iter().enumerate() {
            for asked in module.asks {
                let before = MODULES[..place].iter().any(|it| it.name == *asked);
                assert!(before, "{} asks {asked}, which comes later", module.name);
            }
        }
    }

    #[test]
    fn a_circle_is_found_and_named() {
        let of = |name, asks| Module { name, asks, ..MODULES[0] };
        let modules = [of("a", &["b"]), of("b", &["c", "d"]), of("c", &[]), of("d", &["b"])];
        assert_eq!(circle(&modules), Some(vec!["b", "d"]));
    }
}
