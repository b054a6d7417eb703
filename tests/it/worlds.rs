//! Every journey in every world.
//!
//! A world plays all journeys: those with the same settings in one shop, several at once. `RIALTO_RECORD=1`
//! records their transcripts anew, from the whole shop on SQLite; `JOURNEYS=word` plays those only whose names
//! contain the word.

use std::{collections::BTreeMap, env, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures::{FutureExt, StreamExt, stream};

use crate::{
    books::Books,
    journeys::{ALL, Journey, Shop, said},
    world::{Deployment, World},
};

/// Says which journeys are played, by a part of their names.
const ONLY: &str = "JOURNEYS";

/// Journeys that are played at once in one shop.
const AT_ONCE: usize = 4;

macro_rules! worlds {
    ($($world:ident => $deployment:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $world() {
            play_all_in(Deployment::$deployment).await;
        }
    )+};
}

worlds! {
    whole_on_sqlite => WHOLE_ON_SQLITE;
    whole_on_postgres => WHOLE_ON_POSTGRES;
    split_over_http_on_sqlite => SPLIT_OVER_HTTP;
    split_over_rabbitmq_on_sqlite => SPLIT_OVER_RABBITMQ;
    services_over_http_on_postgres => SERVICES_OVER_HTTP;
    services_over_rabbitmq_on_postgres => SERVICES_OVER_RABBITMQ;
    replicas_on_postgres => REPLICAS;
    replicas_behind_a_gateway_on_postgres => REPLICAS_BEHIND_A_GATEWAY;
}

/// Plays all journeys and fails with everything that went wrong.
async fn play_all_in(deployment: Deployment) {
    let begun = Instant::now();
    let only = env::var(ONLY).unwrap_or_default();
    let chosen = ALL.iter().filter(|journey| journey.name.contains(&only));
    let mut shops: BTreeMap<Shop, Vec<&Journey>> = BTreeMap::new();
    for journey in chosen {
        shops.entry(journey.shop).or_default().push(journey);
    }
    let mut failures = Vec::new();
    for (Shop { settings, alone }, journeys) in shops {
        let opening = Instant::now();
        let world = Arc::new(World::open(deployment, settings).await);
        let opened = opening.elapsed();
        let at_once = if alone { 1 } else { AT_ONCE };
        let plays = journeys.iter().map(|journey| journey.play_in(&world));
        let outcomes: Vec<_> = stream::iter(plays).buffer_unordered(at_once).collect().await;
        eprintln!(
            "{} journeys with {settings:?}: opened in {opened:.1?}, played in {:.1?}",
            journeys.len(),
            opening.elapsed() - opened
        );
        let mut failed: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() {
            let closing = AssertUnwindSafe(close(&world)).catch_unwind().await;
            failed.extend(closing.err().map(|surprise| format!("the end: {}", said(&*surprise))));
        }
        if !failed.is_empty() {
            eprintln!("{}", world.ends());
        }
        failures.extend(failed);
    }
    eprintln!("{} took {:.1?}", deployment.name, begun.elapsed());
    let list: Vec<String> = failures.iter().map(|failure| format!("  {failure}")).collect();
    let count = failures.len();
    assert!(failures.is_empty(), "{count} failed in {}:\n{}", deployment.name, list.join("\n"));
}

/// Stops the shop and looks whether everything that was begun has ended well.
async fn close(world: &World) {
    let begun = Instant::now();
    let books = Books::of(world).await;
    books.settled().await;
    world.stop_all().await;
    if !books.is_quiet().await {
        world.start_all().await;
        books.quiet().await;
        world.stop_all().await;
    }
    books.check().await;
    eprintln!("closed in {:.1?}", begun.elapsed());
}
<<<<<<< Updated upstream

/// Plays one journey and compares what was said.
pub(crate) async fn play(world: &Arc<World>, journey: &Journey) -> Result<(), String> {
    let (stage, transcript) = Stage::shared(world, journey.name);
    let playing = AssertUnwindSafe((journey.play)(&stage)).catch_unwind();
    match tokio::time::timeout(LIMIT, playing).await {
        Ok(Ok(())) => {}
        Ok(Err(surprise)) => return Err(format!("{}: {}", journey.name, said(&*surprise))),
        Err(_) => return Err(format!("{}: it did not end within {LIMIT:?}", journey.name)),
    }
    let text = transcript.text();
    if env::var_os(RECORD).is_some() {
        record(world.deployment(), journey, &text);
        return Ok(());
    }
    compare(world.deployment(), journey, &text)
}

fn said(surprise: &(dyn Any + Send)) -> &str {
    let text = surprise.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| surprise.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

fn transcript_of(journey: &Journey) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(TRANSCRIPTS).join(journey.name).with_extension("txt")
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn record(deployment: Deployment, journey: &Journey, text: &str) {
    let first = Deployment::WHOLE_ON_SQLITE.name;
    assert_eq!(deployment.name, first, "{RECORD} is for this world only: the others are compared");
    write(&transcript_of(journey), text);
}

fn compare(deployment: Deployment, journey: &Journey, text: &str) -> Result<(), String> {
    let file = transcript_of(journey);
    let Ok(recorded) = fs::read_to_string(&file) else {
        let file = file.display();
        return Err(format!("{}: {file} is missing: record it with {RECORD}=1", journey.name));
    };
    let Some(difference) = difference(&recorded, text) else { return Ok(()) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("transcripts");
    let kept = folder.join(deployment.name).join(journey.name).with_extension("txt");
    write(&kept, text);
    let (file, kept) = (file.display(), kept.display());
    Err(format!("{}: {kept} is not what {file} says, {difference}", journey.name))
}

#[test]
fn every_transcript_belongs_to_a_journey() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(TRANSCRIPTS);
    let files = fs::read_dir(&folder).unwrap().flat_map(|file| fs::read_dir(file.unwrap().path()));
    let mut left: Vec<PathBuf> = files.flatten().map(|entry| entry.unwrap().path()).collect();
    left.retain(|file| ALL.iter().all(|journey| transcript_of(journey) != *file));
    assert!(left.is_empty(), "no journey says this any more: {left:?}");
}
=======
>>>>>>> Stashed changes
