//! Making history again from its sources, while it is read and told.
//!
//! A new generation is begun first; from then on whatever is announced is merged into both. Then every
//! record of every source is merged into the new one, page by page, and readers are shown it. What was
//! announced before the beginning is in the records, because a source commits before it announces.

use std::{fmt, sync::Arc};

use deliveries_api::Deliveries;
use history_api::Source;
use kernel::{Page, PageRequest};
use orders_api::Orders;
use payments_api::Payments;
use storage::Database;

use crate::{
    domain::Told,
    settings::Settings,
    store::{self, Target, generations},
};

/// Records asked for at a time, and merged in one transaction.
const PAGE: u32 = PageRequest::MAX_LIMIT;

/// Those who know what happened.
pub struct Sources {
    /// Promises made.
    pub orders: Arc<dyn Orders>,
    /// Money moved.
    pub payments: Arc<dyn Payments>,
    /// Parcels on their way.
    pub deliveries: Arc<dyn Deliveries>,
}

/// How far a rebuild has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A source is read next; so many records it had when it was last counted.
    Begins(Source, u64),
    /// So many more records of it were merged.
    Merged(Source, u64),
    /// Readers see the new generation.
    Shown,
    /// Nothing is left of the old one.
    Swept,
}

/// What a rebuild has merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Orders.
    pub orders: u64,
    /// Payments.
    pub payments: u64,
    /// Shipments.
    pub shipments: u64,
}

/// Why history was not made again; readers still see what they saw.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A source did not tell its records.
    #[error("{0} did not tell its records: {1}")]
    Source(&'static str, String),
    /// Somebody has begun another rebuild.
    #[error("another rebuild was begun meanwhile; this one gave way")]
    GaveWay,
    /// History's database failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Makes history again; `tell` hears how far it has got.
///
/// # Errors
/// See [`RebuildError`]. Begun again, it begins from the beginning.
pub async fn rebuild(
    db: &Database,
    sources: &Sources,
    settings: &Settings,
    mut tell: impl FnMut(Progress),
) -> Result<Rebuilt, RebuildError> {
    generations::first(db).await?;
    let sizes = generations::sizes(db).await?;
    let generation = generations::begin(db).await?;
    let mut merged = [0; 3];
    for ((source, size), merged) in Source::ALL.iter().zip(sizes).zip(&mut merged) {
        tell(Progress::Begins(*source, size));
        let mut after = None;
        loop {
            let page = sources.page(*source, PageRequest { limit: PAGE, after }).await?;
            merge(db, generation, &page.items).await?;
            *merged += page.items.len() as u64;
            tell(Progress::Merged(*source, page.items.len() as u64));
            after = page.next;
            if after.is_none() {
                break;
            }
            tokio::time::sleep(settings.rebuild_pause).await;
        }
    }
    if !generations::show(db, generation).await? {
        return Err(RebuildError::GaveWay);
    }
    tell(Progress::Shown);
    while generations::sweep(db).await? {
        tokio::time::sleep(settings.rebuild_pause).await;
    }
    tell(Progress::Swept);
    let [orders, payments, shipments] = merged;
    Ok(Rebuilt { orders, payments, shipments })
}

impl Sources {
    async fn page(&self, source: Source, page: PageRequest) -> Result<Page<Told>, RebuildError> {
        let named =
            |cause: &dyn fmt::Display| RebuildError::Source(source.as_str(), cause.to_string());
        match source {
            Source::Orders => {
                let page = self.orders.records(page).await;
                page.map(|page| page.map(Told::from)).map_err(|cause| named(&cause))
            }
            Source::Payments => {
                let page = self.payments.records(page).await;
                page.map(|page| page.map(Told::from)).map_err(|cause| named(&cause))
            }
            Source::Deliveries => {
                let page = self.deliveries.records(page).await;
                page.map(|page| page.map(Told::from)).map_err(|cause| named(&cause))
            }
        }
    }
}

/// Merges one page, unless another rebuild has taken over.
async fn merge(db: &Database, generation: i64, page: &[Told]) -> Result<(), RebuildError> {
    let work = || async {
        let tx = db.begin().await?;
        if !generations::is_building(&tx, generation).await? {
            return Err(storage::Failure::Refused(()));
        }
        for told in page {
            store::merge(&tx, Target::Building(generation), told).await?;
        }
        tx.commit().await?;
        Ok(())
    };
    match storage::retry(work).await {
        Ok(()) => Ok(()),
        Err(storage::Failure::Refused(())) => Err(RebuildError::GaveWay),
        Err(storage::Failure::Storage(cause)) => Err(cause.into()),
    }
}
