//! A list over all modules: a table for people, or a JSON object a line.

use anyhow::Result;
use kernel::{Page, PageRequest};
use serde_json::Value;

use crate::table::Table;

/// What became of it, in words, and whether all of it could be done.
pub type Told = (String, bool);

/// Something in a list: its cells, and everything about it.
pub type Row<const N: usize> = ([String; N], Value);

/// A list in the making.
pub struct Report<const N: usize> {
    table: Table<N>,
    lines: Option<String>,
    whole: bool,
}

impl<const N: usize> Report<N> {
    /// An empty list with these headings; as `json` it has none.
    pub fn new(headings: [&'static str; N], json: bool) -> Self {
        Self { table: Table::new(headings), lines: json.then(String::new), whole: true }
    }

    /// Takes in what one module has, and whether it has more. What could not be read is said aside.
    pub fn take<T>(
        &mut self,
        module: &str,
        found: Result<(Vec<T>, bool)>,
        row: impl Fn(&str, &T) -> Row<N>,
    ) {
        let (found, more) = match found {
            Ok(found) => found,
            Err(cause) => {
                eprintln!("rialto: {module} cannot be read: {cause:#}");
                self.whole = false;
                return;
            }
        };
        for (cells, everything) in found.iter().map(|it| row(module, it)) {
            match &mut self.lines {
                Some(lines) => lines.push_str(&format!("{everything}\n")),
                None => self.table.add(cells),
            }
        }
        if more {
            eprintln!("rialto: {module} has more: show them with --limit");
        }
    }

    /// The list, and whether nothing is missing.
    pub fn told(self) -> Told {
        (self.lines.unwrap_or_else(|| self.table.to_string()), self.whole)
    }
}

/// Reads page after page, up to `limit` things; says whether there are more.
///
/// # Errors
/// What reading a page ended with.
pub async fn everything<T, E>(
    limit: usize,
    read: impl AsyncFn(PageRequest) -> Result<Page<T>, E>,
) -> Result<(Vec<T>, bool), E> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let left = u32::try_from(limit.saturating_sub(all.len())).unwrap_or(u32::MAX);
        let limit_of_page = left.clamp(1, PageRequest::MAX_LIMIT);
        let page = read(PageRequest { limit: limit_of_page, after }).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() || all.len() >= limit {
            return Ok((all, after.is_some()));
        }
    }
}
