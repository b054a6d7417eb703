//! The gateway in front of two small modules, over real sockets.

mod containment;
mod refusals;
mod rules;
mod tokens;
mod world;
