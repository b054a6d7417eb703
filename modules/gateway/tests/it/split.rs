//! A shop in several processes: modules behind internal doors, a gateway in front, and a client.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle};
use discovery::Instances;
use gateway::{Documents, Keys, Needs, Settings, Upstream};
use host::{Answer, Background, Cursors, Interior, Policy, Route, Routes};
use identity::{Grant, InternalTokens, Issuer, Role, SigningKey, Verifier};
use kernel::{Clock, SystemClock};
use ports::Meters;
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use telemetry::Metrics;
use testkit::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::{CancellationToken, DropGuard};
use wire::http::{Client, Options};

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// The tokens of a deployment whose secret is `letter`, many times.
pub(crate) fn tokens(letter: &str) -> InternalTokens {
    InternalTokens::new(&letter.repeat(32).into(), Arc::new(SystemClock)).unwrap()
}

/// A process that hosts modules.
pub(crate) struct Process {
    /// Where its internal listener is.
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
    /// A connection that lives as long as it does.
    canary: TcpStream,
}

impl Process {
    /// Hosts the modules of `routes` on any free port.
    pub(crate) async fn hosting(routes: Vec<Routes>) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), routes, tokens("s")).await
    }

    pub(crate) async fn at(
        address: SocketAddr,
        routes: Vec<Routes>,
        tokens: InternalTokens,
    ) -> Self {
        let interior = Interior::new(routes, tokens, Cursors::new(b"secret"), LIMIT).unwrap();
        let app = move || App::new().configure(|app| interior.configure(app));
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(4 * LIMIT)
            .disable_signals()
            .h1_allow_half_closed(false)
            .shutdown_timeout(0)
            .bind(address)
            .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let mut canary = TcpStream::connect(address).await.unwrap();
        canary.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(canary.read_u8().await.unwrap(), b'H');
        Self { address, handle, canary }
    }

    /// Ends it, whatever it is doing, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.handle.stop(false).await;
        while matches!(self.canary.read(&mut [0; 1024]).await, Ok(1..)) {}
    }
}

/// What to open a gateway with.
pub(crate) struct Setting {
    pub(crate) local: Vec<Routes>,
    pub(crate) remote: Vec<(&'static str, Vec<String>)>,
    pub(crate) deadline: Duration,
    pub(crate) tokens: InternalTokens,
    pub(crate) keys: fn(Verifier) -> Keys,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            local: vec![games()],
            remote: Vec::new(),
            deadline: LIMIT,
            tokens: tokens("s"),
            keys: Keys::from,
        }
    }
}

/// A gateway, and whoever asks it.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) issuer: Issuer,
    pub(crate) verifier: Verifier,
    pub(crate) keys: Keys,
    pub(crate) documents: Documents,
    pub(crate) metrics: Metrics,
    client: reqwest::Client,
    _stop: DropGuard,
}

impl Shop {
    /// A gateway whose module toys lives at `addresses`; its routes are known.
    pub(crate) async fn with_toys_at(addresses: impl IntoIterator<Item = impl ToString>) -> Self {
        let addresses = addresses.into_iter().map(|address| address.to_string()).collect();
        Self::open(Setting { remote: vec![("toys", addresses)], ..Setting::default() }).await
    }

    /// A gateway that knows all routes.
    pub(crate) async fn open(setting: Setting) -> Self {
        let shop = Self::start(setting);
        let known = async || shop.get("/v1/nothing").send().await.unwrap().status() == 404;
        eventually("all routes are known", LIMIT, known).await;
        shop
    }

    /// A gateway that may know nothing yet.
    pub(crate) fn start(setting: Setting) -> Self {
        let Setting { local, remote, deadline, tokens, keys } = setting;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let issuer =
            Issuer::new(vec![SigningKey::generate().unwrap()], "shop", "shop", clock.clone());
        let verifier = Verifier::new(&issuer.jwks(), "shop", "shop", clock);
        let (keys, documents) = (keys(verifier.clone()), Documents::default());
        let metrics = Metrics::new(Meters::default());
        let upstream =
            |(module, at): (_, Vec<String>)| Upstream { module, instances: Instances::fixed(at) };
        let gateway = gateway::open(Needs {
            keys: keys.clone(),
            routes: local,
            remote: remote.into_iter().map(upstream).collect(),
            services: Vec::new(),
            client: Some(Client::new("edge", tokens, Options::default())),
            documents: documents.clone(),
            cursors: Cursors::new(b"secret"),
            metrics: metrics.clone(),
            deadline,
            settings: Settings { address_rate: 0, user_rate: 0, ..Settings::default() },
        });
        let gateway = gateway.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(Background::run_all(gateway.background(), stop.clone()));
        Self {
            address: crate::world::serve(gateway),
            issuer,
            verifier,
            keys,
            documents,
            metrics,
            client: client(),
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request("GET", path)
    }

    pub(crate) fn token(&self, roles: &[Role]) -> String {
        let grant = Grant {
            subject: "usr_1".into(),
            roles: roles.to_vec(),
            token: "tok_1".into(),
            session: Some("ses_1".into()),
        };
        self.issuer.issue(grant).unwrap().token.expose_secret().to_owned()
    }
}

/// A client that follows no redirects.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A module beside the gateway.
pub(crate) fn games() -> Routes {
    let here = async || Answer::ok("here");
    Routes::new("games").route(Route::get("/v1/games", here).allow(Policy::Public).undocumented())
}
