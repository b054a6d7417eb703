//! Stories about history: told over a real bus, seen through the port and the routes.

mod disorder;
mod listing;
mod over_http;
mod waiting;
mod world;
