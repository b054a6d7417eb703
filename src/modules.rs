//! `rialto modules`: what is in this binary, and where it keeps its tables.

use crate::config::Loaded;

/// Everything that keeps tables: the modules in the order of their dependence, and the sandbox that
/// stands for a payment provider.
pub const WITH_TABLES: [&str; 7] =
    ["users", "products", "carts", "deliveries", "sandbox", "payments", "orders"];

/// Every module: its name, whether this binary can host it, and what it is for.
const ALL: [(&str, bool, &str); 7] = [
    ("users", cfg!(feature = "users"), "who is asking: accounts, addresses, log-ins"),
    ("products", cfg!(feature = "products"), "what is for sale, and how many"),
    ("carts", cfg!(feature = "carts"), "what a shopper is about to want"),
    ("orders", cfg!(feature = "orders"), "promises made, and the checkout saga"),
    ("payments", cfg!(feature = "payments"), "money moved"),
    ("deliveries", cfg!(feature = "deliveries"), "parcels on their way"),
    ("gateway", cfg!(feature = "gateway"), "the edge in front of all routes"),
];

/// A line for each module.
pub fn list(loaded: &Loaded) -> String {
    ALL.into_iter().map(|(name, built, purpose)| line(loaded, name, built, purpose)).collect()
}

fn line(loaded: &Loaded, name: &str, built: bool, purpose: &str) -> String {
    let built = if built { "in this binary" } else { "not built in" };
    let place = match WITH_TABLES.contains(&name) {
        true => loaded.config.storage.place(name),
        false => "no tables".to_owned(),
    };
    format!("{name:11} {built:14} {purpose:46} {place}\n")
}
