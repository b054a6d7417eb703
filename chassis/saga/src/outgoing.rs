//! A command on its way out, with its type forgotten, and the ticket its answer brings back.

use std::{fmt, str::FromStr};

use kernel::Command;
use messaging::{Ask, Publish};
use storage::{Error, Tx};

use crate::transition::{State, Status};

/// A command of some type. Every command is one.
pub(crate) trait Outgoing: Send {
    /// Sends it when `tx` commits.
    fn send(&self, tx: &mut Tx, ask: Ask) -> Result<(), Error>;

    /// Reads back what it writes; for the explorer.
    fn check(&self) -> serde_json::Result<()>;
}

impl<C: Command> Outgoing for C {
    fn send(&self, tx: &mut Tx, ask: Ask) -> Result<(), Error> {
        Publish::send(tx, self, ask).map(drop)
    }

    fn check(&self) -> serde_json::Result<()> {
        let written = serde_json::to_vec(self)?;
        serde_json::from_slice::<C>(&written).map(drop)
    }
}

/// What a command was sent for: the correlation id of the command and of its answer. With it an
/// answer can be recorded by one statement, without looking first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The hash of the plan.
    pub(crate) plan: i64,
    /// Where the saga stood when it sent the command, if nothing else happened since.
    pub(crate) state: State,
}

impl Ticket {
    pub(crate) fn undoes(&self) -> bool {
        self.state.status == Status::Undoing
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { position, turn, .. } = self.state;
        let way = if self.undoes() { "undo" } else { "do" };
        write!(f, "saga/{:016x}/{position}/{turn}/{way}", self.plan.cast_unsigned())
    }
}

/// The text is not the correlation id of a saga's command.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not what a saga correlates its commands by")]
pub(crate) struct NotATicket(String);

impl FromStr for Ticket {
    type Err = NotATicket;

    fn from_str(text: &str) -> Result<Self, NotATicket> {
        let parse = || {
            let mut parts = text.strip_prefix("saga/")?.split('/');
            let plan = u64::from_str_radix(parts.next()?, 16).ok()?.cast_signed();
            let position = parts.next()?.parse().ok()?;
            let turn = parts.next()?.parse().ok()?;
            let status = match (parts.next()?, parts.next()) {
                ("do", None) => Status::Running,
                ("undo", None) => Status::Undoing,
                _ => return None,
            };
            Some(Self { plan, state: State { status, position, turn, given_up: None } })
        };
        parse().ok_or_else(|| NotATicket(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_reads_back_what_it_shows_and_nothing_else() {
        for (plan, status) in [(-1, Status::Running), (77, Status::Undoing)] {
            let state = State { status, position: 3, turn: 9, given_up: None };
            let ticket = Ticket { plan, state };
            assert_eq!(ticket.to_string().parse::<Ticket>().unwrap(), ticket);
        }
        for text in ["", "saga/", "saga/00/1/2", "saga/00/1/2/do/3", "saga/00/x/2/do", "a/0/1/2/do"]
        {
            assert!(text.parse::<Ticket>().is_err(), "{text}");
        }
    }
}
