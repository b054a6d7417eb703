//! Lists of products as files: read piece by piece, and written.
//!
//! A CSV file (RFC 4180) has one row for each variant and the columns named in its first row, in any order;
//! rows of one product follow each other, and what is told of the product stands in the first of them. An
//! NDJSON file has one product a line, with the fields of `POST /v1/admin/products`. What is written here can
//! be read here.

mod csv;
mod importer;
mod json;
mod written;

use std::path::Path;

use kernel::Violation;
use products_api::NewProduct;

pub use importer::{Importer, Mistake, Report};
pub use written::{head, line};

/// How a list of products is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

impl Format {
    /// The format of a file by the end of its name: `.csv`, or `.ndjson` or `.jsonl`.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// The longest row, in bytes: a product of 100 variants with its texts fits into it.
const LONGEST: usize = 1024 * 1024;

/// A product of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Where it ends: the byte behind it.
    pub(crate) end: u64,
    /// What it is called, as far as that can be read.
    pub(crate) slug: String,
    /// The product, or what is wrong with it.
    pub(crate) product: Result<NewProduct, Vec<Violation>>,
}

/// The reader of a file that arrives in pieces.
pub(crate) struct Feed {
    format: Format,
    /// What has arrived and was not read.
    waiting: Vec<u8>,
    /// How much of it was looked at for an end, and whether that is between quotes.
    seen: (usize, bool),
    /// The byte and the line at which it begins.
    place: (u64, u64),
    table: csv::Table,
}

impl Feed {
    pub(crate) fn new(format: Format) -> Self {
        let table = csv::Table::default();
        Self { format, waiting: Vec::new(), seen: (0, false), place: (0, 1), table }
    }

    /// The products that are complete now that `piece` has arrived.
    ///
    /// # Errors
    /// When this is no list of products at all.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<Vec<Item>, Violation> {
        self.waiting.extend_from_slice(piece);
        let mut items = Vec::new();
        while let Some(length) = self.row() {
            self.read(length, &mut items)?;
        }
        Ok(items)
    }

    /// The products that are left at the end.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub(crate) fn finish(&mut self) -> Result<Vec<Item>, Violation> {
        let mut items = Vec::new();
        if !self.waiting.is_empty() {
            self.read(self.waiting.len(), &mut items)?;
        }
        items.extend(self.table.finish());
        Ok(items)
    }

    /// How long the first row is that is waiting, if all of it is there: a line end between quotes is none.
    fn row(&mut self) -> Option<usize> {
        let (mut place, mut quoted) = self.seen;
        while let Some(byte) = self.waiting.get(place) {
            match byte {
                b'"' if self.format == Format::Csv => quoted = !quoted,
                b'\n' if !quoted => {
                    self.seen = (0, false);
                    return Some(place + 1);
                }
                _ => {}
            }
            place += 1;
        }
        self.seen = (place, quoted);
        (self.waiting.len() > LONGEST).then(|| {
            self.seen = (0, false);
            self.waiting.len()
        })
    }

    /// Reads the first `length` bytes that are waiting as one row.
    fn read(&mut self, length: usize, items: &mut Vec<Item>) -> Result<(), Violation> {
        let row: Vec<u8> = self.waiting.drain(..length).collect();
        let (begin, line) = self.place;
        let end = begin + length as u64;
        self.place = (end, line + row.iter().filter(|byte| **byte == b'\n').count() as u64);
        let row = if begin == 0 { row.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&row) } else { &row };
        if row.trim_ascii().is_empty() {
            return Ok(());
        }
        match self.format {
            Format::Csv => items.extend(self.table.read(row, line, end)?),
            Format::Ndjson => items.push(json::read(row, line, end)),
        }
        Ok(())
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests;
