//! Requests that are no calls: what messaging pushes, and what the gateway forwards piece by piece.

use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use bytes::Bytes;
use discovery::{Instance, Instances};
use futures::{StreamExt, channel::mpsc, stream};
use http::{Request, header::HOST};
use ports::Unreachable;
use testkit::Proxy;
use tokio::net::TcpListener;
use wire::http::{Body, BoxError, Client, ForwardError, Options};

use crate::{
    http::client,
    support::{PATIENCE, tokens},
};

/// A process that says back what it hears, as it hears it, and tells who asked; or hears a word out and
/// spells it.
fn parrot() -> String {
    let echo = |request: HttpRequest, body: web::Payload| async move {
        let header = |name| request.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
        HttpResponse::Ok()
            .insert_header(("x-host", header("host").unwrap_or_default()))
            .insert_header(("x-authorization", header("authorization").unwrap_or_default()))
            .streaming(body)
    };
    let spell = |word: String| async move {
        let letters: Vec<_> =
            word.chars().map(|it| Ok::<Bytes, actix_web::Error>(it.to_string().into())).collect();
        HttpResponse::Ok().streaming(stream::iter(letters))
    };
    let app = move || {
        let app = App::new().route("/echo", web::post().to(echo));
        app.route("/spell", web::post().to(spell))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0].to_string();
    tokio::spawn(server.run());
    address
}

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

fn instance(address: &str) -> Instance {
    Instances::fixed([address]).now()[0].clone()
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

fn words(text: &'static str) -> Request<Bytes> {
    Request::post("/echo").body(Bytes::from_static(text.as_bytes())).unwrap()
}

#[tokio::test]
async fn an_exchange_brings_back_the_whole_answer_of_one_instance() {
    let address = parrot();
    let some = Instances::fixed([nobody().await, address.clone()]);
    for _ in 0..10 {
        let answer = client().exchange(&some, words("hello"), soon()).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, &b"hello"[..]));
        assert_eq!(answer.headers()["x-host"], address);
    }
    let answer = client().exchange_at(&instance(&address), words("you"), soon()).await.unwrap();
    assert_eq!(answer.body().as_ref(), b"you");
    let lost = client().exchange_at(&instance(&nobody().await), words("you"), soon()).await;
    assert!(matches!(lost, Err(Unreachable::NotTaken(_))), "{lost:?}");
}

#[tokio::test]
async fn a_process_asks_in_its_own_name() {
    let client = client();
    let mut request = words("hello");
    request.headers_mut().insert("authorization", client.authorization("orders"));
    let answer = client.exchange_at(&instance(&parrot()), request, soon()).await.unwrap();
    let shown = answer.headers()["x-authorization"].to_str().unwrap();
    let insider = tokens().verify(shown.strip_prefix("Bearer ").unwrap(), "orders").unwrap();
    assert_eq!(&*insider.caller, "shop");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let limited = Client::new("shop", tokens(), Options { body_limit: 4, ..Options::default() });
    let answer = limited.exchange_at(&instance(&parrot()), words("hello"), soon()).await;
    assert!(matches!(answer, Err(Unreachable::Broken(_))), "{answer:?}");
}

#[tokio::test]
async fn what_is_forwarded_streams_both_ways_at_once() {
    let (mut say, pieces) = mpsc::channel::<Result<Bytes, BoxError>>(1);
    let mut request = Request::post("/echo").body(Body::stream(pieces)).unwrap();
    request.headers_mut().insert(HOST, "shop.example".parse().unwrap());
    let answer = client().forward(&instance(&parrot()), request, soon()).await.unwrap();
    assert_eq!(answer.headers()["x-host"], "shop.example", "the client's own host is kept");
    let mut heard = Box::pin(answer.into_body().into_stream());
    for piece in ["one", "two", "three"] {
        say.try_send(Ok(piece.into())).unwrap();
        let heard = tokio::time::timeout(PATIENCE, heard.next()).await.unwrap();
        assert_eq!(heard.unwrap().unwrap(), piece);
    }
    drop(say);
    assert!(heard.next().await.is_none());
}

#[tokio::test]
async fn a_connection_is_used_again_when_its_answer_was_read_to_the_end_and_not_before() {
    let proxy = Proxy::to(parrot()).await;
    let (client, there) = (client(), instance(&proxy.address()));
    let spell = |word: &'static [u8]| Request::post("/spell").body(Bytes::from(word)).unwrap();
    for _ in 0..5 {
        let answer = client.forward(&there, spell(b"rialto").map(Body::from), soon()).await;
        let spelt: Vec<_> = answer.unwrap().into_body().into_stream().collect().await;
        assert_eq!(spelt.into_iter().map(Result::unwrap).collect::<Vec<_>>().concat(), b"rialto");
    }
    assert_eq!(proxy.connections(), 1);
    let unread = client.forward(&there, spell(b"unread").map(Body::from), soon()).await.unwrap();
    client.exchange_at(&there, spell(b"meanwhile"), soon()).await.unwrap();
    assert_eq!(proxy.connections(), 2);
    drop(unread);
    client.exchange_at(&there, spell(b"afterwards"), soon()).await.unwrap();
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_heard_on_the_other_side() {
    let proxy = Proxy::to(parrot()).await;
    let (mut say, pieces) = mpsc::channel::<Result<Bytes, BoxError>>(1);
    let request = Request::post("/echo").body(Body::stream(pieces)).unwrap();
    let answer = client().forward(&instance(&proxy.address()), request, soon()).await.unwrap();
    let mut heard = Box::pin(answer.into_body().into_stream());
    say.try_send(Ok("one".into())).unwrap();
    assert_eq!(heard.next().await.unwrap().unwrap(), "one");
    proxy.cut();
    let end = tokio::time::timeout(PATIENCE, heard.next()).await.unwrap();
    assert!(end.unwrap().is_err(), "an end that looks like a whole answer");
}

#[tokio::test]
async fn a_refused_request_comes_back_for_another_instance() {
    let pieces = stream::iter([Ok::<_, BoxError>(Bytes::from_static(b"hello"))]);
    let request = Request::post("/echo").body(Body::stream(pieces)).unwrap();
    let refused = client().forward(&instance(&nobody().await), request, soon()).await;
    let Err(ForwardError::Refused { request, .. }) = refused else { panic!("{refused:?}") };
    let answer = client().forward(&instance(&parrot()), *request, soon()).await.unwrap();
    let heard: Vec<_> = answer.into_body().into_stream().collect().await;
    assert_eq!(heard.into_iter().map(Result::unwrap).collect::<Vec<_>>().concat(), b"hello");

    let some = Instances::fixed([nobody().await, parrot(), nobody().await]);
    for _ in 0..5 {
        let request = words("any").map(Body::from);
        assert_eq!(client().forward_any(&some, request, soon()).await.unwrap().status(), 200);
    }
    let none = Instances::fixed([nobody().await, nobody().await]);
    let refused = client().forward_any(&none, words("any").map(Body::from), soon()).await;
    assert!(matches!(refused, Err(ForwardError::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_head_of_an_answer_is_not_waited_for_beyond_its_deadline() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = instance(&mute.local_addr().unwrap().to_string());
    let deadline = Instant::now() + Duration::from_millis(100);
    let late = client().forward(&mute, words("hello").map(Body::from), deadline).await;
    assert!(matches!(late, Err(ForwardError::DeadlineExceeded)), "{late:?}");
    let never = Instances::fixed([&*mute.address]);
    let late = client().forward_any(&never, words("hello").map(Body::from), deadline).await;
    assert!(matches!(late, Err(ForwardError::DeadlineExceeded)), "{late:?}");
}
