//! A TCP proxy between a client and a server that misbehaves when it is told to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use url::Url;

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flow {
    /// They arrive.
    #[default]
    Pass,
    /// They are kept until they may pass.
    Hold,
    /// They are thrown away.
    Swallow,
    /// They arrive later, piece by piece.
    Delay(Duration),
}

/// Forwards connections to a server. Dropped, it cuts all of them.
pub struct Proxy {
    address: SocketAddr,
    rules: watch::Sender<Rules>,
    made: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rules {
    to_server: Flow,
    to_client: Flow,
    refuses: bool,
    /// Connections that began under another number are cut.
    age: u64,
}

impl Proxy {
    /// Listens on a free port of this machine and forwards to `server`, `host:port`.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    pub async fn to(server: impl Into<String>) -> Self {
        let listener = listen("127.0.0.1:0").await;
        let address = listener.local_addr().expect("a listener has an address");
        let rules = watch::Sender::new(Rules::default());
        let made = Arc::<AtomicUsize>::default();
        let accept = accept(listener, server.into(), rules.subscribe(), made.clone());
        Self { address, rules, made, accepting: tokio::spawn(accept) }
    }

    /// The same in front of the server that a URL names; returns the proxy and the URL through it.
    ///
    /// # Panics
    ///
    /// When the URL names no host and port.
    pub async fn before(url: &str) -> (Self, String) {
        let mut url = Url::parse(url).expect("a URL");
        let server = format!(
            "{}:{}",
            url.host_str().expect("a URL with a host"),
            url.port().expect("a URL with a port")
        );
        let proxy = Self::to(server).await;
        url.set_host(Some("127.0.0.1")).expect("a URL whose host can be replaced");
        url.set_port(Some(proxy.address.port())).expect("a URL whose port can be replaced");
        (proxy, url.into())
    }

    /// Where it listens, `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.made.load(SeqCst)
    }

    /// Decides what happens to bytes from the client to the server, from the next piece on.
    pub fn to_server(&self, flow: Flow) {
        self.rules.send_modify(|rules| rules.to_server = flow);
    }

    /// Decides what happens to bytes from the server to the client, from the next piece on.
    pub fn to_client(&self, flow: Flow) {
        self.rules.send_modify(|rules| rules.to_client = flow);
    }

    /// Cuts all connections. New ones may be made.
    pub fn cut(&self) {
        self.rules.send_modify(|rules| rules.age += 1);
    }

    /// Cuts all connections and makes no new ones: as if nobody listened.
    pub fn refuse(&self) {
        self.rules.send_modify(|rules| {
            rules.age += 1;
            rules.refuses = true;
        });
    }

    /// Lets connections be made again.
    pub fn accept(&self) {
        self.rules.send_modify(|rules| rules.refuses = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn listen(address: &str) -> TcpListener {
    TcpListener::bind(address).await.unwrap_or_else(|cause| panic!("no port at {address}: {cause}"))
}

async fn accept(
    listener: TcpListener,
    server: String,
    mut rules: watch::Receiver<Rules>,
    made: Arc<AtomicUsize>,
) {
    let address = listener.local_addr().expect("a listener has an address").to_string();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let refuses = rules.borrow_and_update().refuses;
        if refuses {
            listener = None;
        } else if listener.is_none() {
            listener = Some(listen(&address).await);
        }
        let next = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok((client, _)) = next => {
                made.fetch_add(1, SeqCst);
                connections.spawn(forward(client, server.clone(), rules.clone()));
            }
            Some(_) = connections.join_next() => {}
            changed = rules.changed() => if changed.is_err() { return },
        }
    }
}

/// One connection, until either side ends it or it is cut.
async fn forward(client: TcpStream, server: String, rules: watch::Receiver<Rules>) {
    let age = rules.borrow().age;
    let mut cut = rules.clone();
    let forwarded = async {
        let Ok(server) = TcpStream::connect(&server).await else { return };
        let nodelay = [client.set_nodelay(true), server.set_nodelay(true)];
        if nodelay.iter().any(Result::is_err) {
            return;
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // Whichever side ends first ends the connection.
        tokio::select! {
            () = pump(from_client, to_server, rules.clone(), |rules| rules.to_server) => {}
            () = pump(from_server, to_client, rules.clone(), |rules| rules.to_client) => {}
        }
    };
    tokio::select! {
        () = forwarded => {}
        _ = cut.wait_for(|rules| rules.age != age) => {}
    }
}

/// One direction of a connection.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut rules: watch::Receiver<Rules>,
    flow: fn(&Rules) -> Flow,
) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let Ok(flow) = rules.wait_for(|rules| flow(rules) != Flow::Hold).await.map(|it| flow(&it))
        else {
            return;
        };
        match flow {
            Flow::Pass | Flow::Hold => {}
            Flow::Swallow => continue,
            Flow::Delay(delay) => tokio::time::sleep(delay).await,
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eventually;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A server that says everything back.
    async fn parrot() -> String {
        let listener = listen("127.0.0.1:0").await;
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn says(stream: &mut TcpStream, words: &[u8]) -> Option<Vec<u8>> {
        stream.write_all(words).await.ok()?;
        let mut answer = vec![0; words.len()];
        stream.read_exact(&mut answer).await.ok().map(|_| answer)
    }

    #[tokio::test]
    async fn a_connection_passes_until_it_is_cut_and_a_new_one_passes_again() {
        let proxy = Proxy::to(parrot().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(says(&mut stream, b"one").await.as_deref(), Some(&b"one"[..]));
        proxy.cut();
        eventually("the connection is cut", LIMIT, async || {
            says(&mut stream, b"two").await.is_none()
        })
        .await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(says(&mut stream, b"three").await.as_deref(), Some(&b"three"[..]));
        assert_eq!(proxy.connections(), 2);
    }

    #[tokio::test]
    async fn nobody_connects_while_it_refuses() {
        let proxy = Proxy::to(parrot().await).await;
        proxy.refuse();
        eventually("connections are refused", LIMIT, async || {
            TcpStream::connect(proxy.address()).await.is_err()
        })
        .await;
        proxy.accept();
        eventually("connections are made", LIMIT, async || {
            match TcpStream::connect(proxy.address()).await {
                Ok(mut stream) => says(&mut stream, b"back").await.is_some(),
                Err(_) => false,
            }
        })
        .await;
    }

    #[tokio::test]
    async fn bytes_are_swallowed_held_and_delayed_in_one_direction() {
        let proxy = Proxy::to(parrot().await).await;
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(says(&mut stream, b"hello").await.is_some());
        proxy.to_client(Flow::Swallow);
        let lost = tokio::time::timeout(Duration::from_millis(100), says(&mut stream, b"lost"));
        assert!(lost.await.is_err(), "an answer came");
        proxy.to_client(Flow::Hold);
        let held = tokio::time::timeout(Duration::from_millis(100), says(&mut stream, b"held"));
        assert!(held.await.is_err(), "an answer came");
        proxy.to_client(Flow::Delay(Duration::from_millis(30)));
        let mut answer = [0; 4];
        tokio::time::timeout(LIMIT, stream.read_exact(&mut answer)).await.unwrap().unwrap();
        assert_eq!(&answer, b"held", "what was held arrives, what was swallowed does not");
        let started = std::time::Instant::now();
        assert!(says(&mut stream, b"late").await.is_some());
        assert!(started.elapsed() >= Duration::from_millis(30));
    }
}
