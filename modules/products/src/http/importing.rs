//! A list of products over HTTP.

use std::{collections::VecDeque, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::CONTENT_TYPE,
    web::{Bytes, Data, Payload},
};
use host::{
    Answer, Fingerprint, IdempotencyKey, Intake, Intent, Links, Problem, Who, idempotency::Replies,
};
use kernel::Code;
use products_api::Products;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use xxhash_rust::xxh3::Xxh3;

use super::{IMPORT_LIMIT, told};
use crate::feed::{Format, Importer, Mistake};

/// What is left of the request's deadline when no further piece is taken.
const MARGIN: Duration = Duration::from_secs(2);
/// The most mistakes that are told.
const TOLD: usize = 1_000;

/// What became of a list of products.
#[derive(Serialize, ToSchema)]
pub(super) struct Imported {
    #[serde(flatten)]
    told: Told,
    #[serde(rename = "_links")]
    links: Links,
}

/// The part of it that is remembered.
#[derive(Serialize, Deserialize, ToSchema)]
struct Told {
    /// Products that are new.
    created: u64,
    /// Products that are different now.
    changed: u64,
    /// Products that were the same already.
    unchanged: u64,
    /// Products that were not taken.
    refused: u64,
    /// Whether the whole list was looked at. If not, time was over: send the same list again, or the rest of
    /// it. What was taken is not taken again.
    complete: bool,
    /// What is wrong with those that were not taken; at most 1,000.
    errors: Vec<ImportMistake>,
}

/// What is wrong with one product.
#[derive(Serialize, Deserialize, ToSchema)]
struct ImportMistake {
    /// The line on which the product begins, from 1.
    line: u64,
    slug: String,
    /// The field that is to blame.
    pointer: String,
    code: String,
    detail: String,
}

/// Adds and changes products as a list says.
///
/// Products are known by their slugs, variants by their SKUs. What is there already becomes what the list
/// says, except for its stock; what is not named stays. Good products are taken, whatever is wrong with
/// others. The same list again changes nothing.
#[utoipa::path(post, path = "/v1/admin/products/import", tag = "products",
    request_body(description = "CSV with one row for each variant, or NDJSON with one product a line.",
        content(
            (String = "text/csv", example = "slug,title,categories,attributes,sku,options,price,currency,on_hand\nmug,Mug,kitchen/cups,material=stoneware,MUG-S,size=small,9.50,EUR,3\nmug,,,,MUG-L,size=large,12.00,EUR,5\n"),
            (String = "application/x-ndjson", example = "{\"slug\":\"mug\",\"title\":\"Mug\",\"variants\":[{\"sku\":\"MUG-S\",\"price\":{\"minor\":950,\"currency\":\"EUR\"},\"on_hand\":3}]}\n")
        )),
    responses((status = 200, body = Imported, description = "What became of each product."), Problem))]
pub(super) async fn import(
    request: HttpRequest,
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    payload: Payload,
) -> Result<Answer<Imported>, Problem> {
    let format = format(&request)?;
    let mut intake = Intake::new(payload, IMPORT_LIMIT);
    let (intent, list) = match IdempotencyKey::of(request.headers())? {
        None => (None, List::Arriving(intake)),
        Some(key) => {
            let (pieces, fingerprint) = whole(&request, &mut intake).await?;
            (Some(Intent { key, fingerprint }), List::Here(pieces))
        }
    };
    let work = taken(&**products, format, list);
    let done = replies.once(&who, "import products", intent, work).await?;
    let links = Links::default().to("products", "/v1/admin/products");
    Ok(done.answer(|told| Answer::ok(Imported { told, links })))
}

fn format(request: &HttpRequest) -> Result<Format, Problem> {
    match content_type(request)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "text/csv" => Ok(Format::Csv),
        "application/x-ndjson" | "application/jsonl" => Ok(Format::Ndjson),
        _ => {
            let detail = "send the list as text/csv or application/x-ndjson";
            Err(Problem::of(Code::UnsupportedMediaType, detail))
        }
    }
}

fn content_type(request: &HttpRequest) -> &str {
    let value = request.headers().get(CONTENT_TYPE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A list of products, piece by piece.
enum List {
    /// As the client sends it.
    Arriving(Intake<Payload>),
    /// All of it, because it had to be known before anything was taken.
    Here(VecDeque<Bytes>),
}

impl List {
    async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Arriving(intake) => intake.next(patience).await,
            Self::Here(pieces) => Ok(pieces.pop_front()),
        }
    }
}

/// The whole list, and what it is recognised by.
async fn whole(
    request: &HttpRequest,
    intake: &mut Intake<Payload>,
) -> Result<(VecDeque<Bytes>, Fingerprint), Problem> {
    let (mut pieces, mut hash) = (VecDeque::new(), Xxh3::new());
    while let Some(piece) = intake.next(ports::Context::current().left()).await? {
        hash.update(&piece);
        pieces.push_back(piece);
    }
    let body = json!([content_type(request), format!("{:032x}", hash.digest128())]);
    let fingerprint = Fingerprint::of(request.method().as_str(), request.path(), &body);
    Ok((pieces, fingerprint))
}

async fn taken(products: &dyn Products, format: Format, mut list: List) -> Result<Told, Problem> {
    let mut importer = Importer::new(products, format, 0);
    let mut errors = Vec::new();
    let mut complete = true;
    loop {
        let left = ports::Context::current().left().saturating_sub(MARGIN);
        if left.is_zero() {
            complete = false;
            break;
        }
        let piece = list.next(left).await?;
        let last = piece.is_none();
        match piece {
            Some(piece) => importer.take(&piece).await.map_err(told)?,
            None => drop(importer.finish().await.map_err(told)?),
        }
        errors.extend(importer.mistakes().into_iter().map(ImportMistake::from));
        errors.truncate(TOLD);
        if last {
            break;
        }
    }
    let crate::feed::Report { created, changed, unchanged, refused } = importer.report();
    Ok(Told { created, changed, unchanged, refused, complete, errors })
}

impl From<Mistake> for ImportMistake {
    fn from(Mistake { line, slug, violation }: Mistake) -> Self {
        let kernel::Violation { pointer, code, detail } = violation;
        Self { line, slug, pointer, code, detail }
    }
}
