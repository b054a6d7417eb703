//! What a process is told about everybody who sends and reads messages, here and elsewhere.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use storage::Database;

use crate::{Envelope, Options, Subscriptions};

/// The messages of one process: who lives here, and how those who live elsewhere are reached.
///
/// All processes of a deployment must be told the same groups with the same channels: a relay
/// forgets a message that no group it knows of listens to.
pub struct Bus {
    /// The modules of this process.
    pub modules: Vec<Module>,
    /// The groups that live in other processes. A group that lives here is none of them, even if it
    /// has instances elsewhere too.
    pub elsewhere: Vec<Group>,
    /// The processes that host the same modules on the same databases, if there are any.
    pub siblings: Option<Arc<dyn Siblings>>,
    /// The numbers.
    pub options: Options,
}

impl Bus {
    /// A process on its own: all its messages are for its own modules.
    pub fn of(modules: Vec<Module>) -> Self {
        Self { modules, elsewhere: Vec::new(), siblings: None, options: Options::default() }
    }
}

/// A module as the bus sees it.
pub struct Module {
    /// What its messages say they come from. Never changed: marks are kept by it.
    pub name: &'static str,
    /// Where its outbox, its marks and its parked messages are.
    pub db: Database,
    /// What it listens to.
    pub subscriptions: Subscriptions,
}

/// A subscriber group that lives in other processes.
#[derive(Clone)]
pub struct Group {
    /// Its name, by custom the module's.
    pub name: &'static str,
    /// The channels it listens to, see [`Subscriptions::channels`].
    pub channels: BTreeSet<&'static str>,
    /// The way to it.
    pub link: Arc<dyn Link>,
}

/// The way to one group in other processes.
#[async_trait]
pub trait Link: Send + Sync {
    /// Carries a batch to the group and waits, with a limit, for what is committed there. Tells of
    /// each message whether it is applied or parked, durably; a missing answer is a no.
    ///
    /// Of one source and shard a batch is carried at a time, and what was not acknowledged is the
    /// beginning of the next one. So a link may lose messages or carry them twice, and must not keep
    /// any for later.
    ///
    /// # Errors
    ///
    /// When nothing of the batch is known to be committed. It is carried again after a pause.
    async fn carry(&self, batch: &Batch) -> Result<Vec<bool>, Undelivered>;
}

/// Messages that travel together.
#[derive(Debug)]
pub struct Batch {
    /// The module that published them.
    pub source: &'static str,
    /// Their lane.
    pub shard: u16,
    /// How often in a row it was handed over before and nothing of it was acknowledged. What was refused
    /// does not count.
    pub unheard: u32,
    /// The messages in their order, at least one.
    pub messages: Vec<Arc<Envelope>>,
}

/// Why a batch did not reach a group, as far as it is known. None of it says that nothing was
/// committed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Undelivered {
    /// Whoever was asked does not host the group.
    #[error("the group does not live there")]
    NotHere,
    /// The group's lane is full.
    #[error("the group has more than it can handle at the moment")]
    Busy,
    /// The process is about to stop.
    #[error("the process of the group is stopping")]
    Stopping,
    /// No answer came.
    #[error("no answer: {0}")]
    Unanswered(String),
}

/// Processes that host the same modules on the same databases.
#[async_trait]
pub trait Siblings: Send + Sync {
    /// Tells them that something was committed in the database of `module`, which one of them
    /// relays. Comes back after a second at the latest; whoever is not reached finds the messages
    /// at the next poll.
    async fn nudge(&self, module: &str);
}
