//! Calls over a real RabbitMQ that is killed, and through a network between it and us that misbehaves.

use super::*;

#[tokio::test]
async fn the_callers_connection_may_be_cut_between_calls() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let (proxy, through) = Proxy::before(&url).await;
    let caller = Caller::start(&through, &prefix).await;
    let desk = caller.desk();
    for life in 1..=3 {
        assert_eq!(asked(desk.book(life)).await, Ok(life), "life {life}");
        let incarnation = caller.running.connection.incarnation().await.unwrap();
        proxy.cut();
        incarnation.ended().await;
    }
    assert_eq!(process.clerk.calls(), 3);
}

#[tokio::test]
async fn a_call_whose_connection_is_cut_ends_at_once_and_the_next_one_is_answered() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let (proxy, through) = Proxy::before(&url).await;
    let caller = Caller::start(&through, &prefix).await;
    let desk = caller.desk();
    for life in 1..=3 {
        let calls = tokio::spawn({
            let desk = desk.clone();
            async move { join_all((0..10).map(|_| no_reply(desk.wait(60_000)))).await }
        });
        eventually("the calls arrived", PATIENCE, async || process.clerk.calls() == 10 * life)
            .await;
        proxy.cut();
        let texts = calls.await.unwrap();
        assert!(texts.iter().all(|text| text.contains("was lost")), "{texts:?}");
        assert_eq!(asked(desk.echo("next".into())).await, Ok("next".into()));
        process.clerk.seen.lock().unwrap().pop();
    }
}

#[tokio::test]
async fn a_message_that_the_network_swallows_costs_the_deadline_and_the_next_call_is_answered() {
    let (url, prefix) = (rabbitmq(), prefix());
    let process = Process::start(&url, &prefix).await;
    let (proxy, through) = Proxy::before(&url).await;
    let caller = Caller::start(&through, &prefix).await;
    let desk = caller.desk();
    assert_eq!(asked(desk.book(1)).await, Ok(1));
    proxy.to_server(Flow::Swallow);
    let patience = Duration::from_millis(100);
    let (unreachable, took) = lost(patience, desk.book(2)).await;
    assert_eq!(unreachable, Unreachable::DeadlineExceeded);
    assert!(took < Duration::from_secs(2), "{took:?}");
    proxy.to_server(Flow::Pass);
    proxy.cut();
    eventually("calls are answered", PATIENCE, async || asked(desk.book(3)).await == Ok(3)).await;
    assert_eq!(process.clerk.calls(), 2);
}

#[tokio::test]
async fn a_silent_broker_costs_the_deadline_and_is_left_for_a_new_connection_by_itself() {
    let (url, prefix) = (rabbitmq(), prefix());
    let _process = Process::start(&url, &prefix).await;
    let (proxy, through) = Proxy::before(&url).await;
    let caller = Caller::start(&through, &prefix).await;
    let desk = caller.desk();
    assert_eq!(asked(desk.book(1)).await, Ok(1));
    proxy.to_client(Flow::Swallow);
    let (unreachable, took) = lost(Duration::from_millis(100), desk.book(2)).await;
    assert_eq!(unreachable, Unreachable::DeadlineExceeded);
    assert!(took < Duration::from_secs(2), "{took:?}");
    let silent = caller.running.connection.incarnation().await.unwrap();
    tokio::time::timeout(2 * PATIENCE, silent.ended()).await.unwrap();
    proxy.to_client(Flow::Pass);
    eventually("calls are answered", PATIENCE, async || asked(desk.book(3)).await == Ok(3)).await;
}

#[tokio::test]
async fn a_module_whose_connection_is_cut_is_called_again_without_anybodys_help() {
    let (url, prefix) = (rabbitmq(), prefix());
    let (proxy, through) = Proxy::before(&url).await;
    let process = Process::start(&through, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    for _ in 0..3 {
        let incarnation = process.running.connection.incarnation().await.unwrap();
        proxy.cut();
        incarnation.ended().await;
        // What was in the queue is lost with it; what is asked later is answered.
        let patience = Duration::from_millis(200);
        eventually("calls are answered", PATIENCE, async || {
            asked_within(patience, desk.book(3)).await == Ok(3)
        })
        .await;
    }
}

#[tokio::test]
async fn a_queue_that_somebody_deletes_is_declared_again() {
    let (url, prefix) = (rabbitmq(), prefix());
    let _process = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    assert_eq!(asked(desk.book(1)).await, Ok(1));
    let channel = caller.running.connection.incarnation().await.unwrap().channel().await.unwrap();
    let queue = format!("{prefix}.calls.desk");
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    eventually("calls are answered", PATIENCE, async || asked(desk.book(2)).await == Ok(2)).await;
}

#[tokio::test]
async fn a_command_that_is_under_way_when_the_modules_connection_is_cut_is_carried_out_once() {
    let (url, prefix) = (rabbitmq(), prefix());
    let (proxy, through) = Proxy::before(&url).await;
    let process = Process::start(&through, &prefix).await;
    let other = Process::start(&url, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    // Acknowledgements do not reach the broker, so it delivers again what this process took.
    proxy.to_server(Flow::Swallow);
    let calls: Vec<_> = (0..10)
        .map(|number| {
            let desk = caller.desk();
            tokio::spawn(async move { asked(desk.book(number)).await })
        })
        .collect();
    let seen = || process.clerk.calls() + other.clerk.calls();
    eventually("all calls arrived", PATIENCE, async || seen() == 10).await;
    let taken = process.clerk.calls();
    assert!(taken > 0, "the other process took all calls");
    proxy.cut();
    let mut unknown = 0;
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(answer) => assert_eq!(answer, number as u64),
            Err(Error::Unreachable(Unreachable::NoReply(text))) => {
                assert!(text.contains("may have carried it out"), "{text}");
                unknown += 1;
            }
            answer => panic!("{answer:?}"),
        }
    }
    assert_eq!((unknown, seen()), (taken, 10));
}

