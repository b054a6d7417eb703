//! Routes of modules elsewhere: learnt late, changed, kept, refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use gateway::{Documents, Keys, Needs, Settings, Upstream};
use host::{Answer, Cursors, Policy, Problem, Route, Routes};
use identity::{Jwks, Verifier};
use kernel::{Code, SystemClock};
use ports::Meters;
use telemetry::Metrics;
use testkit::{Flow, Proxy, eventually};
use utoipa::OpenApi;

use crate::{
    neighbour::{Neighbour, Then},
    split::{LIMIT, Process, Setting, Shop, games, tokens},
    toys::{self, Seen},
    world::problem,
};

/// A module with one route and its document.
#[utoipa::path(get, path = "/v1/notes", responses((status = 200, body = u32), Problem))]
async fn notes() -> Answer<u32> {
    Answer::ok(1)
}

#[derive(OpenApi)]
#[openapi(paths(notes))]
struct NotesDocument;

fn notebook() -> Routes {
    Routes::new("notebook")
        .route(Route::get("/v1/notes", notes).allow(Policy::Public))
        .document::<NotesDocument>()
}

fn with_more() -> Routes {
    let more = async || Answer::ok(2);
    notebook().route(Route::get("/v1/notes/more", more).allow(Policy::Public).undocumented())
}

fn elsewhere(module: &'static str, address: impl ToString) -> Setting {
    Setting { remote: vec![(module, vec![address.to_string()])], ..Setting::default() }
}

