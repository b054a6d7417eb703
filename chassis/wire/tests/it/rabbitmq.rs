//! Calls over a real RabbitMQ.

mod outages;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use amqp::{Connection, Options};
use futures::future::join_all;
use identity::InternalTokens;
use lapin::{
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use ports::{Context, Kind, Transport, Unreachable};
use servers::RabbitMq;
use testkit::{Flow, Proxy, eventually, prefix, rabbitmq};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::rabbitmq::{Client, Server};

use crate::support::{
    Clerk, Desk, Error, PATIENCE, RemoteDesk, Unguarded, asked, asked_within, lost, no_reply, raw,
    skeleton, tokens, tokens_of,
};

/// A connection, what uses it, and the tasks behind both.
struct Running {
    connection: Connection,
    stop: CancellationToken,
    work: JoinHandle<()>,
    disconnect: CancellationToken,
    supervisor: JoinHandle<()>,
}

impl Running {
    fn start<F>(url: &str, work: impl FnOnce(Connection, CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (connection, supervisor) = Connection::new(url, "a test", Options::default()).unwrap();
        let (stop, disconnect) = (CancellationToken::new(), CancellationToken::new());
        let work = tokio::spawn(work(connection.clone(), stop.clone()));
        let supervisor = tokio::spawn(supervisor.run(disconnect.clone()));
        Self { connection, stop, work, disconnect, supervisor }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.work).await.unwrap().unwrap();
        self.disconnect.cancel();
        tokio::time::timeout(PATIENCE, self.supervisor).await.unwrap().unwrap();
    }
}

/// A process that serves the port.
struct Process {
    clerk: Arc<Clerk>,
    running: Running,
}

impl Process {
    async fn start(url: &str, prefix: &str) -> Self {
        let clerk = Arc::new(Clerk::default());
        let wires = vec![("desk", skeleton(&clerk)), ("bare", Arc::new(Unguarded) as _)];
        Self { clerk, running: serve(url, prefix, wires).await }
    }
}

async fn serve(url: &str, prefix: &str, wires: Vec<(&'static str, Arc<dyn Transport>)>) -> Running {
    let mut server = None;
    let running = Running::start(url, |connection, stop| {
        let server = server.insert(Server::new(connection, prefix, wires, tokens())).clone();
        async move { server.run(stop).await }
    });
    let server = server.unwrap();
    eventually("calls are taken", PATIENCE, async || server.is_ready()).await;
    running
}

/// A process that calls it.
struct Caller {
    client: Client,
    running: Running,
}

impl Caller {
    async fn start(url: &str, prefix: &str) -> Self {
        Self::start_with(url, prefix, tokens()).await
    }

    async fn start_with(url: &str, prefix: &str, tokens: InternalTokens) -> Self {
        let mut client = None;
        let running = Running::start(url, |connection, stop| {
            let made = client.insert(Client::new(connection, prefix, tokens)).clone();
            async move { made.run(stop).await }
        });
        let client = client.unwrap();
        eventually("calls can be made", PATIENCE, async || client.is_ready()).await;
        Self { client, running }
    }

    fn wire(&self, module: &'static str) -> Arc<dyn Transport> {
        self.client.dial("carts", module)
    }

    fn desk(&self) -> Arc<dyn Desk> {
        RemoteDesk::over(self.wire("desk"))
    }
}

#[tokio::test]
async fn a_reply_and_a_refusal_come_back_as_the_port_gave_them() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    assert_eq!(asked(desk.echo("good day".into())).await, Ok("good day".into()));
    assert_eq!(asked(desk.echo("rude".into())).await, Err(Error::Rude("rude".into())));
    assert_eq!(asked(desk.book(7)).await, Ok(7));
    caller.running.stop().await;
    process.running.stop().await;
}

#[tokio::test]
async fn what_travels_beside_the_request_arrives() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let mut context = Context::begin("carts", Duration::from_secs(3));
    context.idempotency_key = Some("Schlüssel 1".into());
    context.clone().scope(caller.desk().book(1)).await.unwrap();
    let seen = process.clerk.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.trace.trace_id, context.trace.trace_id);
    assert_eq!(seen.idempotency_key, context.idempotency_key);
    let late = seen.deadline.saturating_duration_since(context.deadline);
    let early = context.deadline.saturating_duration_since(seen.deadline);
    assert!(late + early < Duration::from_millis(500), "{late:?} late, {early:?} early");
}

