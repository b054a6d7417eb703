//! The outbox for browsers. Handlers know the port and representations, nothing else.

mod representation;

use std::sync::Arc;

use actix_web::web::Data;
use host::{Answer, Listing, Paging, Param, Policy, Problem, Query, Route, Routes};
use identity::Permission;
use notifications_api::{MailId, Mails, Notifications};
use utoipa::OpenApi;

use representation::{LetterView, MailView, Wanted};

#[derive(OpenApi)]
#[openapi(paths(mails, mail))]
struct Document;

pub(crate) fn routes(notifications: Arc<dyn Notifications>) -> Routes {
    let staff = Policy::Permission(Permission::MailRead);
    Routes::new("notifications")
        .share(Data::from(notifications))
        .route(Route::get("/v1/admin/mails", mails).allow(staff))
        .route(Route::get("/v1/admin/mails/{id}", mail).allow(staff))
        .document::<Document>()
}

/// The outbox, the newest mail first.
#[utoipa::path(
    get, path = "/v1/admin/mails", tag = "notifications", security(("access_token" = [])),
    params(
        Wanted,
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "One page of it.", body = Listing<MailView>), Problem),
)]
async fn mails(
    notifications: Data<dyn Notifications>,
    wanted: Query<Wanted>,
    paging: Paging,
) -> Result<Answer<Listing<MailView>>, Problem> {
    let Wanted { status, person, order } = wanted.0;
    let wish = Mails { status, person, order, page: paging.page.clone() };
    let page = notifications.mails(wish).await?;
    Ok(Answer::ok(Listing::new(&paging, page.map(MailView::from))))
}

/// One mail and what it says, without what is secret in it.
#[utoipa::path(
    get, path = "/v1/admin/mails/{id}", tag = "notifications", security(("access_token" = [])),
    params(("id" = String, Path, description = "`mai_…`")),
    responses(
        (status = 200, description = "The mail.", body = LetterView),
        (status = 304, description = "As `If-None-Match` said."),
        Problem,
    ),
)]
async fn mail(
    notifications: Data<dyn Notifications>,
    id: Param<MailId>,
) -> Result<Answer<LetterView>, Problem> {
    let letter = notifications.mail(id.0).await?;
    // Its text also depends on what is known of its reader by now.
    Ok(Answer::ok(LetterView::from(letter)))
}
