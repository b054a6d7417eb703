//! What a person sees first.

use std::{fmt, net::SocketAddr, time::Duration};

use crate::demo;

/// A few lines: where the shop listens, what it hosts, and what to try next. On standard error, so that
/// standard output holds log lines and nothing else.
pub struct Banner {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long the start took.
    pub ready: Duration,
    /// The modules in this process.
    pub hosted: Vec<&'static str>,
    /// The demonstration's customer, in demo mode.
    pub demo: Option<demo::Customer>,
    /// Where the tables are.
    pub storage: String,
}

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, address, ready, hosted, demo, storage } = self;
        writeln!(f, "\n  Rialto {}, ready in {} ms", env!("CARGO_PKG_VERSION"), ready.as_millis())?;
        writeln!(f, "  shop      {scheme}://{address}/v1/products")?;
        writeln!(f, "  try it    {scheme}://{address}/docs")?;
        writeln!(f, "  modules   {}", hosted.join(", "))?;
        writeln!(f, "  tables    {storage}")?;
        let Some(customer) = demo else { return writeln!(f) };
        writeln!(
            f,
            "  DEMO MODE a demonstration shop: not for real customers (demo = false ends it)"
        )?;
        writeln!(f, "{customer}")
    }
}
