//! Accounts as rows.

use host::idempotency;
use identity::Role;
use kernel::{Page, Timestamp, Version};
use messaging::Publish;
use sea_orm::{
    ActiveValue::Set,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait, LikeExpr},
};
use storage::{Failure, Tx};
use users_api::{
    EmailVerificationRequested, EmailVerified, Error, SessionId, User, UserErased, UserId,
    UserRegistered, UsersWhere,
};

use super::{
    Outcome, Place, Purpose, Store, erasure, headcount, json, mailed, one_more, overtaken, parsed,
    refused, session, text,
};
use crate::{
    domain::{Account, Email, Status},
    passwords::Hash,
    store::Mailed,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub email: String,
    pub email_key: String,
    pub email_verified_at: Option<i64>,
    pub password_hash: Hash,
    pub name: String,
    pub phone: Option<String>,
    pub status: String,
    pub roles: String,
    pub addresses: i64,
    pub created_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Records a new account, what proves its e-mail address, and their announcements, or nothing.
    pub(crate) async fn open_account(
        &self,
        account: &Account,
        hash: &Hash,
        proof: &Mailed,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let inserted = Entity::insert(row(account, hash.clone())?);
            match inserted.exec_without_returning(&tx).await.map_err(storage::Error::from) {
                Err(storage::Error::Unique { constraint }) if constraint.contains("email_key") => {
                    return refused(Error::EmailTaken);
                }
                other => other?,
            };
            if account.is_admin_on_duty() {
                headcount::one_more(&tx, Role::Admin).await?;
            }
            mailed::insert(&tx, account.id, proof, account.created_at).await?;
            tx.publish(&UserRegistered {
                user: account.id,
                email: account.email.given.clone(),
                name: account.name.clone(),
                at: account.created_at,
            })?;
            tx.publish(&verification(account, proof, account.created_at))?;
            idempotency::remember(&mut tx, &User::from(account.clone()))?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Has another proof of the e-mail address mailed.
    pub(crate) async fn request_verification(
        &self,
        account: &Account,
        proof: &Mailed,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            mailed::insert(&tx, account.id, proof, now).await?;
            tx.publish(&verification(account, proof, now))?;
            idempotency::remember(&mut tx, &())?;
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn account(&self, id: UserId) -> Outcome<Account> {
        let row = Entity::find_by_id(id.to_string()).one(&self.db.reader()).await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownUser(id)))?;
        Ok(row.try_into()?)
    }

    /// The account with this e-mail address and the hash of its password.
    pub(crate) async fn credentials(&self, email_key: &str) -> Outcome<Option<(Account, Hash)>> {
        let by_email = Entity::find().filter(Column::EmailKey.eq(email_key));
        let Some(row) = by_email.one(&self.db.reader()).await? else { return Ok(None) };
        let hash = row.password_hash.clone();
        Ok(Some((row.try_into()?, hash)))
    }

    /// The hash of somebody's password.
    pub(crate) async fn hash_of(&self, id: UserId) -> Outcome<(Account, Hash)> {
        let row = Entity::find_by_id(id.to_string()).one(&self.db.reader()).await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownUser(id)))?;
        let hash = row.password_hash.clone();
        Ok((row.try_into()?, hash))
    }

    /// The newest first.
    pub(crate) async fn accounts(&self, wish: &UsersWhere) -> Outcome<Page<Account>> {
        let mut found = Entity::find()
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .limit(one_more(wish.page.limit));
        if let Some(status) = wish.status {
            found = found.filter(Column::Status.eq(status_text(status)));
        }
        if let Some(role) = &wish.role {
            found = found.filter(Column::Roles.like(like(&format!("\"{role}\""), "%", "%")));
        }
        if let Some(email) = &wish.email {
            let beginning = email.trim().to_lowercase();
            found = found.filter(Column::EmailKey.like(like(&beginning, "", "%")));
        }
        if let Some(after) = &wish.page.after {
            let place = Place::read(after)?.values();
            let key = Expr::tuple([Expr::column(Column::CreatedAt), Expr::column(Column::Id)]);
            found = found.filter(key.lt(Expr::tuple(place.map(Expr::value))));
        }
        let rows = found.all(&self.db.reader()).await?;
        let page =
            Page::cut(rows, wish.page.limit, |row: &Model| Place::of(row.created_at, &row.id));
        let Page { items, next } = page;
        let items = items.into_iter().map(Account::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    /// Replaces `before` by `after`, with all that follows from the difference: announcements, the end of
    /// log-ins, and forgetting.
    pub(crate) async fn replace(
        &self,
        before: &Account,
        after: &Account,
        now: Timestamp,
    ) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if !replaced(&tx, before, after).await? {
            return overtaken();
        }
        follow(&mut tx, before, after, now).await?;
        idempotency::remember(&mut tx, &User::from(after.clone()))?;
        Ok(tx.commit().await?)
    }

    /// Replaces the password of an account, unless it is not `old` any more, and ends its log-ins but one.
    pub(crate) async fn change_password(
        &self,
        id: UserId,
        old: &Hash,
        new: &Hash,
        but: Option<SessionId>,
        now: Timestamp,
    ) -> Outcome<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let unchanged = Entity::update_many()
                .col_expr(Column::PasswordHash, Expr::value(new.clone()))
                .filter(Column::Id.eq(id.to_string()))
                .filter(Column::Status.eq(status_text(Status::Active)))
                .filter(Column::PasswordHash.eq(old.clone()));
            if unchanged.exec(&tx).await?.rows_affected != 1 {
                return Ok(false);
            }
            mailed::forget(&tx, id, Some(Purpose::ResetPassword)).await?;
            session::end_all(&tx, id, but, now).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Uses up the token with this hash and replaces the password of its account, whose mail it proves to be
    /// read. Ends all of its log-ins.
    pub(crate) async fn reset_password(
        &self,
        token_hash: &str,
        new: &Hash,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let id = mailed::take(&tx, token_hash, Purpose::ResetPassword, now).await?;
            let before = locked(&tx, id).await?;
            if before.status != Status::Active {
                return refused(Error::UnknownToken);
            }
            Entity::update_many()
                .col_expr(Column::PasswordHash, Expr::value(new.clone()))
                .filter(Column::Id.eq(id.to_string()))
                .exec(&tx)
                .await?;
            let mut after = before.clone().verified(now);
            if after != before {
                after.version = before.version.next();
                if !replaced(&tx, &before, &after).await? {
                    return overtaken();
                }
            }
            follow(&mut tx, &before, &after, now).await?;
            mailed::forget(&tx, id, Some(Purpose::ResetPassword)).await?;
            session::end_all(&tx, id, None, now).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Uses up the token with this hash, which proves that its account's mail is read.
    pub(crate) async fn verify_email(&self, token_hash: &str, now: Timestamp) -> Outcome<Account> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let id = mailed::take(&tx, token_hash, Purpose::VerifyEmail, now).await?;
            let before = locked(&tx, id).await?;
            let mut after = before.clone().verified(now);
            if after != before {
                after.version = before.version.next();
                if !replaced(&tx, &before, &after).await? {
                    return overtaken();
                }
            }
            follow(&mut tx, &before, &after, now).await?;
            mailed::forget(&tx, id, Some(Purpose::VerifyEmail)).await?;
            idempotency::remember(&mut tx, &User::from(after.clone()))?;
            tx.commit().await?;
            Ok(after)
        })
        .await
    }
}

