//! Making one connection, with a hand on its socket.
//!
//! The library runs a thread for each connection and ends it when the socket ends. A broker that accepts
//! and never answers would keep thread and socket for ever, once for each attempt; so the socket is shut
//! down from here when nobody wants the connection any more.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    AsyncTcpStream, ConnectionProperties,
    tcp::TLSConfig,
    uri::{AMQPScheme, AMQPUri},
};

use crate::Options;

/// A hand on the socket of one connection. Dropped, it shuts the socket down.
pub(crate) struct Leash(Arc<Mutex<Socket>>);

#[derive(Default)]
struct Socket {
    stream: Option<TcpStream>,
    is_unwanted: bool,
}

impl Drop for Leash {
    fn drop(&mut self) {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        socket.is_unwanted = true;
        if let Some(stream) = socket.stream.take()
            && let Err(cause) = stream.shutdown(Shutdown::Both)
            && cause.kind() != io::ErrorKind::NotConnected
        {
            tracing::debug!(%cause, "a socket to RabbitMQ could not be shut down");
        }
    }
}

/// Connects once.
pub(crate) async fn dial(
    uri: &AMQPUri,
    name: &str,
    options: &Options,
) -> Result<(lapin::Connection, Leash), String> {
    let leash = Leash(Arc::default());
    let socket = leash.0.clone();
    let limit = options.connect;
    let runtime = lapin::runtime::default_runtime().map_err(|cause| cause.to_string())?;
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let mut uri = uri.clone();
    uri.query.heartbeat = Some(u16::try_from(options.heartbeat.as_secs()).unwrap_or(u16::MAX));
    let connected = lapin::Connection::connector(
        uri,
        runtime,
        async move |uri: AMQPUri, runtime| {
            let stream = async {
                let to = address(&uri).await?;
                let stream = AsyncTcpStream::connect(&runtime, to).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    hold(&socket, plain.get_ref().as_fd().try_clone_to_owned()?.into())?;
                }
                match uri.scheme {
                    AMQPScheme::AMQP => Ok(stream),
                    AMQPScheme::AMQPS => {
                        stream.into_tls(&uri.authority.host, TLSConfig::default()).await
                    }
                }
            };
            Ok(in_time(limit, stream).await?)
        },
        properties,
    );
    match tokio::time::timeout(limit, connected).await {
        Ok(Ok(connection)) => Ok((connection, leash)),
        Ok(Err(cause)) => Err(cause.to_string()),
        Err(_) => Err(format!("no connection after {limit:?}")),
    }
}

/// Where the broker is.
async fn address(uri: &AMQPUri) -> io::Result<SocketAddr> {
    let host = (uri.authority.host.as_str(), uri.authority.port);
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    tokio::net::lookup_host(host).await?.next().ok_or_else(unknown)
}

/// Takes hold of the socket, unless nobody waits for it any more.
fn hold(socket: &Mutex<Socket>, stream: TcpStream) -> io::Result<()> {
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    if socket.is_unwanted {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody waits for it any more"));
    }
    socket.stream = Some(stream);
    Ok(())
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("nothing after {limit:?}"));
    tokio::time::timeout(limit, work).await.map_err(late)?
}
