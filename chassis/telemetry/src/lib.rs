//! What a process says about itself: log lines and metrics, tied to traces.

mod access;
mod collect;
mod line;
mod log;
mod metrics;

pub use access::{Access, log_access};
pub use line::Lines;
pub use log::{Format, InitError, Options, init};
pub use metrics::{Metrics, OPENMETRICS, Reading, scrape};
