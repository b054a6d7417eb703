//! Calls over HTTP to neighbours that do not behave: whatever they do, the deadline is kept.

use std::time::Duration;

use ports::Unreachable;
use testkit::{Flow, Proxy, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    http::{Process, desk_at},
    support::{Error, PATIENCE, asked, lost, no_reply},
};

/// A neighbour that reads a request and writes `answer`, whatever was asked, and then closes, or not.
async fn neighbour(answer: &'static [u8], closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
            if !closes {
                open.push(stream);
            }
        }
    });
    address
}

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test]
async fn a_neighbour_that_accepts_and_never_answers_costs_the_deadline_and_no_more() {
    let address = neighbour(b"", false).await;
    let patience = Duration::from_millis(200);
    let (unreachable, took) = lost(patience, desk_at([&*address]).book(1)).await;
    assert_eq!(unreachable, Unreachable::DeadlineExceeded);
    assert!(took >= patience && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_neighbour_that_begins_to_answer_and_stops_costs_the_deadline_and_no_more() {
    let beginnings: [&[u8]; 5] = [
        b"H",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ncontent-length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ncontent-length: 10\r\n\r\n123",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n",
    ];
    for beginning in beginnings {
        let address = neighbour(beginning, false).await;
        let patience = Duration::from_millis(100);
        let (unreachable, took) = lost(patience, desk_at([&*address]).book(1)).await;
        let answer = String::from_utf8_lossy(beginning);
        assert_eq!(unreachable, Unreachable::DeadlineExceeded, "{answer}");
        assert!(took < Duration::from_secs(2), "{answer}: {took:?}");
    }
}

#[tokio::test]
async fn a_neighbour_that_closes_in_the_middle_of_its_answer_is_not_believed() {
    let beginnings: [&[u8]; 5] = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ncontent-length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ncontent-length: 10\r\n\r\n123",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ntransfer-encoding: chunked\r\n\r\n3\r\n123\r\n",
    ];
    for beginning in beginnings {
        let address = neighbour(beginning, true).await;
        let (unreachable, took) = lost(PATIENCE, desk_at([&*address]).book(1)).await;
        let answer = String::from_utf8_lossy(beginning);
        assert_ne!(unreachable, Unreachable::DeadlineExceeded, "{answer}");
        assert!(took < PATIENCE / 2, "{answer}: {took:?}");
    }
}

#[tokio::test]
async fn a_neighbour_that_is_no_process_of_ours_gives_no_reply_whatever_it_says() {
    let strangers: [&[u8]; 8] = [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        &[0xff; 2000],
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nrialto-outcome: perhaps\r\ncontent-length: 1\r\n\r\n1",
        b"HTTP/1.1 404 Not Found\r\nrialto-outcome: done\r\ncontent-length: 1\r\n\r\n1",
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>",
    ];
    for stranger in strangers {
        let address = neighbour(stranger, true).await;
        let text = no_reply(desk_at([&*address]).book(1)).await;
        assert!(text.contains(&address), "{text}: {}", String::from_utf8_lossy(stranger));
    }
}

#[tokio::test]
async fn an_answer_that_is_no_reply_of_the_port_is_broken() {
    let answer = b"HTTP/1.1 200 OK\r\nrialto-outcome: done\r\ncontent-length: 7\r\n\r\n\"seven\"";
    let address = neighbour(answer, true).await;
    let (unreachable, _) = lost(PATIENCE, desk_at([&*address]).book(1)).await;
    assert!(matches!(unreachable, Unreachable::Broken(_)), "{unreachable:?}");
}

#[tokio::test]
async fn an_instance_that_refuses_is_passed_over() {
    let process = Process::start();
    let desk = desk_at([&*nobody().await, &*process.address, &*nobody().await]);
    for number in 0..20 {
        assert_eq!(asked(desk.book(number)).await, Ok(number));
    }
}

#[tokio::test]
async fn when_all_refuse_there_is_no_reply_at_once_and_one_that_comes_back_is_asked_again() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    proxy.refuse();
    let desk = desk_at([&*nobody().await, &*proxy.address(), &*nobody().await]);
    eventually("connections are refused", PATIENCE, async || {
        TcpStream::connect(proxy.address()).await.is_err()
    })
    .await;
    let text = no_reply(desk.book(1)).await;
    assert!(text.contains("cannot be reached"), "{text}");
    proxy.accept();
    eventually("connections are made", PATIENCE, async || {
        TcpStream::connect(proxy.address()).await.is_ok()
    })
    .await;
    assert_eq!(asked(desk.book(2)).await, Ok(2), "although it refused a moment ago");
}

#[tokio::test]
async fn without_any_instance_there_is_no_reply() {
    assert_eq!(no_reply(desk_at([]).book(1)).await, "no instance is known");
    let text = no_reply(desk_at(["nonsense"]).book(1)).await;
    assert!(text.contains("nonsense"), "{text}");
}

#[tokio::test]
async fn a_command_that_may_have_arrived_is_not_sent_to_another_instance() {
    let process = Process::start();
    let mute = neighbour(b"", true).await;
    let desk = desk_at([&*mute, &*process.address]);
    let mut lost = 0;
    for number in 0..10 {
        match asked(desk.book(number)).await {
            Ok(answer) => assert_eq!(answer, number),
            Err(Error::Unreachable(Unreachable::NoReply(_))) => lost += 1,
            answer => panic!("{answer:?}"),
        }
    }
    assert_eq!(
        (lost, process.clerk.calls()),
        (1, 9),
        "it is passed over for a moment, like others"
    );
}

#[tokio::test]
async fn a_network_that_swallows_answers_keeps_the_deadline_and_recovers_by_itself() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    let desk = desk_at([&*proxy.address()]);
    assert_eq!(asked(desk.book(1)).await, Ok(1));
    proxy.to_client(Flow::Swallow);
    for _ in 0..3 {
        let (unreachable, took) = lost(Duration::from_millis(100), desk.book(2)).await;
        assert_eq!(unreachable, Unreachable::DeadlineExceeded);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    proxy.to_client(Flow::Pass);
    assert_eq!(asked(desk.book(3)).await, Ok(3));
}

#[tokio::test]
async fn connections_that_were_cut_while_idle_are_replaced() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    let desk = desk_at([&*proxy.address()]);
    for round in 1..=5 {
        assert_eq!(asked(desk.book(round)).await, Ok(round));
        let before = proxy.connections();
        proxy.cut();
        eventually("the cut connection is noticed", PATIENCE, async || {
            asked(desk.book(round)).await.is_ok() && proxy.connections() > before
        })
        .await;
    }
}

#[tokio::test]
async fn connections_that_are_cut_under_a_call_end_it_at_once() {
    let process = Process::start();
    let proxy = Proxy::to(&process.address).await;
    let desk = desk_at([&*proxy.address()]);
    let call = tokio::spawn(async move { no_reply(desk.wait(60_000)).await });
    eventually("the call arrived", PATIENCE, async || process.clerk.calls() == 1).await;
    proxy.cut();
    let text = call.await.unwrap();
    assert!(text.contains("without an answer") || text.contains("broke"), "{text}");
}
