//! Whether an instance wants traffic, in Eureka's words.

use std::{convert::Infallible, fmt, str::FromStr};

/// Whether an instance wants traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// It does.
    Up,
    /// It cannot.
    Down,
    /// Not yet.
    Starting,
    /// Somebody took it out.
    OutOfService,
    /// Nobody knows.
    Unknown,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
            Self::Starting => "STARTING",
            Self::OutOfService => "OUT_OF_SERVICE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Infallible;

    /// A word that Eureka does not have is read as UNKNOWN, as Eureka does.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let all = [Self::Up, Self::Down, Self::Starting, Self::OutOfService];
        let found = all.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text));
        Ok(found.unwrap_or(Self::Unknown))
    }
}
