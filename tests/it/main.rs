//! The shop as its users see it, and the house rules that hold it up.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

/// Who may depend on whom, and what no source file contains.
mod architecture;

/// A shop in processes of its own.
mod world;

/// What its databases must say, whatever happened.
mod books;

/// What holds for every operation of the API, whatever it does.
mod api;

/// What people do, and what they see when it goes wrong.
mod journeys;

/// All of it in every way to deploy the shop.
mod worlds;

/// All of it in every way to group the modules.
mod partitions;

/// How one process starts and starts again.
mod lifetime;

/// A topology in one terminal.
mod up;

/// Processes and services that find each other by a registry.
mod registered;

/// What the documentation says about pulling a module out.
mod extraction;

/// What the command line says.
mod cli;

/// Lists of products that were interrupted.
mod imports;

/// Keys that are replaced while the shop is open.
mod rotation;

/// Carts that nobody came back for.
mod oblivion;

/// What a purchase costs in statements.
mod statements;

/// Why things happened.
mod explain;

/// What callers know about their neighbours.
mod edges;

/// Copies that are made again while the shop is open.
mod rebuild;

/// Customers who try again whatever happens.
mod fair;

/// Crowds that want the same thing at the same time.
mod rush;

/// What is true after the process was killed again and again.
mod kill;

/// Every fault at once.
mod storm;

/// What a shop of several processes survives.
mod failures;

/// Clients that are slow on purpose.
mod slow_clients;
