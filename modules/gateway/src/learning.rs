//! Asks modules elsewhere for their routes, in the background, for ever. Nobody waits for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::future::join_all;
use host::Background;
use http::{Request, StatusCode, header::AUTHORIZATION};
use wire::http::Client;

use crate::routing::{Routing, Upstream};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often routes that are known are asked for again: they change when a process is replaced.
const REFRESH: Duration = Duration::from_secs(5);
/// The first and the longest pause before asking again for routes that are not known yet.
const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_secs(1);

/// Learns the routes of all upstreams, each at its own pace.
pub(crate) fn background(routing: Arc<Routing>, client: Client) -> Background {
    Background::new("routes of modules elsewhere", move |stop| async move {
        let follow = |index| stop.run_until_cancelled(follow(&routing, index, &client));
        join_all((0..routing.upstreams.len()).map(follow)).await;
    })
}

/// Learns the routes of one upstream whenever they change.
async fn follow(routing: &Routing, index: usize, client: &Client) {
    let upstream = &routing.upstreams[index];
    let module = upstream.module;
    let (mut last, mut is_silent, mut pause) = (None, false, SOON);
    loop {
        match ask(client, upstream).await {
            Ok(told) => {
                if last.as_ref() != Some(&told) {
                    take_over(routing, index, &told);
                    last = Some(told);
                }
                (is_silent, pause) = (false, REFRESH);
            }
            Err(cause) => {
                if !is_silent {
                    tracing::warn!(module, cause, "a module elsewhere does not tell its routes");
                }
                (is_silent, pause) = (true, (pause * 2).min(LATER));
            }
        }
        let asked_for = async {
            tokio::time::sleep(SOON).await;
            routing.outdated.notified().await;
        };
        // Whichever comes first: it is time, or somebody saw that they changed.
        drop(tokio::time::timeout(pause, asked_for).await);
    }
}

fn take_over(routing: &Routing, index: usize, told: &Bytes) {
    let module = routing.upstreams[index].module;
    match routing.learn(index, told) {
        Ok(()) => tracing::info!(module, "the routes of a module elsewhere are known"),
        Err(cause) => tracing::error!(module, %cause, "the routes of a module are not taken over"),
    }
}

/// What any instance says about its routes, or why there is no answer.
async fn ask(client: &Client, upstream: &Upstream) -> Result<Bytes, String> {
    let module = upstream.module;
    let request = Request::get(format!("/routes/{module}"))
        .header(AUTHORIZATION, client.authorization(module))
        .body(Bytes::new())
        .map_err(|cause| cause.to_string())?;
    let answer = client.exchange(&upstream.instances, request, Instant::now() + PATIENCE).await;
    let answer = answer.map_err(|cause| cause.to_string())?;
    match answer.status() {
        StatusCode::OK => Ok(answer.into_body()),
        StatusCode::UNAUTHORIZED => {
            Err("it does not believe our token: give all processes the same topology.secret".into())
        }
        StatusCode::NOT_FOUND => Err("the process that answers does not host it".into()),
        status => Err(format!("it answers {status}")),
    }
}