/// The account, which nobody else changes before the end of `tx`.
async fn locked(tx: &Tx, id: UserId) -> Outcome<Account> {
    let row = Entity::find_by_id(id.to_string()).lock_exclusive().one(tx).await?;
    let row = row.ok_or(Failure::Refused(Error::UnknownUser(id)))?;
    Ok(row.try_into()?)
}

/// Whether somebody may still log in with the password of this hash; so it stays until the end of `tx`.
pub(super) async fn still_has(tx: &Tx, id: UserId, hash: &Hash) -> Result<bool, DbErr> {
    let found = Entity::find_by_id(id.to_string())
        .filter(Column::PasswordHash.eq(hash.clone()))
        .filter(Column::Status.eq(status_text(Status::Active)))
        .lock_shared();
    Ok(found.one(tx).await?.is_some())
}

/// Writes `after` over `before`, unless the row is not that any more.
async fn replaced(tx: &Tx, before: &Account, after: &Account) -> Result<bool, DbErr> {
    let mut changed = Entity::update_many()
        .col_expr(Column::Email, Expr::value(after.email.given.clone()))
        .col_expr(Column::EmailKey, Expr::value(after.email.key.clone()))
        .col_expr(
            Column::EmailVerifiedAt,
            Expr::value(after.email_verified_at.map(Timestamp::micros)),
        )
        .col_expr(Column::Name, Expr::value(after.name.clone()))
        .col_expr(Column::Phone, Expr::value(after.phone.clone()))
        .col_expr(Column::Status, Expr::value(status_text(after.status)))
        .col_expr(Column::Roles, Expr::value(text(&after.roles)?))
        .col_expr(Column::Version, Expr::value(after.version.0.cast_signed()));
    if after.status == Status::Erased {
        changed = changed.col_expr(Column::PasswordHash, Expr::value(Hash::none()));
    }
    let unchanged = changed
        .filter(Column::Id.eq(before.id.to_string()))
        .filter(Column::Version.eq(before.version.0.cast_signed()))
        .filter(Column::Status.eq(status_text(before.status)));
    Ok(unchanged.exec(tx).await?.rows_affected == 1)
}

