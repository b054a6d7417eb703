//! What the storage crate costs: a statement through it beside plain rusqlite, and durable
//! transactions a second with and without group commit.
//!
//! `cargo bench --bench storage` prints criterion's times of single statements, their ratios from
//! interleaved rounds (which a busy machine disturbs less) and a table of transactions.

use std::{
    hint::black_box,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use criterion::Criterion;
use futures::future::join_all;
use rusqlite::{Connection, params};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, Set, sea_query::Expr,
};
use storage::{Database, Options, Synchronous, Tx};
use tokio::runtime::Runtime;
use variant::{ActiveModel, Column, Entity, Model};

mod variant {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "variant")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) sku: String,
        pub(crate) price: i64,
        pub(crate) stock: i64,
        pub(crate) note: Option<String>,
        pub(crate) changed_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

const TABLE: &str = "CREATE TABLE variant (id TEXT PRIMARY KEY, sku TEXT NOT NULL, \
    price BIGINT NOT NULL, stock BIGINT NOT NULL, note TEXT, changed_at BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO variant (id, sku, price, stock, note, changed_at) \
    VALUES (?, ?, ?, ?, ?, ?)";
const FIND: &str = "SELECT id, sku, price, stock, note, changed_at FROM variant WHERE id = ?";
const TAKE: &str = "UPDATE variant SET stock = stock - ? WHERE id = ? AND stock >= ?";
const ROWS: u64 = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    statements(&mut criterion, &runtime);
    criterion.final_summary();
    if std::env::args().any(|argument| argument == "--bench") {
        runtime.block_on(durable_transactions());
    }
}

/// One statement inside of an open transaction, through the crate and without it.
fn statements(criterion: &mut Criterion, runtime: &Runtime) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let plain = Connection::open(folder.path().join("plain.db")).expect("a file");
    plain.execute_batch("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE").expect("a transaction");
    plain.execute_batch(TABLE).expect("the table");
    let db = runtime.block_on(open(&folder.path().join("ours.db"), Synchronous::Full, true));
    let tx = runtime.block_on(db.begin()).expect("a transaction");
    for number in 0..ROWS {
        insert_plainly(&plain, number);
        runtime.block_on(insert(&tx, number));
    }
    plain.execute_batch("COMMIT; BEGIN IMMEDIATE").expect("a transaction");
    runtime.block_on(tx.commit()).expect("a commit");
    let tx = runtime.block_on(db.begin()).expect("a transaction");
    let reader = db.reader();
    let next = AtomicU64::new(0);
    let next = || next.fetch_add(1, Ordering::Relaxed);

    let mut group = criterion.benchmark_group("find by id");
    group.bench_function("rusqlite", |b| b.iter(|| find_plainly(&plain, next() % ROWS)));
    group.bench_function("Tx", |b| {
        b.to_async(runtime).iter(async || find(&tx, next() % ROWS).await);
    });
    group.bench_function("Reader", |b| {
        b.to_async(runtime).iter(async || find(&reader, next() % ROWS).await);
    });
    group.finish();
    let mut group = criterion.benchmark_group("conditional update");
    group.bench_function("rusqlite", |b| b.iter(|| take_plainly(&plain, next() % ROWS)));
    group.bench_function("Tx", |b| {
        b.to_async(runtime).iter(async || take(&tx, next() % ROWS).await);
    });
    group.finish();
    let mut group = criterion.benchmark_group("insert");
    group.bench_function("rusqlite", |b| b.iter(|| insert_plainly(&plain, ROWS + next())));
    group.bench_function("Tx", |b| {
        b.to_async(runtime).iter(async || insert(&tx, ROWS + next()).await);
    });
    group.finish();
    ratios(runtime, &plain, &tx, next);
}

/// Prints how much longer a statement takes through `tx` than through `plain`: the median of
/// rounds that follow each other closely.
fn ratios(runtime: &Runtime, plain: &Connection, tx: &Tx, next: impl Fn() -> u64) {
    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..STATEMENT_ROUNDS {
        let [find_ratio, take_ratio, insert_ratio] = &mut rounds;
        let plainly = timed(|| find_plainly(plain, next() % ROWS));
        let ours = runtime.block_on(async_timed(async || find(tx, next() % ROWS).await));
        find_ratio.push((ours.as_nanos() * 100 / plainly.as_nanos()) as u64);
        let plainly = timed(|| take_plainly(plain, next() % ROWS));
        let ours = runtime.block_on(async_timed(async || take(tx, next() % ROWS).await));
        take_ratio.push((ours.as_nanos() * 100 / plainly.as_nanos()) as u64);
        let plainly = timed(|| insert_plainly(plain, ROWS + next()));
        let ours = runtime.block_on(async_timed(async || insert(tx, ROWS + next()).await));
        insert_ratio.push((ours.as_nanos() * 100 / plainly.as_nanos()) as u64);
    }
    println!("\na statement through Tx, as a multiple of plain rusqlite");
    for (name, ratios) in ["find by id", "conditional update", "insert"].into_iter().zip(rounds) {
        println!("{name:>20} {:.2}", median(ratios) as f64 / 100.0);
    }
}

