//! Sagas of all modules.

use actix_web::web::Data;
use host::{Answer, KeyOnly, Paging, Param, Problem, Query, Who};
use identity::Permission;
use kernel::{Clock, SystemClock};
use saga::Summary;

use super::{
    desks::{Desks, Gathered},
    may_mend,
    saga_view::{RetriedSaga, SagaDetail, SagaList, SagaView, WantedSagas},
};
use crate::{SagaPlace, SagaRetry, Sagas};

/// The sagas of all modules, by module and id.
///
/// A module that does not answer is named in `silent`; its sagas are missing then.
#[utoipa::path(
    get, path = "/v1/admin/sagas", tag = "operations", operation_id = "sagas",
    params(
        WantedSagas,
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page of them.", body = SagaList), Problem),
)]
pub(super) async fn list(
    who: Who,
    desks: Data<Desks>,
    wanted: Query<WantedSagas>,
    paging: Paging,
) -> Result<Answer<SagaList>, Problem> {
    let stuck_since = wanted.0.idle()?.map(|idle| SystemClock.now().minus(idle));
    let WantedSagas { module, name, status, idle: _ } = wanted.0;
    let last = paging.page.after.as_deref().and_then(|after| after.parse::<SagaPlace>().ok());
    let after = last.map(|place| (place.module, place.saga.to_string()));
    let key = |(module, saga): &(&str, Summary)| place(module, saga).to_string();
    let found = desks.gather(module.as_deref(), paging.page.limit, after, key, async |at, page| {
        let (module, desk) = at;
        let found = desk.sagas(Sagas { name: name.clone(), status, stuck_since, page }).await?;
        Ok(found.map(|saga| (module, saga)))
    });
    let Gathered { page, silent } = found.await;
    let page = page.map(|(module, saga)| SagaView::of(&place(module, &saga), saga, may_mend(&who)));
    Ok(Answer::ok(SagaList::new(&paging, page, silent)))
}

/// One saga, step by step: how far each step is, what happened when, and what people did to it.
///
/// What the saga knows is shown to those who may change it.
#[utoipa::path(
    get, path = "/v1/admin/sagas/{id}", tag = "operations", operation_id = "saga",
    params(("id" = String, Path, description = "`sag_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$")),
    responses((status = 200, description = "As it stands now.", body = SagaDetail), Problem),
)]
pub(super) async fn find(
    who: Who,
    desks: Data<Desks>,
    id: Param<SagaPlace>,
) -> Result<Answer<SagaDetail>, Problem> {
    let desk = desks.at(&id.0.module).ok_or_else(Problem::not_found)?;
    let found = desk.saga(id.0.saga.clone()).await?;
    Ok(Answer::ok(SagaDetail::of(&id.0, found, may_mend(&who))))
}

/// Sends the command that a saga waits for once more: one that was refused, or whose answer does not come because
/// somebody gave it up on its way. Its owner may get it twice, which changes nothing; the first answer counts.
#[utoipa::path(
    post, path = "/v1/admin/sagas/{id}/retry", tag = "operations", operation_id = "retry_saga",
    params(("id" = String, Path, description = "`sag_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$")),
    responses((status = 200, description = "It is sent.", body = RetriedSaga), Problem),
)]
pub(super) async fn retry(
    who: Who,
    desks: Data<Desks>,
    id: Param<SagaPlace>,
    intent: KeyOnly,
) -> Result<Answer<RetriedSaga>, Problem> {
    let by = who.with(Permission::OperationsMend)?.subject.to_string();
    let desk = desks.at(&id.0.module).ok_or_else(Problem::not_found)?;
    let wish = SagaRetry { saga: id.0.saga.clone(), by, intent: intent.0 };
    let retried = desk.retry_saga(wish).await?;
    let replayed = retried.replayed;
    Ok(Answer::ok(RetriedSaga::of(&id.0, retried)).replayed(replayed))
}

fn place(module: &str, saga: &Summary) -> SagaPlace {
    SagaPlace { module: module.to_owned(), saga: saga.id.clone().into() }
}
