//! `rialto probe`: asks a process whether it is ready. For health checks where there is no other client.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Uri;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::{config::Loaded, topology::Seat};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the process of `seat` by its own address, and says what it found.
///
/// # Errors
/// When it is not ready, or does not answer.
pub async fn run(loaded: &Loaded, seat: &Seat) -> Result<String> {
    let public = loaded.config.http.public.to_string();
    let own = seat.internal().or(seat.public()).unwrap_or(&public);
    ask(&format!("http://{own}/readyz")).await
}

/// Asks `url`, and says what it found.
///
/// # Errors
/// When it is not ready, or does not answer.
pub async fn ask(url: &str) -> Result<String> {
    get(url).await?;
    Ok(format!("{url} is ready\n"))
}

/// Whether the process at `address` (`host:port`) is ready.
pub async fn ready(address: &str) -> Result<()> {
    get(&format!("http://{address}/readyz")).await
}

async fn get(url: &str) -> Result<()> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let answer = tokio::time::timeout(PATIENCE, client.get(uri)).await;
    let answer = answer.with_context(|| format!("{url} does not answer within {PATIENCE:?}"))?;
    let status = answer.with_context(|| format!("{url} does not answer"))?.status();
    ensure!(status.is_success(), "{url} answers {status}");
    Ok(())
}
