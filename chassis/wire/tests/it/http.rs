//! Calls over HTTP between processes that behave.

use std::{sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle};
use discovery::Instances;
use futures::future::join_all;
use identity::InternalTokens;
use ports::{Context, Kind, Transport, Unreachable};
use testkit::Proxy;
use wire::http::{Calls, Client, Options};

use crate::support::{
    Clerk, Desk, Error, PATIENCE, RemoteDesk, Unguarded, asked, lost, no_reply, raw, skeleton,
    tokens, tokens_of,
};

/// A process that serves the port.
pub struct Process {
    pub address: String,
    pub clerk: Arc<Clerk>,
    pub calls: Calls,
    pub server: ServerHandle,
}

impl Process {
    pub fn start() -> Self {
        Self::start_with(&Options::default())
    }

    fn start_with(options: &Options) -> Self {
        let clerk = Arc::new(Clerk::default());
        let wires = vec![("desk", skeleton(&clerk)), ("bare", Arc::new(Unguarded) as _)];
        let calls = wire::http::calls(wires, tokens(), options);
        let mounted = calls.clone();
        let app = move || App::new().configure(|app| mounted.configure(app));
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0].to_string();
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, clerk, calls, server: handle }
    }

    fn desk(&self) -> Arc<dyn Desk> {
        desk_at([self.address.as_str()])
    }
}

pub fn client() -> Client {
    client_with(tokens())
}

fn client_with(tokens: InternalTokens) -> Client {
    Client::new("shop", tokens, Options::default())
}

pub fn wire_to(address: &str, module: &'static str) -> Arc<dyn Transport> {
    client().dial("carts", module, Instances::fixed([address]))
}

pub fn desk_at<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Arc<dyn Desk> {
    RemoteDesk::over(client().dial("carts", "desk", Instances::fixed(addresses)))
}

#[tokio::test]
async fn a_reply_and_a_refusal_come_back_as_the_port_gave_them() {
    let process = Process::start();
    let desk = process.desk();
    assert_eq!(asked(desk.echo("good day".into())).await, Ok("good day".into()));
    assert_eq!(asked(desk.echo("rude".into())).await, Err(Error::Rude("rude".into())));
    assert_eq!(asked(desk.book(7)).await, Ok(7));
}

#[tokio::test]
async fn what_travels_beside_the_request_arrives() {
    let process = Process::start();
    let mut context = Context::begin("carts", Duration::from_secs(3));
    context.idempotency_key = Some("Schlüssel 1".into());
    context.clone().scope(process.desk().book(1)).await.unwrap();
    let seen = process.clerk.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.trace.trace_id, context.trace.trace_id);
    assert_ne!(seen.trace.span_id, context.trace.span_id);
    assert_eq!(seen.idempotency_key, context.idempotency_key);
    assert_eq!(seen.caller, "desk", "inside, the module itself is at work");
    let late = seen.deadline.saturating_duration_since(context.deadline);
    let early = context.deadline.saturating_duration_since(seen.deadline);
    assert!(late + early < Duration::from_millis(500), "{late:?} late, {early:?} early");
}

#[tokio::test]
async fn the_skeleton_hears_who_calls_and_whether_it_is_a_query() {
    let seen = Arc::<Overheard>::default();
    let calls = wire::http::calls(vec![("desk", seen.clone() as _)], tokens(), &Options::default());
    let app = move || App::new().configure(|app| calls.configure(app));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0].to_string();
    tokio::spawn(server.run());
    let desk = desk_at([address.as_str()]);
    asked(desk.echo(String::new())).await.unwrap_err();
    asked(desk.book(1)).await.unwrap_err();
    let seen = seen.0.lock().unwrap();
    let heard: Vec<_> = seen.iter().map(|it| (&*it.method, it.kind, &*it.headers.caller)).collect();
    assert_eq!(heard, [("echo", Kind::Query, "carts"), ("book", Kind::Command, "carts")]);
}

/// Keeps calls and answers none.
#[derive(Default)]
struct Overheard(std::sync::Mutex<Vec<ports::Call>>);

#[ports::async_trait]
impl Transport for Overheard {
    async fn call(&self, call: ports::Call) -> Result<ports::Reply, Unreachable> {
        self.0.lock().unwrap().push(call);
        Err(Unreachable::Broken("overheard".into()))
    }
}

