//! Log-ins as rows: a family each, whose first row stands for the whole.

use host::{
    Intent,
    idempotency::{self, Recorded},
};
use kernel::{Page, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};
use storage::{Failure, Tx};
use users_api::{Error, SessionId, SessionOf, SessionsOf, UserId};

use super::{Outcome, Place, Store, account, one_more, overtaken, parsed, refused};
use crate::{
    passwords::Hash,
    secrets::Nonce,
    session::{GRACE, Origin, Session},
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub refresh_hash: String,
    pub family: String,
    pub parent: Option<String>,
    pub user_agent: Option<String>,
    pub ip: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub revoked_at: Option<i64>,
    pub refreshed_at: i64,
    pub live_until: i64,
    pub used_at: Option<i64>,
    pub successor_nonce: Option<Nonce>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What is kept of a reply, for whoever sends the same request again.
pub(crate) struct Reply {
    pub(crate) scope: String,
    pub(crate) intent: Intent,
    pub(crate) recorded: Recorded,
}

impl Store {
    /// Opens a log-in of somebody whose password still has the hash `hash`. Says whether; not when that is
    /// another one now, or when a twin has recorded its reply meanwhile.
    pub(crate) async fn open_session(
        &self,
        session: &Session,
        origin: &Origin,
        hash: &Hash,
        reply: Option<&Reply>,
    ) -> Outcome<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            if !account::still_has(&tx, session.user, hash).await? {
                return refused(Error::WrongCredentials);
            }
            Entity::insert(row(session, origin)).exec_without_returning(&tx).await?;
            if let Some(Reply { scope, intent, recorded }) = reply {
                let kept = idempotency::record(&tx, scope, intent, recorded, session.created_at);
                match kept.await {
                    Err(storage::Error::Unique { .. }) => return Ok(false),
                    other => other?,
                }
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// What was recorded for an intention.
    pub(crate) async fn reply(&self, scope: &str, intent: &Intent) -> Outcome<idempotency::Lookup> {
        Ok(idempotency::lookup(&self.db.reader(), scope, intent).await?)
    }

    /// The refresh token with this hash, unless its log-in was revoked.
    pub(crate) async fn refresh_token(&self, hash: &str) -> Outcome<Option<Session>> {
        let reader = self.db.reader();
        let by_hash = Entity::find().filter(Column::RefreshHash.eq(hash));
        let Some(row) = by_hash.one(&reader).await? else { return Ok(None) };
        let first = Entity::find_by_id(row.family.clone()).one(&reader).await?;
        let stands = first.is_some_and(|first| first.revoked_at.is_none());
        Ok(if stands { Some(session(row)?) } else { None })
    }

    /// Notes that the token `used` was used and that `next` follows it by `nonce`.
    pub(crate) async fn rotate(
        &self,
        used: &Session,
        next: &Session,
        nonce: &Nonce,
        origin: &Origin,
    ) -> Outcome<()> {
        let tx = self.db.begin().await?;
        let now = next.created_at.micros();
        let goes_on = Entity::update_many()
            .col_expr(Column::RefreshedAt, Expr::value(now))
            .col_expr(Column::LiveUntil, Expr::value(next.expires_at.micros()))
            .col_expr(Column::UserAgent, Expr::value(origin.user_agent.clone()))
            .col_expr(Column::Ip, Expr::value(origin.ip.clone()))
            .filter(Column::Id.eq(used.family.to_string()))
            .filter(Column::RevokedAt.is_null());
        if goes_on.exec(&tx).await?.rows_affected != 1 {
            return refused(Error::SessionOver);
        }
        let used_now = Entity::update_many()
            .col_expr(Column::UsedAt, Expr::value(now))
            .col_expr(Column::SuccessorNonce, Expr::value(nonce.clone()))
            .filter(Column::Id.eq(used.id.to_string()))
            .filter(Column::UsedAt.is_null());
        if used_now.exec(&tx).await?.rows_affected != 1 {
            return overtaken();
        }
        let next = row(next, &Origin::default());
        Entity::insert(next).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// The newest log-in first.
    pub(crate) async fn sessions(
        &self,
        whose: &SessionsOf,
        now: Timestamp,
    ) -> Outcome<Page<users_api::Session>> {
        let mut found = standing(whose.user, now)
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(one_more(whose.page.limit));
        if let Some(after) = &whose.page.after {
            let place = Place::read(after)?.values();
            let key = Expr::tuple([Expr::column(Column::CreatedAt), Expr::column(Column::Id)]);
            found = found.filter(key.lt(Expr::tuple(place.map(Expr::value))));
        }
        let rows = found.all(&self.db.reader()).await?;
        let Page { items, next } =
            Page::cut(rows, whose.page.limit, |row: &Model| Place::of(row.created_at, &row.id));
        Ok(Page { items: items.into_iter().map(seen).collect::<Result<_, _>>()?, next })
    }

    pub(crate) async fn session(
        &self,
        which: SessionOf,
        now: Timestamp,
    ) -> Outcome<users_api::Session> {
        let found = standing(which.user, now).filter(Column::Id.eq(which.session.to_string()));
        let row = found.one(&self.db.reader()).await?;
        Ok(seen(row.ok_or(Failure::Refused(Error::UnknownSession(which.session)))?)?)
    }

    pub(crate) async fn end_session(&self, which: SessionOf, now: Timestamp) -> Outcome<()> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let ended = Entity::update_many()
                .col_expr(Column::RevokedAt, Expr::value(now.micros()))
                .filter(Column::Id.eq(which.session.to_string()))
                .filter(Column::Account.eq(which.user.to_string()))
                .filter(Column::Parent.is_null())
                .filter(Column::RevokedAt.is_null())
                .filter(Column::LiveUntil.gt(now.micros()));
            if ended.exec(&tx).await?.rows_affected != 1 {
                return refused(Error::UnknownSession(which.session));
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn end_sessions(
        &self,
        user: UserId,
        but: Option<SessionId>,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            end_all(&tx, user, but, now).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Forgets how to make successors that nobody may ask for any more.
    pub(crate) async fn sweep_nonces(&self, now: Timestamp) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        Entity::update_many()
            .col_expr(Column::SuccessorNonce, Expr::value(None::<String>))
            .filter(Column::SuccessorNonce.is_not_null())
            .filter(Column::UsedAt.lt(now.minus(GRACE).micros()))
            .exec(&tx)
            .await?;
        tx.commit().await
    }

    /// Removes log-ins that ended long ago, each with all of its tokens.
    pub(crate) async fn sweep_sessions(&self, until: Timestamp) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        let over = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Parent.is_null())
            .filter(Column::LiveUntil.lt(until.micros()));
        let families = Column::Family.in_subquery(sea_orm::QueryTrait::into_query(over));
        Entity::delete_many().filter(families).exec(&tx).await?;
        tx.commit().await
    }
}

/// Ends somebody's log-ins but one.
pub(super) async fn end_all(
    tx: &Tx,
    user: UserId,
    but: Option<SessionId>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let mut theirs = Entity::update_many()
        .col_expr(Column::RevokedAt, Expr::value(now.micros()))
        .filter(Column::Account.eq(user.to_string()))
        .filter(Column::Parent.is_null())
        .filter(Column::RevokedAt.is_null());
    if let Some(but) = but {
        theirs = theirs.filter(Column::Id.ne(but.to_string()));
    }
    theirs.exec(tx).await.map(drop)
}

/// The first rows of somebody's log-ins that can be continued.
fn standing(user: UserId, now: Timestamp) -> Select<Entity> {
    Entity::find()
        .filter(Column::Account.eq(user.to_string()))
        .filter(Column::Parent.is_null())
        .filter(Column::RevokedAt.is_null())
        .filter(Column::LiveUntil.gt(now.micros()))
}

fn row(session: &Session, origin: &Origin) -> ActiveModel {
    ActiveModel {
        id: Set(session.id.to_string()),
        account: Set(session.user.to_string()),
        refresh_hash: Set(session.refresh_hash.clone()),
        family: Set(session.family.to_string()),
        parent: Set(session.parent.map(|parent| parent.to_string())),
        user_agent: Set(origin.user_agent.clone()),
        ip: Set(origin.ip.clone()),
        created_at: Set(session.created_at.micros()),
        expires_at: Set(session.expires_at.micros()),
        revoked_at: Set(None),
        refreshed_at: Set(session.created_at.micros()),
        live_until: Set(session.expires_at.micros()),
        used_at: Set(None),
        successor_nonce: Set(None),
    }
}

fn session(row: Model) -> Result<Session, DbErr> {
    Ok(Session {
        id: parsed(&row.id)?,
        user: parsed(&row.account)?,
        refresh_hash: row.refresh_hash,
        family: parsed(&row.family)?,
        parent: row.parent.as_deref().map(parsed).transpose()?,
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: Timestamp::from_micros(row.expires_at),
        used_at: row.used_at.map(Timestamp::from_micros),
        successor: row.successor_nonce,
    })
}

/// A log-in as its owner sees it.
fn seen(first: Model) -> Result<users_api::Session, DbErr> {
    Ok(users_api::Session {
        id: parsed(&first.id)?,
        user_agent: first.user_agent,
        ip: first.ip,
        created_at: Timestamp::from_micros(first.created_at),
        refreshed_at: Timestamp::from_micros(first.refreshed_at),
        expires_at: Timestamp::from_micros(first.live_until),
    })
}
