//! A thread with a runtime of its own: where each contestant's other side lives.

use std::net::SocketAddr;
use std::thread;

use anyhow::{Context, Result};
use tokio::net::TcpListener;

/// Runs `serve` on a thread of its own for as long as this process lives; says where it listens.
///
/// One thread a side for everybody, as in the shop, where a request is answered by one worker.
pub(crate) fn start<F>(
    name: &'static str,
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> Result<SocketAddr>
where
    F: Future<Output = Result<()>>,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let work = move || -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { serve(TcpListener::from_std(listener)?).await })
    };
    let ended = move || {
        if let Err(cause) = work() {
            eprintln!("the server of {name} ended: {cause:#}");
        }
    };
    thread::Builder::new().name(name.to_owned()).spawn(ended).context("no thread")?;
    Ok(address)
}
