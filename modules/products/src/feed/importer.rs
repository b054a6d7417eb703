//! Takes a list of products into the shop, a batch at a time.

use kernel::Violation;
use products_api::{Error, Import, Imported, Products};

use super::{Feed, Format, Item};

/// How many products and variants are imported at once.
const BATCH: (usize, usize) = (250, 1_000);

/// What became of a list so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Products that are new.
    pub created: u64,
    /// Products that are different now.
    pub changed: u64,
    /// Products that were the same already.
    pub unchanged: u64,
    /// Products that were not taken.
    pub refused: u64,
}

/// What is wrong with a product of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line on which the product begins, from 1.
    pub line: u64,
    /// What it is called, as far as that can be read.
    pub slug: String,
    /// What is wrong.
    pub violation: Violation,
}

/// A list on its way into the shop. What was taken stays, whatever becomes of the rest; the same list again
/// changes nothing.
pub struct Importer<'a> {
    products: &'a dyn Products,
    feed: Feed,
    skip: u64,
    batch: Vec<Item>,
    report: Report,
    mistakes: Vec<Mistake>,
    done: u64,
}

impl<'a> Importer<'a> {
    /// Begins a list, of which the first `skip` bytes were taken before.
    pub fn new(products: &'a dyn Products, format: Format, skip: u64) -> Self {
        Self {
            products,
            feed: Feed::new(format),
            skip,
            batch: Vec::new(),
            report: Report::default(),
            mistakes: Vec::new(),
            done: skip,
        }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// When this is no list of products, or the shop fails. What was taken before stays.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        let items = self.feed.take(piece).map_err(no_list)?;
        self.add(items).await
    }

    /// Takes what is left at the end.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn finish(&mut self) -> Result<Report, Error> {
        let items = self.feed.finish().map_err(no_list)?;
        self.add(items).await?;
        self.flush().await?;
        Ok(self.report)
    }

    /// What became of it so far.
    pub fn report(&self) -> Report {
        self.report
    }

    /// What was wrong since this was asked last.
    pub fn mistakes(&mut self) -> Vec<Mistake> {
        std::mem::take(&mut self.mistakes)
    }

    /// Up to which byte everything is taken or refused.
    pub fn done(&self) -> u64 {
        self.done
    }

    async fn add(&mut self, items: Vec<Item>) -> Result<(), Error> {
        let skip = self.skip;
        for item in items.into_iter().filter(|item| item.end > skip) {
            self.batch.push(item);
            if self.batch.len() >= BATCH.0 || self.variants() >= BATCH.1 {
                self.flush().await?;
            }
        }
        Ok(())
    }

    fn variants(&self) -> usize {
        let readable = self.batch.iter().filter_map(|item| item.product.as_ref().ok());
        readable.map(|product| product.variants.len()).sum()
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let Some(last) = self.batch.last() else { return Ok(()) };
        let end = last.end;
        let readable = self.batch.iter().filter_map(|item| item.product.clone().ok());
        let wish = Import { products: readable.collect() };
        let outcomes =
            if wish.products.is_empty() { Vec::new() } else { self.products.import(wish).await? };
        let mut outcomes = outcomes.into_iter();
        for Item { line, slug, product, .. } in std::mem::take(&mut self.batch) {
            let outcome = match product {
                Err(violations) => Imported::Refused(violations),
                Ok(_) => outcomes.next().ok_or(Error::Broken)?,
            };
            self.count(line, &slug, outcome);
        }
        self.done = end;
        Ok(())
    }

    fn count(&mut self, line: u64, slug: &str, outcome: Imported) {
        match outcome {
            Imported::Created(_) => self.report.created += 1,
            Imported::Changed(_) => self.report.changed += 1,
            Imported::Unchanged(_) => self.report.unchanged += 1,
            Imported::Refused(violations) => {
                self.report.refused += 1;
                let mistake = |violation| Mistake { line, slug: slug.to_owned(), violation };
                self.mistakes.extend(violations.into_iter().map(mistake));
            }
        }
    }
}

fn no_list(violation: Violation) -> Error {
    Error::Invalid(vec![violation])
}
