//! Sagas: found, looked at, sent on.

use kernel::{Page, PageRequest};
use saga::{Engine, Filter, SagaId, Summary};
use serde_json::json;
use storage::Failure;

use super::Desk;
use crate::{
    Audits, Deed, Entry, Error, Result, Retried, SagaInspection, SagaRetry, Sagas, audit,
    once::{Ended, Once, broken},
};

impl Desk {
    pub(super) async fn list_sagas(&self, wish: Sagas) -> Result<Page<Summary>> {
        let Some(engine) = &self.engine else { return Ok(Page { items: Vec::new(), next: None }) };
        let Sagas { name, status, stuck_since, page: PageRequest { limit, after } } = wish;
        let (after, most) = (after.map(SagaId::from), Some(limit + 1));
        let filter = Filter { name, status, stuck_since, after, limit: most };
        let found = engine.list(&filter).await.map_err(broken)?;
        Ok(Page::cut(found, limit, |it| it.id.clone()))
    }

    pub(super) async fn look_at_saga(&self, id: SagaId) -> Result<SagaInspection> {
        let Some(engine) = &self.engine else { return Err(Error::UnknownSaga(id)) };
        let found = engine.inspect(&id).await.map_err(broken)?;
        let Some(saga) = found else { return Err(Error::UnknownSaga(id)) };
        let about = Audits { subject: Some(id.to_string()), page: PageRequest::default() };
        let audit = audit::page(&self.db, &about).await.map_err(broken)?.items;
        Ok(SagaInspection { saga, audit })
    }

    pub(super) async fn send_again(&self, wish: SagaRetry) -> Result<Retried> {
        let Some(engine) = &self.engine else { return Err(Error::UnknownSaga(wish.saga)) };
        let once = self.once(format!("{} retry a saga", wish.by), wish.intent.as_ref());
        let (step, replayed) = once.carry_out(|| self.step(engine, &once, &wish)).await?;
        Ok(Retried { step, replayed })
    }

    /// Sends the step again, and writes down who wanted it.
    async fn step(&self, engine: &Engine, once: &Once<'_>, wish: &SagaRetry) -> Ended<String> {
        let SagaRetry { saga, by, .. } = wish;
        let mut tx = self.db.begin().await?;
        let why = format!("{by} wanted it");
        let (status, step) = match engine.retry(&mut tx, saga, &why).await? {
            saga::Retried::Sent { status, step } => (status, step),
            saga::Retried::Ended => return Err(Failure::Refused(Error::Ended(saga.clone()))),
            saga::Retried::Foreign => return Err(Failure::Refused(Error::Foreign(saga.clone()))),
            saga::Retried::Unknown => {
                return Err(Failure::Refused(Error::UnknownSaga(saga.clone())));
            }
        };
        let entry = Entry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: by.clone(),
            deed: Deed::Retry,
            subject: saga.to_string(),
            before: json!({ "status": status, "step": step }),
            after: json!({ "sent": step }),
        };
        audit::write(&tx, &entry).await?;
        once.record(&tx, &step).await?;
        tx.commit().await?;
        Ok(step.to_owned())
    }
}
