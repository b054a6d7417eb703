//! `rialto sagas …` as it is typed.

use clap::{Subcommand, ValueEnum};
use operations::SagaPlace;
use saga::Status;

use super::messages::{By, Show};

/// Shows sagas step by step, and sends on those that stand still.
#[derive(Debug, Subcommand)]
pub enum Sagas {
    /// Lists sagas, with their ids; exits with 1 when a database could not be read
    List {
        /// Those that this module began
        #[arg(long)]
        module: Option<String>,
        /// Of this kind: checkout
        #[arg(long)]
        name: Option<String>,
        /// Standing there
        #[arg(long, value_enum)]
        status: Option<Standing>,
        /// Those that have not ended, and have not moved for so long
        #[arg(long, value_name = "SECONDS")]
        idle: Option<u32>,
        /// How it looks, and how much of it
        #[command(flatten)]
        show: Show,
    },
    /// Shows one saga: its steps, what happened when, and what people did to it
    Show {
        /// As `rialto sagas list` shows it
        id: SagaPlace,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Sends the command that a saga waits for once more; its owner may get it twice, and the first answer counts
    Retry {
        /// As `rialto sagas list` shows them
        #[arg(required = true)]
        ids: Vec<SagaPlace>,
        /// Who says so
        #[command(flatten)]
        by: By,
    },
}

/// Where a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Standing {
    /// A step was sent and its answer is awaited
    Running,
    /// A step was refused and may be sent again
    Waiting,
    /// An undo was sent and its answer is awaited
    Undoing,
    /// All steps are done
    Completed,
    /// Everything is undone
    Compensated,
}

impl From<Standing> for Status {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Running => Self::Running,
            Standing::Waiting => Self::Waiting,
            Standing::Undoing => Self::Undoing,
            Standing::Completed => Self::Completed,
            Standing::Compensated => Self::Compensated,
        }
    }
}
