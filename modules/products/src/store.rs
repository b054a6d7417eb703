//! Products and their stock at rest.

mod adjusting;
mod audit;
mod books;
mod browse;
mod categories;
mod conditions;
mod facets;
mod import;
mod indexing;
mod keeping;
mod parcels;
mod products;
mod reservation;
mod rows;
mod saving;
mod shelves;
mod sql;

use std::sync::Arc;

use kernel::{Clock, Ids};
use products_api::Error;
use storage::{Database, Failure};

pub use audit::{Discrepancy, audit};
pub(crate) use books::{Books, Committed};

/// What a unit of work of this module ends with.
pub(crate) type Result<T> = std::result::Result<T, Failure<Error>>;

/// The module's database, with the clock that dates rows and the source of their ids.
#[derive(Clone)]
pub(crate) struct Store {
    db: Database,
    clock: Arc<dyn Clock>,
    ids: Ids,
    books: Books,
}

impl Store {
    pub(crate) fn new(db: Database, clock: Arc<dyn Clock>, ids: Ids) -> Self {
        let books = Books::new(clock.clone(), ids.clone());
        Self { db, clock, ids, books }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}
