//! What a two-phase commit costs beside the two commits that it stands for, on one private Postgres that waits
//! for its disk.
//!
//! `cargo bench --bench two_phase` prints the medians of interleaved rounds, and their ratio.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use servers::Postgres;
use storage::{Database, Options, Tx, two_phase::Coordinator};

const ROUNDS: usize = 21;
const COMMITS: u32 = 40;

#[tokio::main]
async fn main() {
    // A run of all tests compiles and starts benches as well, and has nothing to measure.
    if std::env::args().any(|argument| argument == "--bench") {
        measure().await;
    }
}

async fn measure() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-phase");
    std::fs::create_dir_all(&folder).expect("a folder");
    let server = Postgres::start(&folder).await.expect("a server");
    let databases = [open(&server, "north").await, open(&server, "south").await];
    let coordinator = Coordinator::open("bench", databases[0].clone(), databases.to_vec())
        .await
        .expect("a coordinator");
    let (mut apart, mut together) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..COMMITS {
            for tx in both(&databases).await {
                tx.commit().await.expect("a commit");
            }
        }
        apart.push(begun.elapsed() / COMMITS);
        let begun = Instant::now();
        for _ in 0..COMMITS {
            coordinator.commit(both(&databases).await).await.expect("a commit");
        }
        together.push(begun.elapsed() / COMMITS);
    }
    server.stop().await.expect("it stops");
    let (apart, together) = (median(apart), median(together));
    let ratio = together.as_secs_f64() / apart.as_secs_f64();
    println!("two commits, one after the other  {apart:>10.1?}");
    println!("one two-phase commit              {together:>10.1?}, {ratio:.2} times as long");
}

/// A database with a table of its own.
async fn open(server: &Postgres, name: &str) -> Database {
    let mut options = Options::new(server.url());
    options.schema = Some(name.to_owned());
    let db = Database::open(&options).await.expect("a database");
    let tx = db.begin().await.expect("a transaction");
    let sql = "CREATE TABLE note (nth BIGSERIAL PRIMARY KEY, what TEXT NOT NULL)";
    tx.execute_unprepared(sql).await.expect("a table");
    tx.commit().await.expect("a commit");
    db
}

/// A transaction in each, with one row.
async fn both(databases: &[Database]) -> Vec<Tx> {
    let mut both = Vec::new();
    for db in databases {
        let tx = db.begin().await.expect("a transaction");
        tx.execute_unprepared("INSERT INTO note (what) VALUES ('moved')").await.expect("a row");
        both.push(tx);
    }
    both
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
