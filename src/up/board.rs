//! What runs, as a person sees it: a table, and lines under the names of those who wrote them.

use std::{
    fmt,
    io::{IsTerminal, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use tokio_util::sync::CancellationToken;

use crate::{probe, topology::Seat};

/// How often processes are asked whether they are ready.
const LOOK: Duration = Duration::from_millis(300);

const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Red,
];

/// Every replica and what it is doing.
pub(super) struct Board {
    rows: Mutex<Vec<Row>>,
    width: usize,
    colours: bool,
}

struct Row {
    seat: Seat,
    state: State,
}

/// What a replica is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Starting { pid: u32 },
    Ready { pid: u32 },
    Ended { how: String, wait: Duration },
    Draining,
    Stopped,
}

impl Board {
    pub(super) fn of(seats: &[Seat]) -> Self {
        let rows = seats.iter().map(|seat| Row { seat: seat.clone(), state: State::Waiting });
        let width = seats.iter().map(|seat| seat.to_string().len()).max().unwrap_or_default();
        Self { rows: Mutex::new(rows.collect()), width, colours: std::io::stdout().is_terminal() }
    }

    /// Notes what became of the replica in `line`, and says it.
    pub(super) fn set(&self, line: usize, state: State) {
        let mut rows = self.rows();
        let Some(row) = rows.get_mut(line) else { return };
        if row.state == state {
            return;
        }
        let told = state.to_string();
        row.state = state;
        drop(rows);
        self.say(line, &format!("── {told}"));
    }

    /// Prints a line of the replica in `line`.
    pub(super) fn say(&self, line: usize, text: &str) {
        let name = self.rows().get(line).map(|row| row.seat.to_string()).unwrap_or_default();
        let style = match self.colours {
            true => Style::new().fg_color(Some(COLOURS[line % COLOURS.len()].into())),
            false => Style::new(),
        };
        let width = self.width;
        let mut out = std::io::stdout().lock();
        // Who reads no longer has seen enough.
        drop(writeln!(out, "{style}{name:width$} │{style:#} {text}"));
    }

    /// Asks until `stop` who is ready; shows the table when everybody has become so.
    pub(super) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut shown = false;
        while stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            for (line, pid, url) in self.starting() {
                if probe::ready(&url).await.is_ok() {
                    self.became_ready(line, pid);
                }
            }
            let all = self.rows().iter().all(|row| matches!(row.state, State::Ready { .. }));
            if all && !shown {
                eprint!("{self}");
            }
            shown = all;
        }
    }

    fn starting(&self) -> Vec<(usize, u32, String)> {
        let rows = self.rows();
        let starting = rows.iter().enumerate().filter_map(|(line, row)| match row.state {
            State::Starting { pid } => Some((line, pid, row.seat.probe()?)),
            _ => None,
        });
        starting.collect()
    }

    fn became_ready(&self, line: usize, pid: u32) {
        let still = self.rows().get(line).is_some_and(|row| row.state == State::Starting { pid });
        if still {
            self.set(line, State::Ready { pid });
        }
    }

    fn rows(&self) -> MutexGuard<'_, Vec<Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting => f.write_str("not started yet"),
            Self::Starting { pid } => write!(f, "starting as {pid}"),
            Self::Ready { pid } => write!(f, "ready as {pid}"),
            Self::Ended { how, wait } => {
                write!(f, "{how}; starts again in {:.1} s", wait.as_secs_f64())
            }
            Self::Draining => f.write_str("draining"),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width.max("process".len());
        writeln!(
            f,
            "\n  {:width$}  {:20}  {:22}  {:22}  modules",
            "process", "state", "public", "internal"
        )?;
        for Row { seat, state } in self.rows().iter() {
            let or_none = |address: Option<&str>| address.unwrap_or("–").to_owned();
            let (public, internal) = (or_none(seat.public()), or_none(seat.internal()));
            let (name, state) = (seat.to_string(), state.to_string());
            let modules = seat.place.modules.join(", ");
            writeln!(f, "  {name:width$}  {state:20}  {public:22}  {internal:22}  {modules}")?;
        }
        writeln!(f)
    }
}
