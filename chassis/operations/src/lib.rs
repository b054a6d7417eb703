//! What people do to a module that runs: look at messages that were set aside and at sagas that do not go on, and
//! decide about them.
//!
//! [`Operations`] is a port that every module has beside its own. It is implemented once, over the module's
//! database, by a [`desk`]; no module writes code for it. Commands of the binary ask desks that they open
//! themselves, the edge asks those that live in other processes by the wire of the module itself
//! ([`answer`], [`elsewhere`]) and shows them over HTTP ([`routes`]).
//!
//! **Invariants:** who changed what, and how it was before, is written in the transaction of the change. What
//! is changed is what was looked at, where a [`Version`](kernel::Version) was said. A wish that comes twice under
//! one key is done once.

mod audit;
mod desk;
mod error;
mod http;
mod message;
mod once;
mod story;
mod wire;

use explain::{Fragment, Question};
use kernel::Page;
use ports::async_trait;
use saga::{SagaId, Summary};

pub use audit::{Audits, Deed, Entry, EntryId, note};
pub use desk::{Knows, desk};
pub use error::{Error, Result};
pub use http::routes;
pub use message::{Change, Changed, Edit, Inspection, InvalidMessageId, MessageId, Messages};
pub use messaging::parked::{Parked, Place, State};
pub use story::{InvalidSagaPlace, Retried, SagaInspection, SagaPlace, SagaRetry, Sagas};
pub use wire::{answer, elsewhere};

/// What people do to one module.
#[async_trait]
pub trait Operations: Send + Sync {
    /// One page of the messages that are parked, by group, stream and number.
    async fn messages(&self, wish: Messages) -> Result<Page<Parked>>;
    /// One parked message, with everything that is known of it.
    async fn message(&self, id: MessageId) -> Result<Inspection>;
    /// Has a message tried again: at once, or as soon as it is the first of its key. Said again, it is tried
    /// once more at most.
    async fn retry(&self, wish: Change) -> Result<Changed>;
    /// Gives a message another payload; it is tried as it was going to be. Said again, nothing changes.
    async fn edit(&self, wish: Edit) -> Result<Changed>;
    /// Gives a message up, so that those behind it can go on. Said again, nothing changes.
    async fn discard(&self, wish: Change) -> Result<Changed>;
    /// One page of what people did, the newest first.
    async fn audit(&self, wish: Audits) -> Result<Page<Entry>>;
    /// One page of the sagas that this module began, by their ids.
    async fn sagas(&self, wish: Sagas) -> Result<Page<Summary>>;
    /// One saga, step by step.
    async fn saga(&self, id: SagaId) -> Result<SagaInspection>;
    /// Sends the command that a saga waits for once more. Said again, it is sent again, which changes nothing more: the
    /// first answer counts.
    async fn retry_saga(&self, wish: SagaRetry) -> Result<Retried>;
    /// What the module's books know of what somebody asks about, for a tree of causes over all modules.
    async fn explain(&self, question: Question) -> Result<Fragment>;
}

ports::remote! {
    Operations in "operations", Error => RemoteOperations, OperationsSkeleton, LocalOperations {
        query messages(Messages) -> Page<Parked>;
        query message(MessageId) -> Inspection;
        command retry(Change) -> Changed;
        command edit(Edit) -> Changed;
        command discard(Change) -> Changed;
        query audit(Audits) -> Page<Entry>;
        query sagas(Sagas) -> Page<Summary>;
        query saga(SagaId) -> SagaInspection;
        command retry_saga(SagaRetry) -> Retried;
        query explain(Question) -> Fragment;
    }
}
