//! Neighbours that are dead, silent, confused or gone in the middle: every request ends, and soon.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::Code;
use testkit::{Flow, Proxy, eventually};

use crate::{
    neighbour::{Neighbour, Then},
    split::{LIMIT, Process, Setting, Shop, tokens},
    toys::{self, MIB, Seen},
    world::problem,
};

fn toys_elsewhere(addresses: &[&str]) -> Setting {
    let addresses = addresses.iter().map(|address| (*address).to_owned()).collect();
    Setting { remote: vec![("toys", addresses)], ..Setting::default() }
}

/// Asks a gateway whose neighbour says `answer`, and expects the problem `code` well before the deadline.
async fn told(answer: &str, then: Then, code: Code) {
    let neighbour = Neighbour::saying(&toys::routes(&Arc::default()), answer, then).await;
    let shop = Shop::with_toys_at([&neighbour.address]).await;
    let started = Instant::now();
    let response = shop.get("/v1/toys/7").send().await.unwrap();
    if code == Code::DependencyUnavailable {
        assert_eq!(response.headers()["retry-after"], "1", "{answer:?}");
    }
    problem(response, code).await;
    assert!(started.elapsed() < LIMIT / 2, "{answer:?}");
}

#[tokio::test]
async fn a_neighbour_that_is_dead_is_unavailable_at_once() {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let shop = Shop::with_toys_at([process.address]).await;
    process.kill().await;
    let started = Instant::now();
    let response = shop.get("/v1/toys/7").send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    let body = problem(response, Code::DependencyUnavailable).await;
    assert_eq!(body["retryable"], true);
    assert!(!body.to_string().contains("127.0.0.1"), "addresses stay inside: {body}");
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(shop.get("/v1/games").send().await.unwrap().status(), 200, "what is here goes on");
}

#[tokio::test]
async fn a_neighbour_that_never_answers_is_given_up_at_the_deadline() {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let proxy = Proxy::to(process.address.to_string()).await;
    let deadline = Duration::from_millis(300);
    let setting = Setting { deadline, ..toys_elsewhere(&[&proxy.address()]) };
    let shop = Shop::open(setting).await;
    proxy.to_server(Flow::Swallow);
    for method in ["GET", "DELETE"] {
        let path = if method == "GET" { "/v1/toys/7" } else { "/v1/gone" };
        let started = Instant::now();
        let response = shop.request(method, path).send().await.unwrap();
        problem(response, Code::DeadlineExceeded).await;
        assert!((deadline..deadline * 4).contains(&started.elapsed()), "{:?}", started.elapsed());
    }
    let put = shop.request("PUT", "/v1/parcels").body(vec![0; MIB]).send().await.unwrap();
    problem(put, Code::DeadlineExceeded).await;
}

#[tokio::test]
async fn half_a_head_is_no_answer_in_time() {
    let half = "HTTP/1.1 200 OK\r\ncontent-le";
    let neighbour = Neighbour::saying(&toys::routes(&Arc::default()), half, Then::Silence).await;
    let deadline = Duration::from_millis(300);
    let shop = Shop::open(Setting { deadline, ..toys_elsewhere(&[&neighbour.address]) }).await;
    let response = shop.get("/v1/toys/7").send().await.unwrap();
    problem(response, Code::DeadlineExceeded).await;
}

#[tokio::test]
async fn what_is_no_answer_is_unavailable() {
    let no_answers = [
        "220 mail.example ESMTP\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "",
    ];
    for answer in no_answers {
        told(answer, Then::Close, Code::DependencyUnavailable).await;
    }
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "x-more: 1\r\n".repeat(200_000));
    told(&endless, Then::Close, Code::DependencyUnavailable).await;
}

#[tokio::test]
async fn a_failure_that_is_no_problem_becomes_one() {
    let text = "HTTP/1.1 500 Oh\r\nrialto-door: answered\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<p/>";
    told(text, Then::Close, Code::Internal).await;
    let busy = "HTTP/1.1 503 Busy\r\nrialto-door: answered\r\ncontent-length: 0\r\n\r\n";
    let neighbour = Neighbour::saying(&toys::routes(&Arc::default()), busy, Then::Next).await;
    let shop = Shop::with_toys_at([&neighbour.address]).await;
    problem(shop.get("/v1/toys/7").send().await.unwrap(), Code::DependencyUnavailable).await;
}

