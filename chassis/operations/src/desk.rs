//! The operations of one module, over its own database.

mod messages;
mod sagas;

use std::sync::Arc;

use explain::{Fragment, Question};
use futures::future::BoxFuture;
use kernel::{Clock, Ids, Page, Violation};
use messaging::parked::{Parked, Turn};
use ports::async_trait;
use saga::{Engine, Summary};
use storage::Database;

use crate::{
    Audits, Change, Changed, Deed, Edit, Entry, Error, Inspection, MessageId, Messages, Operations,
    Result, Retried, SagaInspection, SagaRetry, Sagas, audit,
    once::{Once, broken},
};
use messages::Task;

/// What a module's database knows of a question: its messages, and whatever else that module can tell.
pub type Knows = Arc<
    dyn Fn(Database, Question) -> BoxFuture<'static, std::result::Result<Fragment, storage::Error>>
        + Send
        + Sync,
>;

/// The operations of the module whose database is `db`, and whose sagas, if it has some, `engine` runs.
/// `knows` is asked for what explains why something happened.
pub fn desk(
    db: Database,
    clock: Arc<dyn Clock>,
    engine: Option<Arc<Engine>>,
    knows: Knows,
) -> Arc<dyn Operations> {
    let ids = Ids::new(clock.clone());
    Arc::new(Desk { db, clock, ids, engine, knows })
}

struct Desk {
    db: Database,
    clock: Arc<dyn Clock>,
    ids: Ids,
    engine: Option<Arc<Engine>>,
    knows: Knows,
}

#[async_trait]
impl Operations for Desk {
    async fn messages(&self, wish: Messages) -> Result<Page<Parked>> {
        self.list(wish).await
    }

    async fn message(&self, id: MessageId) -> Result<Inspection> {
        self.look_at(id).await
    }

    async fn retry(&self, change: Change) -> Result<Changed> {
        self.change(Task { change, deed: Deed::Retry, turn: Turn::Retry }).await
    }

    async fn edit(&self, Edit { change, payload }: Edit) -> Result<Changed> {
        self.change(Task { change, deed: Deed::Edit, turn: Turn::Edit(payload) }).await
    }

    async fn discard(&self, change: Change) -> Result<Changed> {
        self.change(Task { change, deed: Deed::Drop, turn: Turn::Drop }).await
    }

    async fn audit(&self, wish: Audits) -> Result<Page<Entry>> {
        audit::page(&self.db, &wish).await.map_err(broken)
    }

    async fn sagas(&self, wish: Sagas) -> Result<Page<Summary>> {
        self.list_sagas(wish).await
    }

    async fn saga(&self, id: saga::SagaId) -> Result<SagaInspection> {
        self.look_at_saga(id).await
    }

    async fn retry_saga(&self, wish: SagaRetry) -> Result<Retried> {
        self.send_again(wish).await
    }

    async fn explain(&self, question: Question) -> Result<Fragment> {
        (self.knows)(self.db.clone(), question).await.map_err(broken)
    }
}

impl Desk {
    fn once<'a>(&'a self, scope: String, intent: Option<&'a host::Intent>) -> Once<'a> {
        Once { db: &self.db, clock: &*self.clock, scope, intent }
    }
}

/// The refusal of a place where no page ended.
fn no_place(cause: &dyn std::fmt::Display) -> Error {
    Error::Invalid(vec![Violation::new("/cursor", "invalid-cursor", cause.to_string())])
}
