//! Stories about mail: told over a real bus, sent to a real mail server (aiosmtpd).

mod outbox;
mod people;
mod sending;
mod server;
mod world;
