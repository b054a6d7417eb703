//! Parked messages of all modules.

use actix_web::web::Data;
use host::{Answer, IfMatch, Intent, KeyOnly, Keyed, Paging, Param, Problem, Query, Who};
use identity::Permission;
use kernel::Version;

use super::{
    desks::{Desks, Gathered},
    may_mend,
    representation::{EditRequest, MessageDetail, MessageList, MessageView, Wanted},
};
use crate::{Change, Changed, Edit, Error, Inspection, MessageId, Messages, Operations, Parked};

/// The messages that modules could not handle, by module, stream and number.
///
/// A module that does not answer is named in `silent`; what it has parked is missing then.
#[utoipa::path(
    get, path = "/v1/admin/messages", tag = "operations",
    params(
        Wanted,
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page of them.", body = MessageList), Problem),
)]
pub(super) async fn list(
    who: Who,
    desks: Data<Desks>,
    wanted: Query<Wanted>,
    paging: Paging,
) -> Result<Answer<MessageList>, Problem> {
    let Wanted { module, group, channel, key, state } = wanted.0;
    let last = paging.page.after.as_deref().and_then(|after| after.parse::<MessageId>().ok());
    let after = last.map(|id| (id.module().to_owned(), id.to_string()));
    let name = |parked: &Parked| MessageId::of(&parked.place).to_string();
    let found =
        desks.gather(module.as_deref(), paging.page.limit, after, name, async |at, page| {
            let (group, channel, key) = (group.clone(), channel.clone(), key.clone());
            at.1.messages(Messages { group, channel, key, state, page }).await
        });
    let Gathered { page, silent } = found.await;
    let page = page.map(|parked| MessageView::of(&parked, may_mend(&who)));
    Ok(Answer::ok(MessageList::new(&paging, page, silent)))
}

/// One message: why it is parked, what came of its tries, what it was caused by, and what people did to it.
///
/// What it says is shown to those who may change it.
#[utoipa::path(
    get, path = "/v1/admin/messages/{id}", tag = "operations",
    params(("id" = String, Path, description = "`msg_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$")),
    responses((status = 200, description = "As it is parked now.", body = MessageDetail), Problem),
)]
pub(super) async fn find(
    who: Who,
    desks: Data<Desks>,
    id: Param<MessageId>,
) -> Result<Answer<MessageDetail>, Problem> {
    let found: Inspection = desk(&desks, &id.0)?.message(id.0).await?;
    let version = found.message.version;
    Ok(Answer::ok(MessageDetail::of(found, may_mend(&who))).version(version))
}

/// Has a message tried again: at once, or as soon as it is the first of its key.
#[utoipa::path(
    post, path = "/v1/admin/messages/{id}/retry", tag = "operations",
    params(
        ("id" = String, Path, description = "`msg_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at."),
    ),
    responses((status = 200, description = "It waits for its turn.", body = MessageView), Problem),
)]
pub(super) async fn retry(
    who: Who,
    desks: Data<Desks>,
    id: Param<MessageId>,
    based_on: IfMatch,
    intent: KeyOnly,
) -> Result<Answer<MessageView>, Problem> {
    let change = change(&who, id.0, based_on.if_said()?, intent.0)?;
    let changed = desk(&desks, &change.id)?.retry(change).await;
    Ok(shown(changed.map_err(refused)?))
}

/// Gives a message up, so that those behind it can go on: it is never applied.
#[utoipa::path(
    post, path = "/v1/admin/messages/{id}/drop", tag = "operations", operation_id = "drop",
    params(
        ("id" = String, Path, description = "`msg_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at."),
    ),
    responses((status = 200, description = "It is passed over when it is the first of its key.", body = MessageView), Problem),
)]
pub(super) async fn discard(
    who: Who,
    desks: Data<Desks>,
    id: Param<MessageId>,
    based_on: IfMatch,
    intent: KeyOnly,
) -> Result<Answer<MessageView>, Problem> {
    let change = change(&who, id.0, based_on.if_said()?, intent.0)?;
    let changed = desk(&desks, &change.id)?.discard(change).await;
    Ok(shown(changed.map_err(refused)?))
}

/// Gives a message another payload. It is tried when it is retried, or due.
#[utoipa::path(
    patch, path = "/v1/admin/messages/{id}", tag = "operations",
    params(
        ("id" = String, Path, description = "`msg_…`", min_length = 1, max_length = 4000, pattern = "^[A-Za-z0-9_-]+$"),
        ("If-Match" = String, Header, description = "The `ETag` of what was looked at."),
    ),
    request_body = EditRequest,
    responses((status = 200, description = "What it says is another.", body = MessageView), Problem),
)]
pub(super) async fn edit(
    who: Who,
    desks: Data<Desks>,
    id: Param<MessageId>,
    based_on: IfMatch,
    request: Keyed<EditRequest>,
) -> Result<Answer<MessageView>, Problem> {
    let Keyed { intent, body } = request;
    let change = change(&who, id.0, Some(based_on.version()?), intent)?;
    let payload = body.payload()?;
    let changed = desk(&desks, &change.id)?.edit(Edit { change, payload }).await;
    Ok(shown(changed.map_err(refused)?))
}

/// The desk of the module where a message is parked.
fn desk<'a>(desks: &'a Data<Desks>, id: &MessageId) -> Result<&'a dyn Operations, Problem> {
    desks.at(id.module()).ok_or_else(Problem::not_found)
}

fn change(
    who: &Who,
    id: MessageId,
    based_on: Option<Version>,
    intent: Option<Intent>,
) -> Result<Change, Problem> {
    let by = who.with(Permission::OperationsMend)?.subject.to_string();
    Ok(Change { id, by, based_on, intent })
}

fn shown(Changed { message, replayed }: Changed) -> Answer<MessageView> {
    let version = message.version;
    Answer::ok(MessageView::of(&message, true)).version(version).replayed(replayed)
}

/// A refusal as the world hears it: a stale version names the current one.
fn refused(error: Error) -> Problem {
    match error {
        Error::Stale(current) => IfMatch::stale(current),
        other => other.into(),
    }
}