#[tokio::test]
async fn an_answer_of_somebody_who_is_none_of_ours_is_no_answer() {
    for stranger in [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 302 Found\r\nlocation: https://elsewhere.example\r\ncontent-length: 0\r\n\r\n",
    ] {
        let toys = toys::routes(&Arc::default());
        let neighbour = Neighbour::saying(&toys, stranger, Then::Next).await;
        let shop = Shop::with_toys_at([&neighbour.address]).await;
        let answer = shop.get("/v1/toys/7").send().await.unwrap();
        problem(answer, Code::DependencyUnavailable).await;
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_complete() {
    let halves = [
        "HTTP/1.1 200 OK\r\nrialto-door: answered\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nrialto-door: answered\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ];
    for half in halves {
        let neighbour = Neighbour::saying(&toys::routes(&Arc::default()), half, Then::Close).await;
        let shop = Shop::with_toys_at([&neighbour.address]).await;
        match shop.get("/v1/toys/7").send().await {
            Ok(response) => drop(response.bytes().await.expect_err(half)),
            Err(broken) => assert!(broken.is_request(), "{broken:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_stands_still_is_cut() {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let deadline = Duration::from_millis(300);
    let setting = Setting { deadline, ..toys_elsewhere(&[&process.address.to_string()]) };
    let shop = Shop::open(setting).await;
    let started = Instant::now();
    let mut response = shop.get("/v1/half").send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "half");
    assert!(response.chunk().await.is_err(), "an answer that was cut looks complete");
    assert!(started.elapsed() < LIMIT / 2);
}

#[tokio::test]
async fn of_two_instances_one_may_be_dead() {
    let seen = Arc::<Seen>::default();
    let alive = Process::hosting(vec![toys::routes(&seen)]).await;
    let dead = Process::hosting(vec![toys::routes(&seen)]).await;
    let shop = Shop::with_toys_at([alive.address, dead.address]).await;
    dead.kill().await;
    let small = || shop.request("PUT", "/v1/parcels").body("hello");
    let large = || shop.request("PUT", "/v1/parcels").body(vec![0; MIB]);
    for _ in 0..10 {
        assert_eq!(shop.get("/v1/toys/7").send().await.unwrap().status(), 200);
        assert_eq!(small().send().await.unwrap().text().await.unwrap(), "5");
        assert_eq!(large().send().await.unwrap().text().await.unwrap(), MIB.to_string());
    }
}

#[tokio::test]
async fn a_question_that_broke_off_is_asked_elsewhere_and_nothing_else_is_asked_twice() {
    let seen = Arc::<Seen>::default();
    let routes = toys::routes(&seen);
    let breaking = Neighbour::saying(&routes, "", Then::Close).await;
    let heads = || breaking.heads.lock().unwrap().len();
    let alone = Shop::with_toys_at([&breaking.address]).await;
    let post = alone.request("PUT", "/v1/parcels").body("hello").send().await.unwrap();
    problem(post, Code::DependencyUnavailable).await;
    assert_eq!(heads(), 1, "a command is sent once");
    let get = alone.get("/v1/toys/7").send().await.unwrap();
    problem(get, Code::DependencyUnavailable).await;
    assert_eq!(heads(), 3, "a question is asked once more");

    let process = Process::hosting(vec![routes]).await;
    let shop = Shop::with_toys_at([breaking.address.clone(), process.address.to_string()]).await;
    for _ in 0..20 {
        assert_eq!(shop.get("/v1/toys/7").send().await.unwrap().status(), 200);
    }
    assert!(heads() > 3, "the one that breaks off was asked as well");
}

#[tokio::test]
async fn a_neighbour_that_comes_back_answers_again() {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let proxy = Proxy::to(process.address.to_string()).await;
    let shop = Shop::with_toys_at([proxy.address()]).await;
    let status = async || shop.get("/v1/toys/7").send().await.unwrap().status().as_u16();
    assert_eq!(status().await, 200);
    proxy.refuse();
    eventually("it is unavailable", LIMIT, async || status().await == 503).await;
    proxy.accept();
    eventually("it is available", LIMIT, async || status().await == 200).await;
}

#[tokio::test]
async fn a_deployment_of_two_secrets_is_our_failure_and_not_the_clients() {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let address = process.address;
    let shop = Shop::with_toys_at([address]).await;
    process.kill().await;
    let _other = Process::at(address, vec![toys::routes(&Arc::default())], tokens("x")).await;
    let response = shop.get("/v1/toys/7").bearer_auth(shop.token(&[])).send().await.unwrap();
    assert!(!response.headers().contains_key("www-authenticate"));
    problem(response, Code::DependencyUnavailable).await;
}
