//! `rialto import` and `rialto export`: products as files.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::PageRequest;
use products::feed::{Format, Importer, Mistake, Report, head, line};
use products_api::Products;
use serde::{Deserialize, Serialize};

use crate::{admin, compose, config::Loaded, house::House};

/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;

/// Opens products beside whatever is running: they are in their own database.
async fn opened(loaded: &Loaded) -> Result<(House<'_>, Arc<dyn Products>)> {
    let mut house = House::beside(loaded, &["products"]);
    let shop = compose::compose(&mut house).await?;
    let products = house.port("feed", &shop.products);
    Ok((house, products))
}

async fn close(house: House<'_>) -> Result<()> {
    for (_, db) in house.databases {
        db.close().await?;
    }
    Ok(())
}

/// How far a file was taken, kept beside it until it is taken as a whole.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The file's size and age: another file is begun anew.
    size: u64,
    modified: u128,
    done: u64,
    created: u64,
    changed: u64,
    unchanged: u64,
    refused: u64,
}

/// Takes the products of `file` into the shop, going on where it was stopped. What is wrong with those that
/// are not taken is written beside the file. Gives what to say, and whether all were taken.
///
/// # Errors
/// When the file cannot be read, is no list of products, or products fails.
pub async fn import(loaded: &Loaded, file: &Path) -> Result<(String, bool)> {
    let format = format(file)?;
    let (notes, mistakes) = (beside(file, "progress"), beside(file, "errors.csv"));
    let known = fs::metadata(file).with_context(|| format!("{}", file.display()))?;
    let modified = known.modified()?.duration_since(UNIX_EPOCH)?.as_micros();
    let earlier = earlier(&notes)?.filter(|it| (it.size, it.modified) == (known.len(), modified));
    let resumed = earlier.is_some();
    let before = earlier.unwrap_or(Progress { size: known.len(), modified, ..Progress::default() });
    if !resumed {
        remove(&mistakes)?;
    }
    let bar = ProgressBar::new(known.len());
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {bytes}/{total_bytes} {elapsed} left {eta} {msg}",
    )?);
    let (house, products) = opened(loaded).await?;
    let mut importer = Importer::new(&*products, format, before.done);
    let mut input = fs::File::open(file)?;
    let mut piece = vec![0; PIECE];
    let total = loop {
        let length = input.read(&mut piece)?;
        let taken = match length {
            0 => importer.finish().await.map(drop),
            _ => importer.take(&piece[..length]).await,
        };
        let total = before.plus(importer.report(), importer.done());
        tell(&mistakes, &importer.mistakes())?;
        taken.map_err(|no| anyhow::anyhow!("{}", admin::told(&no)))?;
        if length == 0 {
            break total;
        }
        bar.set_position(total.done);
        bar.set_message(format!("{} products", total.products()));
        fs::write(&notes, serde_json::to_string(&total)?)?;
    };
    bar.finish_and_clear();
    remove(&notes)?;
    close(house).await?;
    Ok((total.told(resumed, &mistakes), total.refused == 0))
}

/// Writes all products to `file`, or to standard output.
///
/// # Errors
/// When the file cannot be written, or products fails.
pub async fn export(loaded: &Loaded, file: Option<&Path>) -> Result<()> {
    let format = file.map_or(Ok(Format::Ndjson), format)?;
    let mut output: Box<dyn Write> = match file {
        None => Box::new(std::io::stdout()),
        Some(file) => Box::new(std::io::BufWriter::new(fs::File::create(file)?)),
    };
    let (house, products) = opened(loaded).await?;
    output.write_all(head(format).as_bytes())?;
    let mut page = PageRequest { limit: PageRequest::MAX_LIMIT, after: None };
    loop {
        let part = products.export(page).await?;
        for product in &part.items {
            output.write_all(line(format, product)?.as_bytes())?;
        }
        let Some(next) = part.next else { break };
        page = PageRequest { limit: PageRequest::MAX_LIMIT, after: Some(next) };
    }
    output.flush()?;
    close(house).await
}

fn format(file: &Path) -> Result<Format> {
    Format::of(file)
        .with_context(|| format!("{} is named neither .csv nor .ndjson nor .jsonl", file.display()))
}

/// A file of ours beside `file`: `catalogue.csv.progress`.
fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{end}"));
    name.into()
}

fn earlier(notes: &Path) -> Result<Option<Progress>> {
    match fs::read_to_string(notes) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => bail!("{}: {cause}", notes.display()),
    }
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => bail!("{}: {cause}", file.display()),
        _ => Ok(()),
    }
}

/// Adds what is wrong to the report, a row each.
fn tell(report: &Path, mistakes: &[Mistake]) -> Result<()> {
    if mistakes.is_empty() {
        return Ok(());
    }
    let fresh = !report.exists();
    let mut output = fs::OpenOptions::new().create(true).append(true).open(report)?;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut rows = String::new();
    if fresh {
        rows.push_str("line,slug,pointer,code,detail\n");
    }
    for Mistake { line, slug, violation } in mistakes {
        let kernel::Violation { pointer, code, detail } = violation;
        let cells = [slug, pointer, code, detail].map(|text| quoted(text));
        rows.push_str(&format!("{line},{}\n", cells.join(",")));
    }
    Ok(output.write_all(rows.as_bytes())?)
}

impl Progress {
    fn plus(&self, report: Report, done: u64) -> Self {
        let Report { created, changed, unchanged, refused } = report;
        Self {
            size: self.size,
            modified: self.modified,
            done,
            created: self.created + created,
            changed: self.changed + changed,
            unchanged: self.unchanged + unchanged,
            refused: self.refused + refused,
        }
    }

    fn products(&self) -> u64 {
        self.created + self.changed + self.unchanged + self.refused
    }

    fn told(&self, resumed: bool, mistakes: &Path) -> String {
        let Self { created, changed, unchanged, refused, .. } = self;
        let begun = if resumed { "went on where it was stopped; " } else { "" };
        let why = match refused {
            0 => String::new(),
            _ => format!("; {} tells why", mistakes.display()),
        };
        format!(
            "{begun}{created} created, {changed} changed, {unchanged} unchanged, {refused} refused{why}\n"
        )
    }
}