#[tokio::test]
async fn a_caller_of_another_deployment_is_not_believed() {
    let process = Process::start();
    let stranger = client_with(tokens_of("a secret of some other deployment"));
    let wire = stranger.dial("carts", "desk", Instances::fixed([process.address.as_str()]));
    let text = no_reply(RemoteDesk::over(wire).book(1)).await;
    assert!(text.contains("does not believe the internal token"), "{text}");
    assert_eq!(process.clerk.calls(), 0);
}

#[tokio::test]
async fn nothing_is_answered_without_a_token_or_with_one_for_somebody_else() {
    let process = Process::start();
    let url = |path| format!("http://{}/calls/{path}", process.address);
    let web = reqwest::Client::new();
    let call = |path, token: Option<String>| {
        let mut request = web.post(url(path)).header("grpc-timeout", "5S").body("1");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        async { request.send().await.unwrap().status().as_u16() }
    };
    let token = |audience| format!("Bearer {}", tokens().sign("carts", audience));
    assert_eq!(call("desk/book", Some(token("desk"))).await, 200, "the control");
    assert_eq!(call("desk/book", None).await, 401);
    assert_eq!(call("desk/book", Some(token("orders"))).await, 401);
    assert_eq!(call("desk/book", Some("Bearer e30.e30.e30".into())).await, 401);
    assert_eq!(call("desk/book", Some(format!("Basic {}", token("desk")))).await, 401);
    assert_eq!(call("safe/book", None).await, 401, "nobody may find out what lives here");
    assert_eq!(call("safe/book", Some(token("safe"))).await, 404);
    assert_eq!(process.clerk.calls(), 1);
}

#[tokio::test]
async fn a_call_without_a_deadline_is_none() {
    let process = Process::start();
    let web = reqwest::Client::new();
    for timeout in [None, Some(""), Some("soon"), Some("123456789u")] {
        let mut request = web.post(format!("http://{}/calls/desk/book", process.address));
        request = request.bearer_auth(tokens().sign("carts", "desk")).body("1");
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        assert_eq!(request.send().await.unwrap().status(), 400, "{timeout:?}");
    }
    assert_eq!(process.clerk.calls(), 0);
}

#[tokio::test]
async fn what_is_too_large_is_refused_on_either_way() {
    let limited = Options { body_limit: 1000, ..Options::default() };
    let process = Process::start_with(&limited);
    let (unreachable, _) = lost(PATIENCE, process.desk().echo("x".repeat(999))).await;
    let too_large = Unreachable::Broken("the request is larger than 1000 bytes".into());
    assert_eq!(unreachable, too_large);
    assert_eq!(asked(process.desk().echo("x".repeat(998))).await, Ok("x".repeat(998)));

    let limited = Client::new("shop", tokens(), limited);
    let wire = limited.dial("carts", "desk", Instances::fixed([process.address.as_str()]));
    let (unreachable, _) = lost(PATIENCE, RemoteDesk::over(wire).spell(1000)).await;
    assert!(matches!(&unreachable, Unreachable::Broken(text) if text.contains("larger than 1000")));
    assert_eq!(process.clerk.calls(), 1);
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let process = Process::start();
    let words = "0123456789".repeat(300_000);
    assert_eq!(asked(process.desk().echo(words.clone())).await, Ok(words));
}

#[tokio::test]
async fn a_body_that_cannot_be_read_and_a_method_nobody_has_are_broken_calls() {
    let process = Process::start();
    let wire = wire_to(&process.address, "desk");
    for (method, body) in [("book", &b"seven"[..]), ("book", b""), ("burn", b"1"), ("", b"1")] {
        let answer = asked(wire.call(raw(method, body))).await;
        let lost = answer.unwrap_err();
        assert!(!matches!(lost, Unreachable::DeadlineExceeded), "{method}: {lost}");
    }
    assert_eq!(process.clerk.calls(), 0);
    let unwritable = raw("two words", b"1");
    assert!(matches!(wire.call(unwritable).await, Err(Unreachable::Broken(_))));
}

#[tokio::test]
async fn a_module_that_does_not_live_there_gives_no_reply() {
    let process = Process::start();
    let answer = asked(wire_to(&process.address, "safe").call(raw("book", b"1"))).await;
    let text = answer.unwrap_err().to_string();
    assert!(text.contains("safe does not live in the process that was asked"), "{text}");
}

