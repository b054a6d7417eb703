//! Products as a table, one row for each variant.

use std::{collections::HashMap, str::FromStr};

use kernel::{Currency, Money, Violation};
use products_api::{Attribute, NewProduct, NewVariant, OptionValue, ProductStatus};

use super::Item;

/// Every column there is; slug and title must be there.
pub(super) const COLUMNS: [&str; 17] = [
    "slug",
    "title",
    "description",
    "status",
    "categories",
    "attributes",
    "media",
    "sku",
    "options",
    "price",
    "currency",
    "compare_at",
    "weight_g",
    "barcode",
    "track_stock",
    "for_sale",
    "on_hand",
];

/// The reader of a table.
#[derive(Default)]
pub(super) struct Table {
    /// The names of the columns, once the first row was read.
    columns: Vec<String>,
    /// The product whose rows are being read.
    open: Option<Item>,
}

/// The cells of one row by their columns; an empty one is not there.
struct Cells<'a> {
    cells: HashMap<&'a str, &'a str>,
    wrong: Vec<Violation>,
}

impl Table {
    /// Reads one row; gives the product that it shows to be complete.
    ///
    /// # Errors
    /// When the first row names no columns that products have.
    pub(super) fn read(
        &mut self,
        row: &[u8],
        line: u64,
        end: u64,
    ) -> Result<Option<Item>, Violation> {
        let texts = match texts(row) {
            Ok(texts) => texts,
            Err(cause) => {
                let product = Err(vec![Violation::new("", "malformed", cause)]);
                let broken = Item { line, end, slug: String::new(), product };
                return Ok(self.open.replace(broken));
            }
        };
        if self.columns.is_empty() {
            self.columns = columns(texts)?;
            return Ok(None);
        }
        let many = texts.len();
        let pairs = self.columns.iter().zip(&texts).map(|(name, text)| (&**name, text.trim()));
        let cells = pairs.filter(|(_, text)| !text.is_empty()).collect();
        let mut cells = Cells { cells, wrong: Vec::new() };
        if many != self.columns.len() {
            let detail =
                format!("there are {} columns, and this row has {many}", self.columns.len());
            cells.wrong.push(Violation::new("", "malformed", detail));
        }
        let slug = cells.text("slug");
        if let Some(open) = self.open.as_mut().filter(|open| open.slug == slug) {
            open.end = end;
            let more = cells.variant();
            let wrong = cells.wrong.into_iter().map(|it| on_line(it, line));
            match &mut open.product {
                Ok(product) => product.variants.extend(more),
                Err(violations) => violations.extend(wrong.clone()),
            }
            if let (Ok(_), true) = (&open.product, wrong.len() > 0) {
                open.product = Err(wrong.collect());
            }
            return Ok(None);
        }
        let product = cells.product(&slug);
        let product = match cells.wrong.is_empty() {
            true => Ok(product),
            false => Err(cells.wrong.into_iter().map(|it| on_line(it, line)).collect()),
        };
        Ok(self.open.replace(Item { line, end, slug, product }))
    }

    /// The last product.
    pub(super) fn finish(&mut self) -> Option<Item> {
        self.open.take()
    }
}

fn columns(texts: Vec<String>) -> Result<Vec<String>, Violation> {
    let names: Vec<String> = texts.iter().map(|name| name.trim().to_lowercase()).collect();
    let no = |detail: String| Err(Violation::new("", "columns", detail));
    if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        return no(format!("no column is named {unknown:?}; there are {}", COLUMNS.join(", ")));
    }
    for needed in ["slug", "title"] {
        if !names.iter().any(|name| name == needed) {
            return no(format!("the first row names no column {needed}"));
        }
    }
    Ok(names)
}

fn on_line(violation: Violation, line: u64) -> Violation {
    Violation { detail: format!("line {line}: {}", violation.detail), ..violation }
}

/// The texts of one row.
fn texts(row: &[u8]) -> Result<Vec<String>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(row.len().max(1))
        .from_reader(row);
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
        Some(Err(cause)) => Err(cause.to_string()),
        None => Err("the row is empty".to_owned()),
    }
}

