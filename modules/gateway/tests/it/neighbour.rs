//! A neighbour that tells its routes as it should, and answers everything else as it was told to.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use host::{RouteTable, Routes};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// What happens after the answer.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// The connection is closed.
    Close,
    /// The connection stays open, and nothing comes any more.
    Silence,
    /// The connection stays open for the next request.
    Next,
}

pub(crate) struct Neighbour {
    pub(crate) address: String,
    /// The heads of the requests that it was sent, but for those for its routes.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Neighbour {
    /// Claims to host the module of `routes`, and says `answer` to every request.
    pub(crate) async fn saying(routes: &Routes, answer: impl Into<String>, then: Then) -> Self {
        let table = serde_json::to_string(&RouteTable::of(routes).unwrap()).unwrap();
        Self::telling(table, answer, then).await
    }

    /// The same with a table of routes as it is written.
    pub(crate) async fn telling(table: String, answer: impl Into<String>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (answer, seen) = (answer.into(), heads.clone());
        tokio::spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(talk(stream, table.clone(), answer.clone(), then, seen.clone()));
            }
        });
        Self { address, heads }
    }
}

async fn talk(
    mut stream: TcpStream,
    table: String,
    answer: String,
    then: Then,
    heads: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    loop {
        let head = head(&mut stream).await?;
        if head.starts_with("GET /routes/") {
            let length = table.len();
            let told = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{table}");
            stream.write_all(told.as_bytes()).await.ok()?;
            continue;
        }
        heads.lock().unwrap().push(head);
        stream.write_all(answer.as_bytes()).await.ok()?;
        match then {
            Then::Close => return None,
            Then::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
            Then::Next => {}
        }
    }
}

/// A request up to the empty line.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