/// Keeps calls and answers none.
#[derive(Default)]
struct Overheard(Mutex<Vec<ports::Call>>);

#[ports::async_trait]
impl Transport for Overheard {
    async fn call(&self, call: ports::Call) -> Result<ports::Reply, Unreachable> {
        self.0.lock().unwrap().push(call);
        Err(Unreachable::Broken("overheard".into()))
    }
}

#[tokio::test]
async fn the_skeleton_hears_who_calls_and_whether_it_is_a_query() {
    let (url, prefix) = (rabbitmq(), prefix());
    let seen = Arc::<Overheard>::default();
    let _server = serve(&url, &prefix, vec![("desk", seen.clone() as _)]).await;
    let caller = Caller::start(&url, &prefix).await;
    asked(caller.desk().echo(String::new())).await.unwrap_err();
    asked(caller.desk().book(1)).await.unwrap_err();
    let seen = seen.0.lock().unwrap();
    let heard: Vec<_> = seen.iter().map(|it| (&*it.method, it.kind, &*it.headers.caller)).collect();
    assert_eq!(heard, [("echo", Kind::Query, "carts"), ("book", Kind::Command, "carts")]);
}

#[tokio::test]
async fn a_caller_of_another_deployment_is_not_believed() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let stranger = tokens_of("a secret of some other deployment");
    let caller = Caller::start_with(&url, &prefix, stranger).await;
    let text = no_reply(caller.desk().book(1)).await;
    assert!(text.contains("does not believe the internal token"), "{text}");
    assert_eq!(process.clerk.calls(), 0);
}

#[tokio::test]
async fn what_is_too_large_is_refused_on_either_way() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    let largest = 8 << 20;
    let (unreachable, _) = lost(PATIENCE, desk.echo("x".repeat(largest - 1))).await;
    let too_large = Unreachable::Broken("the request is larger than 8388608 bytes".into());
    assert_eq!(unreachable, too_large);
    let (unreachable, _) = lost(PATIENCE, desk.spell(largest - 1)).await;
    assert_eq!(unreachable, Unreachable::Broken("the reply is larger than 8388608 bytes".into()));
    assert_eq!(asked(desk.echo("x".repeat(largest - 2))).await.map(|it| it.len()), Ok(largest - 2));
    assert_eq!(process.clerk.calls(), 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_and_a_method_nobody_has_are_broken_calls() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let long: &'static str = "m".repeat(300).leak();
    let cases = [("book", &b"seven"[..]), ("book", b""), ("burn", b"1"), ("", b"1"), (long, b"1")];
    for (method, body) in cases {
        let answer = asked(caller.wire("desk").call(raw(method, body))).await;
        assert!(matches!(answer, Err(Unreachable::Broken(_))), "{method}: {answer:?}");
    }
    assert_eq!(process.clerk.calls(), 0);
}

#[tokio::test]
async fn a_panic_ends_its_own_call_and_no_other() {
    let (url, prefix) = (rabbitmq(), prefix());
    let _process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    let neighbours = join_all((0..8).map(|_| asked(desk.wait(200))));
    let (neighbours, (panic, _)) = tokio::join!(neighbours, lost(PATIENCE, desk.panic(())));
    assert_eq!(panic, Unreachable::Broken("desk.panic panicked".into()));
    assert!(neighbours.iter().all(|answer| *answer == Ok(200)), "{neighbours:?}");
    let bare = asked(caller.wire("bare").call(raw("book", b"1"))).await;
    assert_eq!(bare.unwrap_err(), Unreachable::Broken("bare panicked".into()));
}

