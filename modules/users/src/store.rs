//! Accounts, addresses, log-ins, mailed tokens and signing keys at rest.

mod account;
mod address;
mod erasure;
mod headcount;
mod mailed;
mod session;
mod signing_key;

use std::str::FromStr;

use sea_orm::{DbErr, sea_query::Value};
use serde::{Serialize, de::DeserializeOwned};
use storage::{Database, Failure};
use users_api::Error;

pub(crate) use mailed::{Mailed, Purpose, ResetWish};
pub(crate) use session::Reply;
pub(crate) use signing_key::StoredKey;

/// What a unit of work here ends with.
pub(crate) type Outcome<T> = Result<T, Failure<Error>>;

/// The rows of this module. The methods are in the files of the nouns that they are about.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

/// Somebody else changed what was read: the same work, done again, reads it anew.
fn overtaken<T>() -> Outcome<T> {
    Err(storage::Error::Serialization("somebody else changed it meanwhile".into()).into())
}

fn refused<T>(no: Error) -> Outcome<T> {
    Err(Failure::Refused(no))
}

/// Reads an id that we wrote.
fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, DbErr> {
    text.parse().map_err(|cause| DbErr::Type(format!("a stored value is broken: {cause}")))
}

/// Reads JSON that we wrote.
fn json<T: DeserializeOwned>(text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text)
        .map_err(|cause| DbErr::Type(format!("a stored value is broken: {cause}")))
}

fn text(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|cause| DbErr::Type(format!("no JSON form: {cause}")))
}

/// A place in a list: when a row was made, and its id.
struct Place {
    at: i64,
    id: String,
}

impl Place {
    fn of(at: i64, id: &str) -> String {
        format!("{at} {id}")
    }

    /// Reads what [`Place::of`] wrote.
    fn read(text: &str) -> Result<Self, DbErr> {
        let place = text.split_once(' ').and_then(|(at, id)| Some((at.parse().ok()?, id)));
        let (at, id) =
            place.ok_or_else(|| DbErr::Type(format!("{text:?} is no place in a list")))?;
        Ok(Self { at, id: id.to_owned() })
    }

    fn values(self) -> [Value; 2] {
        [self.at.into(), self.id.into()]
    }
}

/// One more than a page holds, to know whether there is another.
fn one_more(limit: u32) -> u64 {
    u64::from(limit) + 1
}