#[tokio::test]
async fn a_panic_ends_its_own_call_and_no_other() {
    let process = Process::start();
    let desk = process.desk();
    let neighbours = join_all((0..8).map(|_| asked(desk.wait(200))));
    let panic = lost(PATIENCE, desk.panic(()));
    let (neighbours, (panic, _)) = tokio::join!(neighbours, panic);
    assert_eq!(panic, Unreachable::Broken("desk.panic panicked".into()));
    assert!(neighbours.iter().all(|answer| *answer == Ok(200)), "{neighbours:?}");
    let bare = asked(wire_to(&process.address, "bare").call(raw("book", b"1"))).await;
    assert_eq!(bare.unwrap_err(), Unreachable::Broken("bare panicked".into()));
    assert_eq!(asked(desk.book(1)).await, Ok(1));
}

#[tokio::test]
async fn a_slow_module_keeps_the_deadline_and_the_next_call_is_answered() {
    let process = Process::start();
    let desk = process.desk();
    let patience = Duration::from_millis(100);
    let (unreachable, took) = lost(patience, desk.wait(5_000)).await;
    assert_eq!(unreachable, Unreachable::DeadlineExceeded);
    assert!(took >= patience && took < Duration::from_secs(2), "{took:?}");
    assert_eq!(asked(desk.echo("next".into())).await, Ok("next".into()));
    let (unreachable, took) = lost(Duration::ZERO, desk.book(1)).await;
    assert_eq!((unreachable, took < patience), (Unreachable::DeadlineExceeded, true));
    assert_eq!(process.clerk.calls(), 2, "a call past its deadline is not sent");
}

#[tokio::test]
async fn one_caller_needs_one_connection_and_many_need_no_more_than_they_are() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    let desk = desk_at([proxy.address().as_str()]);
    for number in 0..100 {
        assert_eq!(asked(desk.book(number)).await, Ok(number));
        assert_eq!(asked(desk.echo("rude".into())).await, Err(Error::Rude("rude".into())));
    }
    assert_eq!(proxy.connections(), 1);
    for _ in 0..5 {
        let answers = join_all((0..64).map(|number| asked(desk.book(number)))).await;
        let expected: Vec<_> = (0..64).map(Ok).collect();
        assert_eq!(answers, expected);
    }
    assert!(proxy.connections() <= 64, "{} connections", proxy.connections());
}

#[tokio::test]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    let impatient = Options { idle: Duration::ZERO, ..Options::default() };
    let client = Client::new("shop", tokens(), impatient);
    let wire = client.dial("carts", "desk", Instances::fixed([proxy.address()]));
    let desk = RemoteDesk::over(wire);
    for number in 0..5 {
        assert_eq!(asked(desk.book(number)).await, Ok(number));
    }
    assert_eq!(proxy.connections(), 5);
}

#[tokio::test]
async fn calls_from_runtimes_of_their_own_do_not_share_connections() {
    let process = Process::start();
    let desk = process.desk();
    for number in 0..3 {
        let desk = desk.clone();
        let other = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(asked(desk.book(number)))
        });
        assert_eq!(
            tokio::task::spawn_blocking(|| other.join().unwrap()).await.unwrap(),
            Ok(number)
        );
    }
    assert_eq!(asked(desk.book(3)).await, Ok(3), "after the runtimes of the others are gone");
}

#[tokio::test]
async fn instances_take_turns() {
    let processes = [Process::start(), Process::start(), Process::start()];
    let desk = desk_at(processes.iter().map(|process| process.address.as_str()));
    for number in 0..30 {
        assert_eq!(asked(desk.book(number)).await, Ok(number));
    }
    let calls: Vec<_> = processes.iter().map(|process| process.clerk.calls()).collect();
    assert_eq!(calls, [10, 10, 10]);
}

#[tokio::test]
async fn a_process_that_drains_answers_what_it_took_and_sends_others_on() {
    let (leaving, staying) = (Process::start(), Process::start());
    let desk = desk_at([leaving.address.as_str(), staying.address.as_str()]);
    let under_way = desk_at([leaving.address.as_str()]);
    let under_way = tokio::spawn(async move { asked(under_way.wait(300)).await });
    testkit::eventually("the call is under way", PATIENCE, async || leaving.clerk.calls() == 1)
        .await;
    leaving.calls.drain();
    for number in 0..10 {
        assert_eq!(asked(desk.book(number)).await, Ok(number));
    }
    assert_eq!((leaving.clerk.calls(), staying.clerk.calls()), (1, 10));
    assert_eq!(under_way.await.unwrap(), Ok(300));
    let text = no_reply(leaving.desk().book(1)).await;
    assert!(text.contains("about to stop"), "{text}");
    leaving.server.stop(true).await;
    assert_eq!(asked(desk.book(11)).await, Ok(11));
}
