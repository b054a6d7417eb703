//! Where log lines go and which of them.

use std::{io::IsTerminal, str::FromStr};

use tracing_subscriber::{EnvFilter, filter::ParseError, fmt::format::DefaultFields};

use crate::Lines;

/// Lines of other libraries that are written under no filter: they show whole messages, with the tokens and
/// passwords in them.
const NEVER: [&str; 1] = ["lapin::returned_messages=off"];

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
    tracing_subscriber::fmt()
        .with_env_filter(filter(&options.filter)?)
        .with_writer(std::io::stdout)
        .with_ansi(options.format == Format::Pretty && std::io::stdout().is_terminal())
        .fmt_fields(DefaultFields::new())
        .event_format(Lines::new(options.format))
        .try_init()
        .map_err(|_| InitError::Twice)
}

fn filter(words: &str) -> Result<EnvFilter, InitError> {
    let wrong = |cause: ParseError| InitError::Filter(words.to_owned(), cause.to_string());
    let mut filter = EnvFilter::try_new(words).map_err(wrong)?;
    for line in NEVER {
        filter = filter.add_directive(line.parse().map_err(wrong)?);
    }
    Ok(filter)
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

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_filter_brings_back_the_lines_that_show_whole_messages() {
        for words in ["trace", "lapin=trace", "lapin::returned_messages=trace"] {
            let paper = Paper::default();
            let written = paper.clone();
            let log = tracing_subscriber::fmt()
                .with_env_filter(filter(words).unwrap())
                .with_writer(move || written.clone())
                .finish();
            tracing::subscriber::with_default(log, || {
                tracing::warn!(target: "lapin::returned_messages", "a token");
                tracing::warn!(target: "lapin::returned_messages::deeper", "a token");
                tracing::warn!(target: "lapin::channel", "a channel was closed");
            });
            let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains("a token"), "{words}: {text}");
            assert_eq!(text.contains("a channel"), !words.contains("::"), "{words}: {text}");
        }
    }
}
