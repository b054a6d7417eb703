//! Rows below a line of headings, for people.

use std::fmt;

/// A table whose columns are as wide as what is in them.
pub struct Table<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub fn new(headings: [&'static str; N]) -> Self {
        Self { headings, rows: Vec::new() }
    }

    /// Adds a row. Line breaks and other control characters become spaces.
    pub fn add(&mut self, row: [String; N]) {
        self.rows.push(row.map(|cell| cell.replace(|c: char| c.is_control(), " ")));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headings = self.headings.map(str::to_owned);
        let rows = || std::iter::once(&headings).chain(&self.rows);
        let width = |column: usize| rows().map(|row| row[column].chars().count()).max();
        for row in rows() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line.push_str(&format!("{cell:0$}  ", width(column).unwrap_or_default()));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The beginning of a text, at most `length` characters of it.
pub fn shortened(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut table = Table::new(["KEY", "REASON"]);
        table.add(["ü".to_owned(), "two\nlines".to_owned()]);
        table.add(["longer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "KEY     REASON\nü       two lines\nlonger\n");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }
}
