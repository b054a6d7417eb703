//! What no client should send: requests that two readers could read in two ways.
//!
//! Each is refused, and a second request that hides in it is never answered. Sources: RFC 9110, RFC 9112 (sections 2.2, 3.2, 5, 6 and 11.2), and what is known of request
//! smuggling: CL.TE, TE.CL, TE.TE, CL.CL, obfuscated names, bare line feeds.

use std::{net::SocketAddr, time::Duration};

use futures::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::World;

/// What hides in the body of another request: it would be answered with 200 and `hidden`.
const HIDDEN: &str = "GET /v1/echo?hidden HTTP/1.1\r\nhost: shop\r\nx-hidden: yes\r\n\r\n";

/// A head with these header lines, for a request that is allowed to have a body.
fn post(lines: &str, body: &str) -> String {
    format!(
        "POST /v1/plain HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n{lines}\r\n{body}"
    )
}

/// A request for `target`.
fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n")
}

/// A request with these header lines.
fn with(lines: &str) -> String {
    format!("GET /v1/echo HTTP/1.1\r\n{lines}connection: close\r\n\r\n")
}

/// How long a body is: said twice, wrongly, or not at all.
fn framing() -> Vec<String> {
    let both = |coding: &str| {
        post(&format!("content-length: 4\r\n{coding}\r\n"), &format!("0\r\n\r\n{HIDDEN}"))
    };
    let length =
        |value: &str| post(&format!("content-length: {value}\r\n"), &format!("{{}}{HIDDEN}"));
    let coding =
        |value: &str| post(&format!("transfer-encoding: {value}\r\n"), "2\r\n{}\r\n0\r\n\r\n");
    let chunks = |body: &str| post("transfer-encoding: chunked\r\n", body);
    let mut all = vec![
        both("transfer-encoding: chunked"),
        both("Transfer-Encoding: Chunked"),
        both("transfer-encoding: identity\r\ntransfer-encoding: chunked"),
        both("transfer-encoding:\tchunked"),
        both("transfer-encoding : chunked"),
        both("transfer-encoding\t: chunked"),
        both(" transfer-encoding: chunked"),
        both("x: y\r\n transfer-encoding: chunked"),
        both("transfer-encoding:\r\n chunked"),
        both("transfer-encoding: chunked, identity"),
        both("transfer-encoding: xchunked"),
        both("transfer-encoding: \"chunked\""),
        both("transfer-encoding: chunked\x0b"),
        both("transfer-encoding: \x00chunked"),
        both("transfer\x00-encoding: chunked"),
        length("2, 2"),
        length("2,3"),
        length("2 3"),
        length("+2"),
        length("-2"),
        length("0x2"),
        length("2.0"),
        length("2e0"),
        length("2;"),
        length("\"2\""),
        length("٢"),
        length("18446744073709551618"),
        length("99999999999999999999999999"),
        length(""),
        length("two"),
        length("2\r\ncontent-length: 3"),
        length("3\r\ncontent-length: 2"),
        length("0\r\nContent-Length: 2"),
        coding("gzip"),
        coding("gzip, chunked"),
        coding("identity"),
        coding("chunked, chunked"),
        coding("chunked\r\ntransfer-encoding: chunked"),
        coding("chunked\r\ntransfer-encoding: identity"),
        coding(""),
        chunks("2\r\n{}x\r\n0\r\n\r\n"),
        chunks("3\r\n{}\r\n0\r\n\r\n"),
        chunks("-2\r\n{}\r\n0\r\n\r\n"),
        chunks("+2\r\n{}\r\n0\r\n\r\n"),
        chunks("0x2\r\n{}\r\n0\r\n\r\n"),
        chunks("2 \n{}\r\n0\r\n\r\n"),
        chunks("\r\n{}\r\n0\r\n\r\n"),
        chunks("g\r\n{}\r\n0\r\n\r\n"),
        chunks("10000000000000002\r\n{}\r\n0\r\n\r\n"),
        chunks("ffffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        chunks("2\n{}\n0\n\n"),
        chunks("2\r{}\r0\r\r"),
    ];
    let old = post("transfer-encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n");
    all.push(old.replace("HTTP/1.1", "HTTP/1.0"));
    all
}

/// What is asked for.
fn lines() -> Vec<String> {
    let first = |line: &str| format!("{line}\r\nhost: shop\r\nconnection: close\r\n\r\n");
    [
        "GET  /v1/echo HTTP/1.1",
        "GET /v1/echo  HTTP/1.1",
        "GET\t/v1/echo\tHTTP/1.1",
        " GET /v1/echo HTTP/1.1",
        "GET /v1/echo HTTP/1.1 ",
        "GET /v1/echo",
        "GET /v1/echo HTTP/1.2",
        "GET /v1/echo HTTP/2.0",
        "GET /v1/echo HTTP/0.9",
        "GET /v1/echo HTTP/1.",
        "GET /v1/echo HTTP/11",
        "GET /v1/echo http/1.1",
        "GET /v1/echo HTCPCP/1.1",
        "GET /v1/e cho HTTP/1.1",
        "GET /v1/echo\x00 HTTP/1.1",
        "GET /v1/echo\x7f HTTP/1.1",
        "GET v1/echo HTTP/1.1",
        "GET \\v1\\echo HTTP/1.1",
        "GET * HTTP/1.1",
        "GET  HTTP/1.1",
        "G\x00T /v1/echo HTTP/1.1",
        "G(T /v1/echo HTTP/1.1",
        "{} /v1/echo HTTP/1.1",
        "CONNECT shop:443 HTTP/1.1",
        "TRACE /v1/echo HTTP/1.1",
        "GET http://other/v1/echo HTTP/1.1",
        "GET http://shop@other/v1/echo HTTP/1.1",
        "GET http:///v1/echo HTTP/1.1",
        "PRI * HTTP/2.0",
    ]
    .map(first)
    .into()
}

/// Ways to write a path that somebody would read as `/v1/echo`, or as something above it.
fn paths() -> Vec<String> {
    [
        "//v1/echo",
        "/v1//echo",
        "/v1/echo//",
        "/./v1/echo",
        "/v1/./echo",
        "/v1/../v1/echo",
        "/v1/toys/../echo",
        "/v1/toys/..;/echo",
        "/v1/toys/..;a=b/echo",
        "/v1/toys/.;/../echo",
        "/v1/toys/%2e%2e/echo",
        "/v1/toys/%2E%2e/echo",
        "/v1/toys/.%2e/echo",
        "/v1/toys/%2e./echo",
        "/v1/toys/%252e%252e/echo",
        "/v1/toys/..%2fecho",
        "/v1/toys/..%5cecho",
        "/v1/toys/..\\echo",
        "/v1%2fecho",
        "/v1%2Fecho",
        "/v1%5cecho",
        "/v1%252fecho",
        "/v1/echo%00",
        "/v1/echo%00.json",
        "/v1/echo%0d%0ax:y",
        "/v1/echo%0a",
        "/v1/echo%",
        "/v1/echo%2",
        "/v1/echo%zz",
        "/v1/echo%u002f",
        "/v1/%c0%ae%c0%ae/echo",
        "/v1/%e0%80%af/echo",
        "/v1/%ff",
        "/V1/echo",
        "/v1/Echo",
        "/v1/echo/",
        "/v1/echo;x",
        "/v1/echo%20",
        "/v1/echo.",
        "/%76%31/%65cho/..",
    ]
    .map(get)
    .into()
}

/// Header lines that are none, or that say two things.
fn headers() -> Vec<String> {
    let many = |count: usize| (0..count).map(|it| format!("x-{it}: y\r\n")).collect::<String>();
    vec![
        with(""),
        with("host: shop\r\nhost: other\r\n"),
        with("host: shop\r\nHost: shop\r\n"),
        with("host: shop, other\r\n"),
        with("host: shop other\r\n"),
        with("host: shop/v1\r\n"),
        with("host: user@shop\r\n"),
        with("host: shop:port\r\n"),
        with("host shop\r\n"),
        with("host: shop\r\nx y: z\r\n"),
        with("host: shop\r\nx\x00: z\r\n"),
        with("host: shop\r\nx: a\x00b\r\n"),
        with("host: shop\r\nx: a\rb\r\n"),
        with("host: shop\r\n: z\r\n"),
        with("host: shop\r\nx\r\n"),
        with("host: shop\r\nx : z\r\n"),
        with("host: shop\r\nx: y\r\n folded\r\n"),
        with("host: shop\r\nx: y\r\n\tfolded\r\n"),
        with(" host: shop\r\n"),
        with("host: shop\r\n(x): y\r\n"),
        with("host: shop\r\nx{}: y\r\n"),
        with(&format!("host: shop\r\n{}", many(200))),
        with(&format!("host: shop\r\nx: {}\r\n", "y".repeat(70_000))),
        get(&format!("/v1/echo?{}", "x".repeat(70_000))),
    ]
}

struct Reply {
    status: Option<u16>,
    text: String,
}

/// Sends `request` and the end of what is to be said, and reads until the server closes.
async fn send(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever refuses the head may close before all of it was taken.
    let sent = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..read]);
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(ended.is_ok(), "nobody ends it ({sent:?}): {request:?} got {text:?}");
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    Reply { status, text }
}

/// What is wrong with the answer to `request`, if anything is.
async fn judged(address: SocketAddr, request: String) -> Option<String> {
    let Reply { status, text } = send(address, &request).await;
    let refused = status.is_none_or(|status| (400..600).contains(&status) && status != 500);
    let hidden = text.contains("hidden");
    (!refused || hidden).then(|| format!("{request:.300?}\n    got {text:.300?}"))
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_reaches_nobody() {
    let world = World::open().await;
    let corpus: Vec<String> = [framing(), lines(), paths(), headers()].concat();
    assert!(corpus.len() >= 100, "{} requests", corpus.len());
    let wrong: Vec<String> = stream::iter(corpus)
        .map(|request| judged(world.address, request))
        .buffer_unordered(32)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} were answered:\n{}", wrong.len(), wrong.join("\n"));
}
