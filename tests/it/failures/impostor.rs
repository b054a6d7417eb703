//! Somebody who listens where a process of ours should, and speaks another language.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::world::Stage;

/// What is said instead of an answer: nothing at all, half of one, something else, an answer of somebody
/// who is none of ours.
pub(super) const GARBAGE: [&[u8]; 5] = [
    b"",
    b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\ncontent-type: application/json\r\n\r\n{\"items\": [",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 220 mail.example.com ESMTP\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}",
];

/// Answers everybody with the same, until it is told to leave.
pub(super) struct Impostor(JoinHandle<()>);

impl Impostor {
    /// Takes the internal address of a process that does not run.
    pub(super) async fn of(stage: &Stage, name: &str, garbage: &'static [u8]) -> Self {
        let address = stage.door(name).strip_prefix("http://").unwrap();
        let listener = TcpListener::bind(address).await.unwrap();
        Self(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(answer(stream, garbage));
            }
        }))
    }

    /// Its address is free afterwards.
    pub(super) async fn leave(self) {
        self.0.abort();
        assert!(self.0.await.unwrap_err().is_cancelled(), "it answers until it is told to leave");
    }
}

async fn answer(mut stream: TcpStream, garbage: &[u8]) -> std::io::Result<()> {
    let mut asked = [0; 1024];
    let _ = stream.read(&mut asked).await?;
    stream.write_all(garbage).await
}
