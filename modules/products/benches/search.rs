//! What searches cost in a shop of 10,000 products with 30,000 variants, on both databases.
//!
//! `cargo bench -p products` prints how long the import takes, and p50 and p99 of each kind of search.
//! Postgres is measured where `RIALTO_TEST_POSTGRES` names a server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::{Clock, Ids, PageRequest, SystemClock};
use products::feed::{Format, Importer};
use products_api::{Attribute, Browse, Products, Sort};
use storage::{Database, Options};

const PRODUCTS: usize = 10_000;
const ROUNDS: usize = 200;
const NOUNS: [&str; 20] = [
    "mug", "pot", "pan", "bowl", "plate", "lamp", "chair", "table", "knife", "board", "towel",
    "rug", "pen", "ink", "book", "game", "bag", "soap", "brush", "seed",
];
const ADJECTIVES: [&str; 12] = [
    "small", "large", "green", "blue", "heavy", "light", "round", "plain", "old", "fine", "warm",
    "dark",
];
const MATERIALS: [&str; 8] = ["clay", "oak", "linen", "steel", "brass", "wool", "paper", "glass"];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let file = format!("sqlite://{}", folder.path().join("products.db").display());
        measure("SQLite", &file).await;
        if std::env::var_os("RIALTO_TEST_POSTGRES").is_some() {
            measure("Postgres", &testkit::postgres().await).await;
        }
    });
}

/// The catalogue as a file.
fn list() -> String {
    let mut text =
        "slug,title,description,categories,attributes,sku,options,price,currency,on_hand\n"
            .to_owned();
    for number in 0..PRODUCTS {
        let of = |words: &[&'static str], step: usize| words[number * step / 7 % words.len()];
        let (noun, adjective) = (NOUNS[number % NOUNS.len()], of(&ADJECTIVES, 5));
        let (material, other) = (of(&MATERIALS, 3), of(&ADJECTIVES, 11));
        for (size, variant) in ["s", "m", "l"].into_iter().enumerate() {
            let told = match size {
                0 => format!(
                    "{adjective} {noun} {number},\"A {other} {noun} of {material}, made to last.\",\
                     shop/{noun},material={material}|colour={adjective}|for={other}"
                ),
                _ => ",,,".to_owned(),
            };
            let price = 100 + number * 37 % 9_000 + size * 100;
            text.push_str(&format!(
                "p-{number},{told},S-{number}-{variant},size={variant},{}.{:02},EUR,{}\n",
                price / 100,
                price % 100,
                number % 4
            ));
        }
    }
    text
}

async fn measure(name: &str, url: &str) {
    let db = Database::open(&Options::new(url)).await.expect("a database");
    db.migrate(migrations::of("products").expect("a history")).await.expect("tables");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let needs = products::Needs {
        ids: Ids::new(clock.clone()),
        clock,
        meters: ports::Meters::default(),
        settings: products::Settings::default(),
    };
    let products = products::open(db, needs).port;
    let list = list();
    for what in ["import", "the same again"] {
        let begun = Instant::now();
        let mut importer = Importer::new(&*products, Format::Csv, 0);
        importer.take(list.as_bytes()).await.expect("a list");
        let report = importer.finish().await.expect("a list");
        println!("{name}: {what}: {:.1?}, {report:?}", begun.elapsed());
    }
    let text = |text: &str| Browse { text: Some(text.to_owned()), ..Browse::default() };
    let clay = Attribute { name: "material".to_owned(), value: "clay".to_owned() };
    let kinds = [
        ("first page", Browse::default()),
        ("one word", text("mug")),
        ("two words, begun", text("gre mu")),
        ("a word that all have", text("made")),
        ("relevance", Browse { sort: Sort::Relevance, ..text("green") }),
        ("category", Browse { category: Some("mug".to_owned()), ..Browse::default() }),
        (
            "price, stock, attribute",
            Browse {
                price_min: Some(1_000),
                price_max: Some(3_000),
                in_stock: true,
                attributes: vec![clay],
                sort: Sort::Price,
                ..Browse::default()
            },
        ),
        ("one word with facets", Browse { facets: true, ..text("mug") }),
        ("facets of everything", Browse { facets: true, ..Browse::default() }),
    ];
    for (kind, wish) in kinds {
        let (p50, p99) = times(&*products, &wish).await;
        println!("{name}: {kind:24} p50 {p50:>9.2?}  p99 {p99:>9.2?}");
    }
}

async fn times(products: &dyn Products, wish: &Browse) -> (Duration, Duration) {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let wish = Browse { page: PageRequest::default(), ..wish.clone() };
        let begun = Instant::now();
        products.browse(wish).await.expect("an answer");
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    (times[ROUNDS / 2], times[ROUNDS * 99 / 100])
}