#[tokio::test]
async fn a_query_that_is_under_way_when_the_modules_connection_is_cut_is_answered_by_another_process()
 {
    let (url, prefix) = (rabbitmq(), prefix());
    let (proxy, through) = Proxy::before(&url).await;
    let process = Process::start(&through, &prefix).await;
    let caller = Caller::start(&url, &prefix).await;
    let desk = caller.desk();
    let call = tokio::spawn(async move { asked(desk.wait(1_000)).await });
    eventually("the call is under way", PATIENCE, async || process.clerk.calls() == 1).await;
    let other = Process::start(&url, &prefix).await;
    proxy.refuse();
    assert_eq!(call.await.unwrap(), Ok(1_000));
    assert_eq!((process.clerk.calls(), other.clerk.calls()), (1, 1));
}

#[tokio::test]
async fn while_there_is_no_broker_calls_fail_soon_and_later_at_once() {
    let (proxy, through) = Proxy::before(&rabbitmq()).await;
    let caller = Caller::start(&through, &prefix()).await;
    let desk = caller.desk();
    let incarnation = caller.running.connection.incarnation().await.unwrap();
    proxy.refuse();
    incarnation.ended().await;
    let (unreachable, took) = lost(PATIENCE, desk.book(1)).await;
    let is_lost = matches!(unreachable, Unreachable::NoReply(_) | Unreachable::NotTaken(_));
    assert!(is_lost, "{unreachable:?}");
    assert!(took < Duration::from_secs(3), "{took:?}");
    let (unreachable, took) = lost(PATIENCE, desk.book(1)).await;
    assert_eq!(unreachable, Unreachable::NotTaken("RabbitMQ cannot be reached".into()));
    assert!(took < Duration::from_millis(500), "{took:?}");
    caller.running.stop().await;
}

/// A broker of its own, because it is killed and starved.
#[tokio::test]
async fn a_broker_that_is_starved_or_killed_costs_calls_their_reply_and_is_used_again_by_itself() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    let folder = servers::folder(&folder).await.unwrap();
    let mut broker = RabbitMq::start(&folder).await.unwrap();
    let prefix = prefix();
    let process = Process::start(&broker.url(), &prefix).await;
    let caller = Caller::start(&broker.url(), &prefix).await;
    let desk = caller.desk();
    assert_eq!(asked(desk.book(1)).await, Ok(1));

    broker.ctl(&["set_vm_memory_high_watermark", "0.00001"]).await.unwrap();
    // It blocks a connection when that publishes next.
    let patience = Duration::from_millis(200);
    eventually("calls are refused", PATIENCE, async || {
        let answer = asked_within(patience, desk.book(2)).await;
        matches!(answer, Err(Error::Unreachable(Unreachable::NotTaken(_))))
    })
    .await;
    let (_, took) = lost(PATIENCE, desk.book(3)).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(no_reply(desk.book(3)).await.contains("RabbitMQ takes no messages"));
    let starved = caller.running.connection.incarnation().await.unwrap();
    assert!(starved.blocked().is_some());
    broker.ctl(&["set_vm_memory_high_watermark", "0.4"]).await.unwrap();
    tokio::time::timeout(PATIENCE, starved.unblocked()).await.unwrap();
    assert!(!starved.is_over());
    eventually("calls are answered", PATIENCE, async || {
        asked_within(patience, desk.book(4)).await == Ok(4)
    })
    .await;
    assert!(caller.running.connection.blocked().is_none());

    broker.kill().await.unwrap();
    let (unreachable, took) = lost(PATIENCE, desk.book(5)).await;
    let is_lost = matches!(unreachable, Unreachable::NoReply(_) | Unreachable::NotTaken(_));
    assert!(is_lost, "{unreachable:?}");
    assert!(took < PATIENCE / 2, "{took:?}");
    broker.restart().await.unwrap();
    eventually("calls are answered", 2 * PATIENCE, async || {
        asked_within(patience, desk.book(6)).await == Ok(6)
    })
    .await;
    caller.running.stop().await;
    process.running.stop().await;
    broker.stop().await.unwrap();
}