/// Does what follows from `before` having become `after`.
async fn follow(tx: &mut Tx, before: &Account, after: &Account, now: Timestamp) -> Outcome<()> {
    match (before.is_admin_on_duty(), after.is_admin_on_duty()) {
        (true, false) if !headcount::one_less(tx, Role::Admin).await? => {
            return refused(Error::LastAdmin);
        }
        (false, true) => headcount::one_more(tx, Role::Admin).await?,
        _ => {}
    }
    if let (None, Some(at)) = (before.email_verified_at, after.email_verified_at) {
        tx.publish(&EmailVerified { user: after.id, email: after.email.given.clone(), at })?;
    }
    if after.status != Status::Active {
        session::end_all(tx, after.id, None, now).await?;
        mailed::forget(tx, after.id, None).await?;
    }
    if after.status == Status::Erased {
        erasure::forget(tx, after.id).await?;
        tx.publish(&UserErased { user: after.id, at: now })?;
    }
    Ok(())
}

fn verification(account: &Account, proof: &Mailed, at: Timestamp) -> EmailVerificationRequested {
    EmailVerificationRequested {
        user: account.id,
        email: account.email.given.clone(),
        name: account.name.clone(),
        token: proof.token.clone(),
        expires_at: proof.expires_at,
        at,
    }
}

/// A pattern of texts that contain `part`, in which nothing is a wildcard.
fn like(part: &str, before: &str, behind: &str) -> LikeExpr {
    let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    LikeExpr::new(format!("{before}{escaped}{behind}")).escape('\\')
}

fn row(account: &Account, hash: Hash) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        id: Set(account.id.to_string()),
        email: Set(account.email.given.clone()),
        email_key: Set(account.email.key.clone()),
        email_verified_at: Set(account.email_verified_at.map(Timestamp::micros)),
        password_hash: Set(hash),
        name: Set(account.name.clone()),
        phone: Set(account.phone.clone()),
        status: Set(status_text(account.status).to_owned()),
        roles: Set(text(&account.roles)?),
        addresses: Set(0),
        created_at: Set(account.created_at.micros()),
        version: Set(account.version.0.cast_signed()),
    })
}

impl TryFrom<Model> for Account {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            id: parsed(&row.id)?,
            email: Email { given: row.email, key: row.email_key },
            email_verified_at: row.email_verified_at.map(Timestamp::from_micros),
            name: row.name,
            phone: row.phone,
            status: status(&row.status)?,
            roles: json::<Vec<Role>>(&row.roles)?,
            created_at: Timestamp::from_micros(row.created_at),
            version: Version(row.version.cast_unsigned()),
        })
    }
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Locked => "locked",
        Status::Erased => "erased",
    }
}

fn status(text: &str) -> Result<Status, DbErr> {
    let all = [Status::Active, Status::Locked, Status::Erased];
    let known = all.into_iter().find(|status| status_text(*status) == text);
    known.ok_or_else(|| DbErr::Type(format!("{text:?} is no status of an account")))
}