impl Cells<'_> {
    fn text(&self, column: &str) -> String {
        self.cells.get(column).copied().unwrap_or_default().to_owned()
    }

    fn list(&self, column: &str) -> Vec<String> {
        let cell = self.cells.get(column).copied().unwrap_or_default();
        split(cell, '|')
            .into_iter()
            .map(|it| it.trim().to_owned())
            .filter(|it| !it.is_empty())
            .collect()
    }

    fn pairs(&mut self, column: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for pair in self.list(column) {
            match pair.split_once('=') {
                Some((name, value)) => {
                    pairs.push((name.trim().to_owned(), value.trim().to_owned()))
                }
                None => self.wrong(column, "name=value|name=value is wanted"),
            }
        }
        pairs
    }

    fn wrong(&mut self, column: &str, detail: &str) {
        self.wrong.push(Violation::new(format!("/{column}"), "invalid", detail));
    }

    fn number<T: FromStr + Default>(&mut self, column: &str) -> T {
        match self.cells.get(column).copied().map(str::parse) {
            None => T::default(),
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                self.wrong(column, "a whole number is wanted");
                T::default()
            }
        }
    }

    fn truth(&mut self, column: &str) -> bool {
        match self.cells.get(column).map(|text| text.to_ascii_lowercase()).as_deref() {
            None | Some("true" | "yes" | "1") => true,
            Some("false" | "no" | "0") => false,
            Some(_) => {
                self.wrong(column, "true or false is wanted");
                true
            }
        }
    }

    fn product(&mut self, slug: &str) -> NewProduct {
        let status = match self.text("status").to_ascii_lowercase().as_str() {
            "" | "active" => ProductStatus::Active,
            "draft" => ProductStatus::Draft,
            "archived" => ProductStatus::Archived,
            _ => {
                self.wrong("status", "draft, active or archived is wanted");
                ProductStatus::Draft
            }
        };
        let attributes = self.pairs("attributes").into_iter();
        NewProduct {
            slug: slug.to_owned(),
            title: self.text("title"),
            description: self.text("description"),
            status,
            categories: self.list("categories"),
            attributes: attributes.map(|(name, value)| Attribute { name, value }).collect(),
            media: self.list("media"),
            variants: self.variant().into_iter().collect(),
        }
    }

    /// The variant of the row, if it has a SKU.
    fn variant(&mut self) -> Option<NewVariant> {
        let sku = self.text("sku");
        if sku.is_empty() {
            return None;
        }
        let code = self.text("currency").to_ascii_uppercase();
        let Some(currency) = Currency::from_code(&code) else {
            self.wrong("currency", "the code of a currency is wanted, such as EUR");
            return None;
        };
        let options = self.pairs("options").into_iter();
        let options = options.map(|(name, value)| OptionValue { name, value }).collect();
        let price = self.money("price", currency);
        if price.is_none() && !self.cells.contains_key("price") {
            self.wrong("price", "a price is wanted");
        }
        Some(NewVariant {
            sku,
            options,
            price: price.unwrap_or(Money::zero(currency)),
            compare_at: self.money("compare_at", currency),
            weight_g: self.number("weight_g"),
            barcode: self.cells.get("barcode").map(|text| (*text).to_owned()),
            track_stock: self.truth("track_stock"),
            for_sale: self.truth("for_sale"),
            on_hand: self.number("on_hand"),
        })
    }

    fn money(&mut self, column: &str, currency: Currency) -> Option<Money> {
        let text = *self.cells.get(column)?;
        let read = amount(text, Money::zero(currency).exponent());
        if read.is_none() {
            self.wrong(column, "an amount is wanted, such as 19.90");
        }
        read.map(|minor| Money::new(minor, currency))
    }
}

/// The minor units of an amount such as `19.9`, which has at most `exponent` digits behind the point.
fn amount(text: &str, exponent: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > exponent as usize {
        return None;
    }
    let part = format!("{part:0<width$}", width = exponent as usize);
    format!("{whole}{part}").parse().ok()
}

/// The parts between separators; one after a backslash is none.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign == '\\' {
            part.extend(signs.next());
        } else if sign == separator {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(sign);
        }
    }
    parts.push(part);
    parts
}