async fn status(shop: &Shop, path: &str) -> u16 {
    shop.get(path).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn routes_are_learnt_when_their_module_comes_and_nobody_waits_for_it() {
    let process = Process::hosting(vec![notebook()]).await;
    let proxy = Proxy::to(process.address.to_string()).await;
    proxy.to_server(Flow::Swallow);
    let shop = Shop::start(elsewhere("notebook", proxy.address()));
    assert_eq!(status(&shop, "/v1/games").await, 200, "what is here is answered from the start");
    let response = shop.get("/v1/notes").send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    problem(response, Code::DependencyUnavailable).await;
    let may_come = shop.request("PATCH", "/v1/games").send().await.unwrap();
    problem(may_come, Code::DependencyUnavailable).await;
    assert!(shop.documents.now().is_empty());

    proxy.to_server(Flow::Pass);
    proxy.cut();
    eventually("the routes are learnt", LIMIT, async || status(&shop, "/v1/notes").await == 200)
        .await;
    problem(shop.get("/v1/nothing").send().await.unwrap(), Code::NotFound).await;
    let wrong = shop.request("PATCH", "/v1/notes").send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET, HEAD");
    problem(wrong, Code::MethodNotAllowed).await;
    let documents = shop.documents.now();
    assert_eq!((documents.len(), documents[0].module), (1, "notebook"));
    assert!(documents[0].openapi.paths.paths.contains_key("/v1/notes"));
}

#[tokio::test]
async fn what_was_learnt_is_kept_while_the_module_is_away() {
    let process = Process::hosting(vec![notebook()]).await;
    let proxy = Proxy::to(process.address.to_string()).await;
    let shop = Shop::open(elsewhere("notebook", proxy.address())).await;
    proxy.refuse();
    let away = async || status(&shop, "/v1/notes").await == 503;
    eventually("the module is away", LIMIT, away).await;
    assert_eq!(status(&shop, "/v1/nothing").await, 404, "the routes are known all the same");
    proxy.accept();
    eventually("it is back", LIMIT, async || status(&shop, "/v1/notes").await == 200).await;
}

#[tokio::test]
async fn a_table_is_swapped_while_requests_run() {
    let seen = Arc::<Seen>::default();
    let (old, new) = (vec![notebook()], vec![with_more()]);
    let toys = Process::hosting(vec![toys::routes(&seen)]).await;
    let before = Process::hosting(old).await;
    let address = before.address;
    let remote =
        vec![("toys", vec![toys.address.to_string()]), ("notebook", vec![address.to_string()])];
    let shop = Shop::open(Setting { remote, ..Setting::default() }).await;
    assert_eq!(status(&shop, "/v1/notes/more").await, 404);
    let known = shop.documents.now();

    let (asked, over) = (AtomicUsize::new(0), tokio_util::sync::CancellationToken::new());
    let asking = over.run_until_cancelled(async {
        loop {
            assert_eq!(status(&shop, "/v1/slow/5").await, 200);
            assert_eq!(status(&shop, "/v1/games").await, 200);
            asked.fetch_add(1, SeqCst);
        }
    });
    let replacing = async {
        before.kill().await;
        let after = Process::at(address, new, tokens("s")).await;
        eventually("the new route is known", LIMIT, async || {
            status(&shop, "/v1/notes/more").await == 200
        })
        .await;
        over.cancel();
        after
    };
    let (_, _after) = tokio::join!(asking, replacing);
    assert!(asked.load(SeqCst) > 0);
    assert!(!Arc::ptr_eq(&known, &shop.documents.now()), "the documents changed as well");
}

#[tokio::test]
async fn a_route_that_is_gone_is_noticed_at_once() {
    let before = Process::hosting(vec![with_more()]).await;
    let address = before.address;
    let shop = Shop::open(elsewhere("notebook", address)).await;
    assert_eq!(status(&shop, "/v1/notes/more").await, 200);
    before.kill().await;
    let _after = Process::at(address, vec![notebook()], tokens("s")).await;
    let response = shop.get("/v1/notes/more").send().await.unwrap();
    problem(response, Code::DependencyUnavailable).await;
    let soon = Duration::from_secs(2);
    eventually("it is known to be gone", soon, async || {
        status(&shop, "/v1/notes/more").await == 404
    })
    .await;
    assert_eq!(status(&shop, "/v1/notes").await, 200);
}

#[tokio::test]
async fn a_module_that_claims_what_another_has_is_not_taken_over() {
    let greedy = Routes::new("greedy")
        .route(Route::get("/v1/games", notes).allow(Policy::Public).undocumented())
        .route(Route::get("/v1/greedy", notes).allow(Policy::Public).undocumented());
    let (honest, greedy) =
        (Process::hosting(vec![notebook()]).await, Process::hosting(vec![greedy]).await);
    let remote = vec![
        ("notebook", vec![honest.address.to_string()]),
        ("greedy", vec![greedy.address.to_string()]),
    ];
    let shop = Shop::start(Setting { remote, ..Setting::default() });
    eventually("the other is known", LIMIT, async || status(&shop, "/v1/notes").await == 200).await;
    let games = shop.get("/v1/games").send().await.unwrap();
    assert_eq!(games.text().await.unwrap(), "\"here\"");
    assert_eq!(status(&shop, "/v1/greedy").await, 503);
}

#[tokio::test]
async fn a_table_that_makes_no_sense_harms_nobody() {
    let table = r#"{"operations":[{"method":"GET","pattern":"/{","policy":"public","body_limit":1,
        "idempotency_key":false,"documented":false}],"openapi":null}"#;
    let tables = [table.to_owned(), "[]".to_owned(), "{".to_owned(), "[".repeat(100_000)];
    for table in tables {
        let confused = Neighbour::telling(table, "", Then::Close).await;
        let honest = Process::hosting(vec![notebook()]).await;
        let remote = vec![
            ("toys", vec![confused.address.clone()]),
            ("notebook", vec![honest.address.to_string()]),
        ];
        let shop = Shop::start(Setting { remote, ..Setting::default() });
        eventually("the other is known", LIMIT, async || status(&shop, "/v1/notes").await == 200)
            .await;
        assert_eq!(status(&shop, "/v1/toys/7").await, 503);
    }
}

#[test]
fn a_module_has_one_place_and_somebody_must_be_able_to_ask_it() {
    let upstream = |module, addresses: &[&'static str]| Upstream {
        module,
        instances: discovery::Instances::fixed(addresses.iter().copied()),
    };
    let keys = Keys::from(Verifier::new(&Jwks::default(), "shop", "shop", Arc::new(SystemClock)));
    let needs = Needs {
        keys,
        routes: vec![games()],
        services: Vec::new(),
        remote: vec![
            upstream("games", &["a:1"]),
            upstream("toys", &["a:1"]),
            upstream("toys", &["b:1"]),
            upstream("notebook", &[]),
        ],
        client: None,
        documents: Documents::default(),
        cursors: Cursors::new(b"secret"),
        metrics: Metrics::new(Meters::default()),
        deadline: LIMIT,
        settings: Settings::default(),
    };
    let sentences = gateway::open(needs).err().expect("a refusal").to_string();
    for part in [
        "games lives here and elsewhere",
        "toys is named twice",
        "notebook lives elsewhere, but nowhere",
        "no client to ask them with",
    ] {
        assert!(sentences.contains(part), "{part} is missing from {sentences}");
    }
}
