//! Rows of the table `ledger_entry`.

use kernel::{Money, Page, PageRequest, Timestamp};
use payments_api::{Account, LedgerEntry};
use sea_orm::{Condition, ExprTrait, QueryOrder, QuerySelect, Set, entity::prelude::*};
use storage::Error;

use crate::{domain::Posting, payment::Payment};

/// Stands between the parts of a page's key; no posting contains it.
const SEPARATOR: char = '|';

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entry")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) payment_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) posting: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) account: String,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) recorded_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Both sides of a posting; they sum to zero.
pub(super) fn entries(payment: &Payment, posting: &Posting, now: Timestamp) -> [ActiveModel; 2] {
    let entry = |account: Account, amount: i64| ActiveModel {
        payment_id: Set(payment.id.to_string()),
        posting: Set(posting.name.clone()),
        account: Set(word(account).to_owned()),
        currency: Set(payment.amount.currency.code().to_owned()),
        amount: Set(amount),
        recorded_at: Set(now.micros()),
    };
    [entry(Account::Provider, posting.amount), entry(Account::Customer, -posting.amount)]
}

/// One page of what was booked for `payment`. The names of postings sort by their time.
pub(super) async fn page(
    on: &impl ConnectionTrait,
    payment: &Payment,
    page: &PageRequest,
) -> Result<Page<LedgerEntry>, Error> {
    let mut all = Entity::find()
        .filter(Column::PaymentId.eq(payment.id.to_string()))
        .order_by_asc(Column::Posting)
        .order_by_asc(Column::Account);
    if let Some((posting, account)) =
        page.after.as_deref().and_then(|after| after.split_once(SEPARATOR))
    {
        let further = Column::Posting.eq(posting).and(Column::Account.gt(account));
        all = all.filter(Condition::any().add(Column::Posting.gt(posting)).add(further));
    }
    let rows = all.limit(u64::from(page.limit) + 1).all(on).await?;
    let key = |row: &Model| format!("{}{SEPARATOR}{}", row.posting, row.account);
    let Page { items, next } = Page::cut(rows, page.limit, key);
    let entry = |row: Model| {
        let account = account(&row.account).ok_or_else(|| unreadable(&row.account))?;
        Ok(LedgerEntry {
            posting: row.posting,
            account,
            amount: Money::new(row.amount, payment.amount.currency),
            recorded_at: Timestamp::from_micros(row.recorded_at),
        })
    };
    let items = items.into_iter().map(entry).collect::<Result<_, Error>>()?;
    Ok(Page { items, next })
}

fn word(account: Account) -> &'static str {
    match account {
        Account::Customer => "customer",
        Account::Provider => "provider",
    }
}

fn account(word: &str) -> Option<Account> {
    [Account::Customer, Account::Provider].into_iter().find(|account| self::word(*account) == word)
}

fn unreadable(word: &str) -> Error {
    Error::Other(DbErr::Custom(format!("{word} is no account of a ledger")))
}
