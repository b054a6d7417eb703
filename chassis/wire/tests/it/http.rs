//! Calls over HTTP, through real sockets, to neighbours of every kind.

use std::{sync::Arc, time::Duration};

use crate::support::{Clerk, Desk, Error, RemoteDesk, skeleton, tokens, within};
use actix_web::{App, HttpServer, dev::ServerHandle};
use discovery::Instances;
use identity::InternalTokens;
use wire::http::{Client, Options};

const PATIENCE: Duration = Duration::from_secs(5);

#[expect(dead_code, reason = "more tests follow")]
/// A process that serves the port.
struct Process {
    address: String,
    clerk: Arc<Clerk>,
    server: ServerHandle,
}

impl Process {
    fn start() -> Self {
        Self::start_with(&Options::default())
    }

    fn start_with(options: &Options) -> Self {
        let clerk = Arc::new(Clerk::default());
        let calls = wire::http::calls(vec![("desk", skeleton(&clerk))], tokens(), options);
        let app = move || App::new().configure(|app| calls.configure(app));
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0].to_string();
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, clerk, server: handle }
    }

    fn desk(&self) -> Arc<dyn Desk> {
        desk_at([self.address.as_str()])
    }
}

fn client() -> Client {
    client_with(tokens())
}

fn client_with(tokens: InternalTokens) -> Client {
    Client::new("shop", tokens, Options::default())
}

fn desk_at<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Arc<dyn Desk> {
    RemoteDesk::over(client().dial("carts", "desk", Instances::fixed(addresses)))
}

#[tokio::test]
async fn a_reply_and_a_refusal_come_back_as_the_port_gave_them() {
    let process = Process::start();
    let desk = process.desk();
    let answers = async { (desk.echo("good day".into()).await, desk.echo("rude".into()).await) };
    let (reply, refusal) = within(PATIENCE).scope(answers).await;
    assert_eq!(reply, Ok("good day".into()));
    assert_eq!(refusal, Err(Error::Rude("rude".into())));
}
