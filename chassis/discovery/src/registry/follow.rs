//! Follows what a registry knows, for ever.

use std::{convert::Infallible, time::Duration};

use futures::StreamExt;
use reqwest::{Method, StatusCode};
use tokio::time::{sleep, timeout};
use url::Url;

use super::{
    Directory, Options, request,
    wire::{All, Change},
};

/// The longest that a watched registry says nothing: it says so every five seconds.
const SILENCE: Duration = Duration::from_secs(15);
/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a registry is asked that cannot be watched.
const POLL: Duration = Duration::from_secs(5);
/// The first and the longest pause before asking again.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(2);
/// The most that one event may be.
const LARGEST: usize = 64 * 1024 * 1024;

/// Follows one registry after the other into `directory`.
pub(super) async fn follow(
    client: &reqwest::Client,
    options: &Options,
    directory: &Directory,
) -> Infallible {
    let (mut pause, mut is_silent) = (SOON, false);
    loop {
        for url in &options.urls {
            let mut heard = false;
            let learn = |change: Learnt| {
                heard = true;
                match change {
                    Learnt::All(all) => directory.learn(|known, now| known.all(all, now)),
                    Learnt::One(one) => directory.learn(|known, _| known.change(&one.instance)),
                    Learnt::Nothing => directory.learn(|_, _| {}),
                }
            };
            let cause = watch(client, options, url, learn).await;
            if heard {
                (pause, is_silent) = (SOON, false);
            }
            if !is_silent {
                let cause = cause.unwrap_or_else(|| "it ended".to_owned());
                tracing::warn!(cause, "the registry is not heard; who is known stays known");
                is_silent = true;
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LATER);
    }
}

/// Something a registry said.
enum Learnt {
    All(All),
    One(Change),
    /// That nothing is new.
    Nothing,
}

/// Listens to one registry, or asks it again and again if it cannot be listened to, until that breaks; says
/// why, if there is more to say than that it ended.
async fn watch(
    client: &reqwest::Client,
    options: &Options,
    base: &Url,
    mut learn: impl FnMut(Learnt),
) -> Option<String> {
    let url = match base.join("/registry/watch") {
        Ok(mut url) => {
            // What is said of us in the base is said here too.
            let named = url.set_username(base.username()).is_ok();
            let proved = url.set_password(base.password()).is_ok();
            (named && proved).then_some(url)?
        }
        Err(cause) => return Some(cause.to_string()),
    };
    let asked = request(client, Method::GET, url, &options.credential).send();
    let answer = match timeout(PATIENCE, asked).await {
        Err(_) => return Some("it does not answer".to_owned()),
        Ok(Err(cause)) => return Some(cause.without_url().to_string()),
        Ok(Ok(answer)) => answer,
    };
    match answer.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return poll(client, options, base, learn).await,
        status => return Some(format!("it answers {status}")),
    }
    let (mut pieces, mut text) = (answer.bytes_stream(), Vec::new());
    loop {
        let piece = match timeout(SILENCE, pieces.next()).await {
            Err(_) => return Some("it says nothing any more".to_owned()),
            Ok(None) => return None,
            Ok(Some(Err(cause))) => return Some(cause.without_url().to_string()),
            Ok(Some(Ok(piece))) => piece,
        };
        text.extend_from_slice(&piece);
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            match read(&event) {
                Ok(learnt) => learn(learnt),
                Err(cause) => return Some(cause),
            }
        }
        if text.len() > LARGEST {
            return Some("it says too much at once".to_owned());
        }
    }
}

/// What an event of `/registry/watch` says.
fn read(event: &[u8]) -> Result<Learnt, String> {
    let text = std::str::from_utf8(event).map_err(|cause| cause.to_string())?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let data = field("data: ").unwrap_or_default();
    let unread = |cause: serde_json::Error| format!("it says what cannot be read: {cause}");
    match field("event: ") {
        Some("registry") => serde_json::from_str(data).map(Learnt::All).map_err(unread),
        Some("instance") => serde_json::from_str(data).map(Learnt::One).map_err(unread),
        _ => Ok(Learnt::Nothing),
    }
}

/// Asks for everybody again and again, until that goes wrong; says why.
async fn poll(
    client: &reqwest::Client,
    options: &Options,
    base: &Url,
    mut learn: impl FnMut(Learnt),
) -> Option<String> {
    loop {
        let mut url = base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().push("apps");
        let asked = async {
            let answer = request(client, Method::GET, url, &options.credential).send().await?;
            answer.error_for_status()?.json::<All>().await
        };
        match timeout(PATIENCE, asked).await {
            Err(_) => return Some("it does not answer".to_owned()),
            Ok(Err(cause)) => return Some(cause.without_url().to_string()),
            Ok(Ok(all)) => learn(Learnt::All(all)),
        }
        sleep(POLL).await;
    }
}
