//! `rialto messages …` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use operations::{MessageId, State};

/// Shows the messages that were set aside, has them tried again, changes them, gives them up.
#[derive(Debug, Subcommand)]
pub enum Messages {
    /// Lists parked messages, with their ids; exits with 1 when a database could not be read
    List {
        /// Those that this module could not handle
        #[arg(long)]
        module: Option<String>,
        /// Of this channel
        #[arg(long)]
        channel: Option<String>,
        /// About the thing with this id
        #[arg(long)]
        key: Option<String>,
        /// In this state
        #[arg(long, value_enum)]
        state: Option<Standing>,
        /// How it looks, and how much of it
        #[command(flatten)]
        show: Show,
    },
    /// Shows one message: what it says, why it failed, what it was caused by, and what people did to it
    Show {
        /// As `rialto messages list` shows it
        id: MessageId,
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Has messages tried again: at once, or as soon as they are the first of their key
    Retry {
        /// As `rialto messages list` shows them
        #[arg(required = true)]
        ids: Vec<MessageId>,
        /// Who says so
        #[command(flatten)]
        by: By,
    },
    /// Gives a message another payload; it is tried when it is retried or due
    Edit {
        /// As `rialto messages list` shows it
        id: MessageId,
        /// The payload, JSON; standard input when it is not said
        #[arg(long)]
        file: Option<PathBuf>,
        /// Has it tried again at once, too
        #[arg(long)]
        retry: bool,
        /// Who says so
        #[command(flatten)]
        by: By,
    },
    /// Gives messages up: they are never applied, and those behind them go on
    Drop {
        /// As `rialto messages list` shows them
        #[arg(required = true)]
        ids: Vec<MessageId>,
        /// Who says so
        #[command(flatten)]
        by: By,
    },
    /// Lists what people did to messages, the newest first
    Audit {
        /// In this module
        #[arg(long)]
        module: Option<String>,
        /// To this message
        #[arg(long, value_name = "ID")]
        message: Option<MessageId>,
        /// How it looks, and how much of it
        #[command(flatten)]
        show: Show,
    },
}

/// How a list looks.
#[derive(Clone, Copy, Debug, Args)]
pub struct Show {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// At most this many of each module
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
}

/// Whom the audit names.
#[derive(Clone, Debug, Args)]
pub struct By {
    /// Who does it, for the audit
    #[arg(long, value_name = "NAME", env = "USER", default_value = "somebody")]
    by: String,
}

/// What becomes of a parked message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Standing {
    /// It is tried when it is due and the first of its key
    Waiting,
    /// It waits for a person, and its key with it
    Dead,
    /// It was given up, and is passed over when it is the first of its key
    Dropped,
}

impl By {
    /// The name as the audit has it: no user of the shop is called so.
    pub fn name(&self) -> String {
        format!("cli:{}", self.by)
    }
}

impl From<Standing> for State {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Dead => Self::Dead,
            Standing::Dropped => Self::Dropped,
        }
    }
}
