//! The log, as configured.

use std::io::IsTerminal;

use anyhow::Result;

use crate::config::{Log, LogFormat};

/// Starts logging to standard output.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(log: &Log) -> Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let format = match log.format {
        LogFormat::Json => telemetry::Format::Json,
        LogFormat::Auto if !terminal => telemetry::Format::Json,
        LogFormat::Auto | LogFormat::Pretty => telemetry::Format::Pretty,
    };
    Ok(telemetry::init(&telemetry::Options { format, filter: log.filter.clone() })?)
}