#[tokio::test]
async fn a_module_that_runs_nowhere_gives_no_reply_at_once() {
    let caller = Caller::start(&rabbitmq(), &prefix()).await;
    let desk = caller.desk();
    let (_, took) = lost(PATIENCE, desk.book(1)).await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    let texts = join_all((0..20).map(|_| no_reply(desk.book(1)))).await;
    assert!(texts.iter().all(|text| text.contains("the module runs nowhere")), "{texts:?}");
}

#[tokio::test]
async fn a_queue_from_which_nobody_takes_costs_the_deadline_and_no_more() {
    let (url, prefix) = (rabbitmq(), prefix());
    let caller = Caller::start(&url, &prefix).await;
    let channel = caller.running.connection.incarnation().await.unwrap().channel().await.unwrap();
    let queue = format!("{prefix}.calls.desk");
    let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
    channel.queue_declare(queue.into(), exclusive, FieldTable::default()).await.unwrap();
    let patience = Duration::from_millis(200);
    let (unreachable, took) = lost(patience, caller.desk().book(1)).await;
    assert_eq!(unreachable, Unreachable::DeadlineExceeded);
    assert!(took >= patience && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_late_reply_is_not_given_to_the_next_call() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    for round in 0..5 {
        // The process believes that there is time, and the caller leaves all the same.
        let left = tokio::time::timeout(Duration::from_millis(30), asked(desk.wait(60))).await;
        assert!(left.is_err(), "the reply was early");
        let answers = join_all((0..20).map(|n| asked(desk.book(round * 100 + n)))).await;
        let expected: Vec<_> = (0..20).map(|n| Ok(round * 100 + n)).collect();
        assert_eq!(answers, expected);
        assert_eq!(asked(desk.wait(61)).await, Ok(61), "the late reply came meanwhile");
    }
    assert_eq!(process.clerk.calls(), 110);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_to_many_callers_are_not_mixed_up() {
    let (url, prefix) = (rabbitmq(), prefix());
    let _process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let callers = (0..64_u64).map(|caller_number| {
        let desk = caller.desk();
        tokio::spawn(async move {
            for call in 0..50 {
                let number = caller_number * 1000 + call;
                assert_eq!(asked(desk.book(number)).await, Ok(number));
            }
        })
    });
    for caller in join_all(callers).await {
        caller.unwrap();
    }
}

#[tokio::test]
async fn processes_that_host_a_module_share_its_calls() {
    let (url, prefix) = (rabbitmq(), prefix());
    let processes = [Process::start(&url, &prefix).await, Process::start(&url, &prefix).await];
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    for _ in 0..10 {
        let answers = join_all((0..10).map(|number| asked(desk.book(number)))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    }
    let calls: Vec<_> = processes.iter().map(|process| process.clerk.calls()).collect();
    assert_eq!(calls.iter().sum::<usize>(), 100);
    assert!(calls.iter().all(|calls| *calls > 20), "{calls:?}");
}

#[tokio::test]
async fn a_process_that_stops_answers_what_it_took_and_leaves_the_rest_to_others() {
    let (url, prefix) = (rabbitmq(), prefix());
    let leaving = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    let under_way: Vec<_> = (0..100)
        .map(|_| {
            let desk = desk.clone();
            tokio::spawn(async move { asked(desk.wait(300)).await })
        })
        .collect();
    eventually("some calls are under way", PATIENCE, async || leaving.clerk.calls() > 10).await;
    let staying = Process::start(&url, &prefix).await;
    leaving.running.stop().await;
    for call in under_way {
        assert_eq!(call.await.unwrap(), Ok(300));
    }
    assert_eq!(asked(desk.book(1)).await, Ok(1));
    staying.running.stop().await;
    let text = no_reply(desk.book(2)).await;
    assert!(text.contains("the module runs nowhere"), "{text}");
}
