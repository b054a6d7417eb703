//! The instances this process talks to: their kept connections, and which of them failed lately.
//!
//! **Invariants:** a connection is used by the runtime that made it and by no other, so that no call hops
//! between threads, and none dies with a runtime that stops while others go on. No connection is in use
//! twice at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use http::HeaderValue;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime};

use super::{Body, Options};

/// How long others are preferred to an instance that refused a connection, or broke one under a request.
const PASSED_OVER: Duration = Duration::from_secs(1);
/// How long a connection may take to be free after its answer was read.
const SETTLES: Duration = Duration::from_millis(5);
/// The most connections to one instance that are kept unused.
const MOST_IDLE: usize = 256;
/// How many instances are remembered before all are forgotten, for registries whose addresses come and go.
const MOST_KNOWN: usize = 4096;

/// Every instance this process talked to.
pub(super) struct Neighbours {
    known: ArcSwap<HashMap<Arc<str>, Arc<Neighbour>>>,
    connect: Duration,
    idle: Duration,
    epoch: Instant,
}

/// One instance.
pub(super) struct Neighbour {
    pub(super) address: Arc<str>,
    pub(super) host: HeaderValue,
    connect: Duration,
    idle: Duration,
    epoch: Instant,
    /// Milliseconds after the epoch.
    passed_over_until: AtomicU64,
    /// The one used last at the end.
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    sender: SendRequest<Body>,
    runtime: runtime::Id,
    since: Instant,
}

/// A connection in use. Dropped, it is closed; kept, it is used again.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Body>,
    /// Whether it carried a request before, so that the other side may just be closing it.
    pub(super) is_reused: bool,
    runtime: runtime::Id,
    to: Arc<Neighbour>,
}

impl Neighbours {
    pub(super) fn new(options: &Options) -> Self {
        let (connect, idle) = (options.connect, options.idle);
        Self { known: ArcSwap::default(), connect, idle, epoch: Instant::now() }
    }

    /// The instance at `address`, `host:port`.
    pub(super) fn at(&self, address: &Arc<str>) -> Result<Arc<Neighbour>, String> {
        if let Some(neighbour) = self.known.load().get(address) {
            return Ok(neighbour.clone());
        }
        let host = HeaderValue::from_str(address)
            .map_err(|_| format!("{address:?} is no address: write host:port"))?;
        let fresh = Arc::new(Neighbour {
            address: address.clone(),
            host,
            connect: self.connect,
            idle: self.idle,
            epoch: self.epoch,
            passed_over_until: AtomicU64::new(0),
            kept: Mutex::default(),
        });
        self.known.rcu(|known| {
            let crowded = known.len() >= MOST_KNOWN;
            let mut known = if crowded { HashMap::new() } else { HashMap::clone(known) };
            known.entry(address.clone()).or_insert_with(|| fresh.clone());
            known
        });
        Ok(self.known.load().get(address).cloned().unwrap_or(fresh))
    }
}

impl Neighbour {
    /// Whether it failed a moment ago.
    pub(super) fn is_passed_over(&self) -> bool {
        let until = self.passed_over_until.load(Relaxed);
        until != 0 && millis(self.epoch.elapsed()) < until
    }

    /// A connection to it: one that is kept, else a new one.
    pub(super) async fn connection(self: Arc<Self>) -> Result<Connection, String> {
        let runtime = runtime::Handle::current().id();
        while let Some(mut sender) = self.take(runtime) {
            if sender.is_ready() || settled(&mut sender).await {
                return Ok(Connection { sender, is_reused: true, runtime, to: self });
            }
        }
        match self.connect().await {
            Ok(sender) => {
                self.passed_over_until.store(0, Relaxed);
                Ok(Connection { sender, is_reused: false, runtime, to: self })
            }
            Err(cause) => {
                self.pass_over();
                Err(format!("{} cannot be reached: {cause}", self.address))
            }
        }
    }

    /// Prefers other instances for a moment.
    pub(super) fn pass_over(&self) {
        self.passed_over_until.store(millis(self.epoch.elapsed() + PASSED_OVER), Relaxed);
    }

    fn take(&self, runtime: runtime::Id) -> Option<SendRequest<Body>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(at) = kept.iter().rposition(|it| it.runtime == runtime) {
            let Kept { sender, since, .. } = kept.remove(at);
            if !sender.is_closed() && since.elapsed() < self.idle {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: SendRequest<Body>, runtime: runtime::Id) {
        let since = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = kept.partition_point(|it| since - it.since >= self.idle);
        let spare = (kept.len() + 1).saturating_sub(MOST_IDLE);
        kept.drain(..stale.max(spare));
        kept.push(Kept { sender, runtime, since });
    }

    async fn connect(&self) -> Result<SendRequest<Body>, String> {
        let made = tokio::time::timeout(self.connect, TcpStream::connect(&*self.address)).await;
        let stream = match made {
            Ok(stream) => stream.map_err(|cause| cause.to_string())?,
            Err(_) => return Err(format!("no connection after {:?}", self.connect)),
        };
        stream.set_nodelay(true).map_err(|cause| cause.to_string())?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|cause| cause.to_string())?;
        // It ends by itself: with the sender, or with the other side.
        tokio::spawn(async move {
            if let Err(cause) = connection.await {
                tracing::debug!(%cause, "a connection between processes broke");
            }
        });
        Ok(sender)
    }
}

impl Connection {
    /// Keeps it for the next request.
    pub(super) fn keep(self) {
        self.to.keep(self.sender, self.runtime);
    }
}

/// Whether a connection that was just used becomes free for the next request, as it does at once unless
/// the other side answered without reading what it was sent.
async fn settled(sender: &mut SendRequest<Body>) -> bool {
    matches!(tokio::time::timeout(SETTLES, sender.ready()).await, Ok(Ok(())))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
