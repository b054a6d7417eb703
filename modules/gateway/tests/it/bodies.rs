//! Bodies in both directions: nothing is collected, nothing is cut, nothing looks complete that is not.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use kernel::Code;
use reqwest::Body;
use testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    neighbour::{Neighbour, Then},
    split::{LIMIT, Process, Setting, Shop},
    toys::{self, MIB, Seen},
    world::{problem, raw},
};

async fn shop() -> (Shop, Process, Arc<Seen>) {
    let seen = Arc::<Seen>::default();
    let process = Process::hosting(vec![toys::routes(&seen)]).await;
    (Shop::with_toys_at([process.address]).await, process, seen)
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

/// A body of `mib` mebibytes that is made while it is sent; notes the most that was in memory meanwhile.
fn heavy(mib: usize, most: Arc<std::sync::Mutex<usize>>) -> Body {
    let piece = Bytes::from(vec![7; MIB / 16]);
    let pieces = stream::iter(0..mib * 16).map(move |index| {
        if index % 16 == 0 {
            let mut most = most.lock().unwrap();
            *most = resident().max(*most);
        }
        Ok::<_, Infallible>(piece.clone())
    });
    Body::wrap_stream(pieces)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes_pass_in_both_directions_and_none_of_them_stays() {
    let (shop, _process, seen) = shop().await;
    shop.request("PUT", "/v1/parcels").body(vec![0; 2 * MIB]).send().await.unwrap();
    shop.get("/v1/parcels/2").send().await.unwrap().bytes().await.unwrap();
    let (before, most) = (resident(), Arc::<std::sync::Mutex<usize>>::default());

    let up =
        shop.request("PUT", "/v1/parcels").body(heavy(100, most.clone())).send().await.unwrap();
    assert_eq!((up.status().as_u16(), up.text().await.unwrap()), (200, (100 * MIB).to_string()));
    assert_eq!(Seen::count(&seen.complete), 2);
    for path in ["/v1/parcels/100", "/v1/boxes/100"] {
        let mut down = shop.get(path).send().await.unwrap();
        let mut length = 0;
        while let Some(piece) = down.chunk().await.unwrap() {
            length += piece.len();
            if length % MIB < piece.len() {
                let mut most = most.lock().unwrap();
                *most = resident().max(*most);
            }
        }
        assert_eq!(length, 100 * MIB);
    }
    let grown = most.lock().unwrap().saturating_sub(before);
    assert!(grown < 8 * MIB, "client, gateway and module together grew by {grown} bytes");
}

#[tokio::test]
async fn a_length_is_said_where_it_is_known_and_only_there() {
    let routes = toys::routes(&Arc::default());
    let neighbour =
        Neighbour::saying(&routes, "HTTP/1.1 204 No Content\r\n\r\n", Then::Close).await;
    let shop = Shop::with_toys_at([&neighbour.address]).await;
    let send = |head: &str| {
        let request =
            format!("PUT /v1/parcels HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{head}");
        async move { raw(shop.address, &request).await }
    };
    send("content-length: 5\r\n\r\nhello").await;
    send("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await;
    send("\r\n").await;
    let heads = neighbour.heads.lock().unwrap().clone();
    let says = |index: usize, text: &str| heads[index].to_lowercase().contains(text);
    assert!(says(0, "content-length: 5\r\n") && !says(0, "transfer-encoding"), "{heads:?}");
    assert!(says(1, "transfer-encoding: chunked\r\n") && !says(1, "content-length"), "{heads:?}");
    assert!(!says(2, "transfer-encoding"), "{heads:?}");
}

#[tokio::test]
async fn an_old_client_reads_a_body_of_unknown_length_to_the_end_of_the_connection() {
    let (shop, _process, _) = shop().await;
    let answer = raw(shop.address, "GET /v1/parcels/1 HTTP/1.0\r\nhost: shop\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
    assert_eq!(body.len(), MIB);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_while_it_comes() {
    let (shop, _process, seen) = shop().await;
    let announced = shop.request("PUT", "/v1/letters").body(vec![0; MIB + 1]).send().await.unwrap();
    problem(announced, Code::PayloadTooLarge).await;
    let most = Arc::default();
    let streamed = shop.request("PUT", "/v1/letters").body(heavy(20, most)).send().await;
    if let Ok(answer) = streamed {
        problem(answer, Code::PayloadTooLarge).await;
    }
    let broken = async || Seen::count(&seen.broken) == 1;
    eventually("the module knows that the body broke off", LIMIT, broken).await;
    assert_eq!(Seen::count(&seen.complete), 0);
    let fits = shop.request("PUT", "/v1/letters").body(vec![0; MIB]).send().await.unwrap();
    assert_eq!(fits.text().await.unwrap(), MIB.to_string());
}

#[tokio::test]
async fn a_client_that_sends_a_chunk_too_many_is_told_while_it_could_go_on() {
    let (shop, _process, _) = shop().await;
    let chunk = format!("{:x}\r\n{}\r\n", MIB / 2 + 1, " ".repeat(MIB / 2 + 1));
    let head = "PUT /v1/letters HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    stream.write_all(format!("{head}{chunk}{chunk}").as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    tokio::time::timeout(LIMIT, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn events_arrive_one_by_one_for_longer_than_any_deadline() {
    let seen = Arc::<Seen>::default();
    let process = Process::hosting(vec![toys::routes(&seen)]).await;
    let remote = vec![("toys", vec![process.address.to_string()])];
    let deadline = Duration::from_millis(300);
    let shop = Shop::open(Setting { remote, deadline, ..Setting::default() }).await;
    let teller = seen.tell();
    let mut news = shop.get("/v1/news").send().await.unwrap();
    assert_eq!(news.headers()["content-type"], "text/event-stream");
    let started = std::time::Instant::now();
    for count in 0.. {
        teller.send(format!("event {count}")).await.unwrap();
        let event = tokio::time::timeout(LIMIT, news.chunk()).await.unwrap().unwrap().unwrap();
        assert_eq!(event, format!("data: event {count}\n\n"), "an event waits for no other");
        if started.elapsed() > 3 * deadline {
            break;
        }
        tokio::time::sleep(deadline + Duration::from_millis(50)).await;
    }
    drop(teller);
    assert_eq!(news.chunk().await.unwrap(), None, "the end arrives as well");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_request_in_the_module() {
    let (shop, _process, seen) = shop().await;
    let gone = async |count| {
        let gone = async || Seen::count(&seen.abandoned) == count;
        eventually("the handler is dropped", LIMIT, gone).await;
    };
    let _teller = seen.tell();
    let news = shop.get("/v1/news").send().await.unwrap();
    drop(news);
    gone(1).await;
    let request = shop.get("/v1/endless").timeout(Duration::from_millis(300)).send().await;
    assert!(request.unwrap_err().is_timeout());
    gone(2).await;
}

#[tokio::test]
async fn a_body_that_the_client_does_not_finish_never_looks_complete() {
    let (shop, _process, seen) = shop().await;
    for head in
        ["transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "content-length: 100000\r\n\r\nhello"]
    {
        let mut stream = TcpStream::connect(shop.address).await.unwrap();
        let request = format!("PUT /v1/parcels HTTP/1.1\r\nhost: shop\r\n{head}");
        let (asked, before) = (Seen::count(&seen.requests), Seen::count(&seen.broken));
        stream.write_all(request.as_bytes()).await.unwrap();
        let on_its_way = async || Seen::count(&seen.requests) > asked;
        eventually("it is on its way", LIMIT, on_its_way).await;
        drop(stream);
        let broken = async || Seen::count(&seen.broken) > before;
        eventually("the module knows that the body broke off", LIMIT, broken).await;
    }
    assert_eq!(Seen::count(&seen.complete), 0);
}

#[tokio::test]
async fn both_directions_flow_at_once() {
    let (shop, _process, _) = shop().await;
    let (sender, pieces) = tokio::sync::mpsc::channel::<Bytes>(1);
    let pieces = stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.recv().await?;
        Some((Ok::<_, Infallible>(piece), pieces))
    });
    let request = shop.request("PUT", "/v1/mirror").body(Body::wrap_stream(pieces));
    let answer = tokio::spawn(request.send());
    sender.send(Bytes::from_static(b"zero")).await.unwrap();
    let mut answer = answer.await.unwrap().unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "zero");
    for count in 0..10 {
        sender.send(Bytes::from(format!("piece {count}"))).await.unwrap();
        let piece = tokio::time::timeout(LIMIT, answer.chunk()).await.unwrap().unwrap().unwrap();
        assert_eq!(piece, format!("piece {count}"));
    }
    drop(sender);
    assert_eq!(answer.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn an_upload_does_not_wait_for_a_client_that_reads_the_answer_later() {
    let (shop, _process, _) = shop().await;
    let mib = 1; // more than the buffers of one connection, less than those of all on the way
    let head = format!(
        "PUT /v1/mirror HTTP/1.1\r\nhost: shop\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        mib * MIB
    );
    let mut stream = TcpStream::connect(shop.address).await.unwrap();
    let sent = Arc::<AtomicBool>::default();
    stream.write_all(head.as_bytes()).await.unwrap();
    let body = vec![b'x'; mib * MIB];
    tokio::time::timeout(LIMIT, stream.write_all(&body)).await.expect("all is taken").unwrap();
    sent.store(true, SeqCst);
    let mut answer = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.len() > mib * MIB);
}