const STATEMENT_ROUNDS: usize = 41;
const STATEMENTS: u32 = 500;

fn timed<T>(mut statement: impl FnMut() -> T) -> Duration {
    let started = Instant::now();
    for _ in 0..STATEMENTS {
        black_box(statement());
    }
    started.elapsed()
}

async fn async_timed(mut statement: impl AsyncFnMut()) -> Duration {
    let started = Instant::now();
    for _ in 0..STATEMENTS {
        statement().await;
    }
    started.elapsed()
}

fn id(number: u64) -> String {
    format!("var_{number:026}")
}

fn find_plainly(db: &Connection, number: u64) -> Model {
    let mut statement = db.prepare_cached(FIND).expect("the statement");
    statement
        .query_row([id(number)], |row| {
            Ok(Model {
                id: row.get(0)?,
                sku: row.get(1)?,
                price: row.get(2)?,
                stock: row.get(3)?,
                note: row.get(4)?,
                changed_at: row.get(5)?,
            })
        })
        .expect("a row")
}

async fn find(db: &impl ConnectionTrait, number: u64) {
    black_box(Entity::find_by_id(id(number)).one(db).await.expect("an answer"));
}

fn take_plainly(db: &Connection, number: u64) -> usize {
    let mut statement = db.prepare_cached(TAKE).expect("the statement");
    statement.execute(params![1, id(number), 1]).expect("an answer")
}

async fn take(tx: &Tx, number: u64) {
    let taken = Entity::update_many()
        .col_expr(Column::Stock, Expr::col(Column::Stock).sub(1))
        .filter(Column::Id.eq(id(number)))
        .filter(Column::Stock.gte(1))
        .exec(tx)
        .await;
    black_box(taken.expect("an answer").rows_affected);
}

fn insert_plainly(db: &Connection, number: u64) -> usize {
    let mut statement = db.prepare_cached(INSERT).expect("the statement");
    let row =
        params![id(number), "SKU-1", 1999, i64::MAX, None::<String>, 1_700_000_000_000_000_i64];
    statement.execute(row).expect("an answer")
}

async fn insert(db: &impl ConnectionTrait, number: u64) {
    let row = ActiveModel {
        id: Set(id(number)),
        sku: Set("SKU-1".to_owned()),
        price: Set(1999),
        stock: Set(i64::MAX),
        note: Set(None),
        changed_at: Set(1_700_000_000_000_000),
    };
    Entity::insert(row).exec_without_returning(db).await.expect("an answer");
}

async fn open(path: &Path, synchronous: Synchronous, group_commit: bool) -> Database {
    let mut options = Options::new(format!("sqlite://{}", path.display()));
    options.synchronous = synchronous;
    options.group_commit = group_commit;
    options.patience = Duration::from_secs(60);
    let db = Database::open(&options).await.expect("a database");
    let tx = db.begin().await.expect("a transaction");
    tx.execute_unprepared(TABLE.replace("TABLE", "TABLE IF NOT EXISTS").as_str())
        .await
        .expect("the table");
    tx.commit().await.expect("a commit");
    db
}

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(2);
const KINDS: [(&str, Synchronous, bool); 4] = [
    ("FULL, group", Synchronous::Full, true),
    ("FULL, alone", Synchronous::Full, false),
    ("NORMAL, group", Synchronous::Normal, true),
    ("NORMAL, alone", Synchronous::Normal, false),
];

/// Prints how many transactions of one insert become durable in a second: the median of
/// interleaved rounds.
async fn durable_transactions() {
    println!("\ntransactions a second, each BEGIN, one insert, COMMIT");
    println!(
        "{:>8} {:>14} {:>14} {:>14} {:>14}",
        "writers", KINDS[0].0, KINDS[1].0, KINDS[2].0, KINDS[3].0
    );
    for writers in [1, 8, 64] {
        let mut measured = [const { Vec::new() }; KINDS.len()];
        for _ in 0..ROUNDS {
            for (kind, figures) in KINDS.iter().zip(&mut measured) {
                figures.push(round(writers, kind.1, kind.2).await);
            }
        }
        let [full, full_alone, normal, normal_alone] = measured.map(median);
        println!("{writers:>8} {full:>14} {full_alone:>14} {normal:>14} {normal_alone:>14}");
        let ratio = full as f64 / normal_alone as f64;
        println!("{:>8} FULL in groups is {ratio:.2} of NORMAL alone", "");
    }
}

async fn round(writers: u64, synchronous: Synchronous, group_commit: bool) -> u64 {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let db = open(&folder.path().join("round.db"), synchronous, group_commit).await;
    let started = Instant::now();
    let writers = (0..writers).map(|writer| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut done = 0;
            while started.elapsed() < ROUND {
                let tx = db.begin().await.expect("a transaction");
                insert(&tx, writer << 32 | done).await;
                tx.commit().await.expect("a commit");
                done += 1;
            }
            done
        })
    });
    let done: u64 = join_all(writers).await.into_iter().map(|it| it.expect("a writer")).sum();
    let rate = done as f64 / started.elapsed().as_secs_f64();
    rate as u64
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}
