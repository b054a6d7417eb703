//! Where log lines go and which of them.

use std::{io::IsTerminal, str::FromStr};

use tracing_subscriber::{EnvFilter, fmt::format::DefaultFields};

use crate::Lines;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, for programs.
    Json,
    /// For people.
    #[default]
    Pretty,
}

/// How to log.
#[derive(Clone, Debug)]
pub struct Options {
    /// The form of a line.
    pub format: Format,
    /// Which lines, in the words of `tracing_subscriber::EnvFilter`: `info,storage=debug`.
    pub filter: String,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The filter is not one.
    #[error("the log filter {0:?} cannot be read: {1}; an example is `info,storage=debug`")]
    Filter(String, String),
    /// Somebody was faster.
    #[error("logging is set up already")]
    Twice,
}

/// Starts logging to standard output, for the whole process.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub fn init(options: &Options) -> Result<(), InitError> {
    let filter = EnvFilter::try_new(&options.filter)
        .map_err(|cause| InitError::Filter(options.filter.clone(), cause.to_string()))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stdout)
        .with_ansi(options.format == Format::Pretty && std::io::stdout().is_terminal())
        .fmt_fields(DefaultFields::new())
        .event_format(Lines::new(options.format))
        .try_init()
        .map_err(|_| InitError::Twice)
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            other => Err(format!("{other:?} is not a log format; formats are json and pretty")),
        }
    }
}
