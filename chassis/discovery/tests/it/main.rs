//! Names in DNS, asked of a name server that says what it is told to.

#![expect(clippy::unwrap_used, reason = "what fails in the setting of a test fails the test")]

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use discovery::{
    Instances,
    dns::{self, Name, Resolver},
};
use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        Name as Domain, RData, Record, RecordType,
        rdata::{A, SRV},
    },
};
use testkit::eventually;
use tokio::net::UdpSocket;

const LIMIT: Duration = Duration::from_secs(20);

type Records = Arc<Mutex<HashMap<(String, RecordType), Vec<RData>>>>;

/// A name server, and what it says.
struct Server {
    address: SocketAddr,
    records: Records,
}

impl Server {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (address, records) = (socket.local_addr().unwrap(), Records::default());
        let known = records.clone();
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let asked = Message::from_vec(&packet[..length]).unwrap();
                let answer = answer(&asked, &known);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        Self { address, records }
    }

    fn say(&self, name: &str, kind: RecordType, data: impl IntoIterator<Item = RData>) {
        let mut records = self.records.lock().unwrap();
        records.insert((name.to_owned(), kind), data.into_iter().collect());
    }

    fn follow(&self, name: &str, at_first: &[&str]) -> Instances {
        let resolver = Resolver::new(&[self.address]).unwrap();
        let instances = Instances::fixed(at_first.iter().copied());
        let name: Name = name.parse().unwrap();
        let every = Duration::from_millis(50);
        tokio::spawn(dns::follow(resolver, name, instances.clone(), every));
        instances
    }
}

fn answer(asked: &Message, known: &Records) -> Message {
    let mut answer = Message::response(asked.metadata.id, OpCode::Query);
    let query = asked.queries[0].clone();
    let name = query.name().to_ascii().to_lowercase();
    let found = known.lock().unwrap().get(&(name, query.query_type())).cloned();
    if found.is_none() {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    for data in found.into_iter().flatten() {
        answer.add_answer(Record::from_rdata(query.name().clone(), 0, data));
    }
    answer.add_query(query);
    answer
}

fn a(last: u8) -> RData {
    RData::A(A::new(10, 0, 0, last))
}

fn srv(priority: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(priority, 1, port, Domain::from_ascii(target).unwrap()))
}

async fn are(instances: &Instances, expected: &[&str]) {
    eventually(&format!("they are at {expected:?}"), LIMIT, async || {
        let now = instances.now();
        now.iter().map(|it| &*it.address).eq(expected.iter().copied())
    })
    .await;
}

#[tokio::test]
async fn a_host_is_asked_for_its_addresses_and_a_server_that_knows_nobody_changes_nothing() {
    let server = Server::start().await;
    server.say("shop.internal.", RecordType::A, [a(2), a(1)]);
    let instances = server.follow("shop.internal:9001", &["127.0.0.1:1"]);
    are(&instances, &["10.0.0.1:9001", "10.0.0.2:9001"]).await;
    server.say("shop.internal.", RecordType::A, [a(3)]);
    are(&instances, &["10.0.0.3:9001"]).await;
    let changes = instances.changes();
    server.records.lock().unwrap().clear();
    // A second name, answered after it, shows that the first was asked meanwhile.
    server.say("stall.internal.", RecordType::A, [a(9)]);
    let other = server.follow("stall.internal:1", &[]);
    are(&other, &["10.0.0.9:1"]).await;
    assert!(!changes.has_changed().unwrap());
    are(&instances, &["10.0.0.3:9001"]).await;
}

#[tokio::test]
async fn a_service_says_its_ports_and_only_the_preferred_ones_are_taken() {
    let server = Server::start().await;
    server.say("one.internal.", RecordType::A, [a(1)]);
    server.say("two.internal.", RecordType::A, [a(2)]);
    server.say("spare.internal.", RecordType::A, [a(3)]);
    let service = "_calls._tcp.shop.internal.";
    let all = [
        srv(1, 9001, "one.internal."),
        srv(1, 9002, "two.internal."),
        srv(2, 1, "spare.internal."),
    ];
    server.say(service, RecordType::SRV, all);
    let instances = server.follow("_calls._tcp.shop.internal.", &[]);
    are(&instances, &["10.0.0.1:9001", "10.0.0.2:9002"]).await;
    server.say(service, RecordType::SRV, [srv(2, 1, "spare.internal.")]);
    are(&instances, &["10.0.0.3:1"]).await;
}

#[test]
fn names_are_hosts_with_ports_or_services_without() {
    let host = |host: &str, port| Ok(Name::Host { host: host.to_owned(), port });
    assert_eq!("shop.internal:9001".parse(), host("shop.internal", 9001));
    assert_eq!("_a._tcp.b".parse(), Ok(Name::Service("_a._tcp.b".to_owned())));
    for wrong in ["shop.internal", "", ":1", "shop:0", "shop:port"] {
        assert!(wrong.parse::<Name>().is_err(), "{wrong}");
    }
}
