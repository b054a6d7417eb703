//! Says that we are here, again and again, and that we leave.

use std::time::Duration;

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use tokio::{
    sync::oneshot,
    time::{MissedTickBehavior, timeout},
};
use url::Url;

use super::{Announcement, FAREWELL, Options, request, wire};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Announcer {
    client: reqwest::Client,
    options: Options,
    said: Announcement,
    /// Which of the registries is asked.
    turn: usize,
    /// Whether the last round went wrong, which was logged.
    is_unheard: bool,
}

impl Announcer {
    pub(super) fn new(client: reqwest::Client, options: Options, said: Announcement) -> Self {
        Self { client, options, said, turn: 0, is_unheard: false }
    }

    /// Says that we are here until `left` is told that we are not, and then that.
    pub(super) async fn run(mut self, mut left: oneshot::Receiver<()>) {
        let mut beats = tokio::time::interval(self.options.beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = &mut left => break,
                () = async { beats.tick().await; self.beat().await } => {}
            }
        }
        let told = timeout(FAREWELL, self.leave()).await;
        if let Err(cause) = told.unwrap_or_else(|_| Err("it does not answer".to_owned())) {
            tracing::warn!(cause, "the registry was not told that we leave");
        }
    }

    async fn leave(&self) -> Result<(), String> {
        let gone = self.said.modules.iter().map(|module| async {
            self.send(Method::DELETE, self.url(module, Some(&self.said.id), None), None).await
        });
        join_all(gone).await.into_iter().try_for_each(|gone| gone.map(drop))
    }

    /// One round: a heartbeat for each module, and a registration for those that are not known.
    async fn beat(&mut self) {
        let all = self.said.modules.iter().map(|module| self.renew(module));
        let failed = join_all(all).await.into_iter().find_map(Result::err);
        if let Some(cause) = &failed {
            self.turn = self.turn.wrapping_add(1);
            if !self.is_unheard {
                tracing::warn!(cause, "the registry does not take us; who is known stays known");
            }
        } else if self.is_unheard {
            tracing::info!("the registry takes us again");
        }
        self.is_unheard = failed.is_some();
    }

    async fn renew(&self, module: &str) -> Result<(), String> {
        let url = self.url(module, Some(&self.said.id), Some("UP"));
        if self.send(Method::PUT, url, None).await? != StatusCode::NOT_FOUND {
            return Ok(());
        }
        let body = wire::registration(module, &self.said, &self.options);
        match self.send(Method::POST, self.url(module, None, None), Some(&body)).await? {
            StatusCode::NOT_FOUND => Err("there is no registry at its address".to_owned()),
            _ => Ok(()),
        }
    }

    /// What is answered: a success, or that something is not there.
    async fn send(
        &self,
        method: Method,
        url: Result<Url, String>,
        body: Option<&serde_json::Value>,
    ) -> Result<StatusCode, String> {
        let asked = request(&self.client, method, url?, &self.options.credential).timeout(PATIENCE);
        let asked = match body {
            Some(body) => asked.json(body),
            None => asked,
        };
        let answer = asked.send().await.map_err(|cause| cause.without_url().to_string())?;
        let status = answer.status();
        if status.is_success() || status == StatusCode::NOT_FOUND {
            return Ok(status);
        }
        let why = answer.text().await.unwrap_or_default();
        Err(format!("it answers {status}: {why}"))
    }

    fn url(&self, module: &str, id: Option<&str>, status: Option<&str>) -> Result<Url, String> {
        let Options { urls, .. } = &self.options;
        let base = self.turn.checked_rem(urls.len()).map(|turn| urls[turn].clone());
        let mut url = base.ok_or("there is no registry to ask")?;
        let app = module.to_uppercase();
        let mut path = url.path_segments_mut().map_err(|()| "the registry's URL has no path")?;
        path.pop_if_empty().extend(["apps", &app]).extend(id);
        drop(path);
        if let Some(status) = status {
            url.query_pairs_mut().append_pair("status", status);
        }
        Ok(url)
    }
}
