//! Places at which a test kills the process, and guards that a test takes away.
//!
//! [`point!`] names a place in the way of a message at which a process may die; a test has it die there and
//! looks whether anything was lost. [`guard!`] names a rule that keeps something from going wrong; a test
//! takes it away and looks whether the others would notice. Both ask the environment of the process, and
//! both are nothing at all in a build without debug assertions.
//!
//! | variable | what it does |
//! |---|---|
//! | `RIALTO_FAULT=consume.committed:3` | the process aborts when it is at that place for the third time |
//! | `RIALTO_FAULT_TRACE=path` | the name of each place that is reached is added to that file, a line each |
//! | `RIALTO_GUARDS_OFF=mark,park` | these guards do not hold |

use std::{
    collections::HashSet,
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

/// Names a place at which the process may be told to die.
#[macro_export]
macro_rules! point {
    ($name:literal) => {
        if cfg!(debug_assertions) {
            $crate::reach($name);
        }
    };
}

/// Whether a guard holds; it does, unless a test took it away.
#[macro_export]
macro_rules! guard {
    ($name:literal) => {
        !cfg!(debug_assertions) || $crate::holds($name)
    };
}

static ORDERS: LazyLock<Orders> = LazyLock::new(Orders::read);

/// What the environment says.
struct Orders {
    death: Option<Death>,
    trace: Option<File>,
    guards_off: HashSet<String>,
}

/// Where the process dies.
struct Death {
    place: String,
    /// How often the place is reached before it is fatal.
    spared: AtomicU64,
}

impl Orders {
    fn read() -> Self {
        let text = |name| env::var(name).ok().filter(|text: &String| !text.is_empty());
        let trace = text("RIALTO_FAULT_TRACE")
            .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        let guards_off = text("RIALTO_GUARDS_OFF").unwrap_or_default();
        Self {
            death: text("RIALTO_FAULT").map(|text| Death::parse(&text)),
            trace,
            guards_off: guards_off.split(',').map(str::to_owned).collect(),
        }
    }
}

impl Death {
    /// From `place` or `place:n`.
    fn parse(text: &str) -> Self {
        let (place, nth) = match text.rsplit_once(':') {
            Some((place, nth)) => (place, nth.parse().unwrap_or(1)),
            None => (text, 1),
        };
        Self { place: place.to_owned(), spared: AtomicU64::new(nth) }
    }
}

/// The process is at `place`: what [`point!`] calls.
pub fn reach(place: &'static str) {
    let Orders { death, trace, .. } = &*ORDERS;
    if let Some(mut trace) = trace.as_ref() {
        // One write, so that lines of several threads do not mix.
        drop(trace.write_all(format!("{place}\n").as_bytes()));
    }
    if let Some(death) = death
        && death.place == place
        && death.spared.fetch_sub(1, SeqCst) == 1
    {
        std::process::abort();
    }
}

/// Whether the environment leaves the guard in place: what [`guard!`] calls.
pub fn holds(guard: &'static str) -> bool {
    !ORDERS.guards_off.contains(guard)
}
