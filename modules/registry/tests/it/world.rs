//! One registry, and somebody who asks it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle};
use host::Background;
use identity::InternalTokens;
use kernel::SystemClock;
use registry::{Needs, Registry, Service, Settings};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const SECRET: &str = "a secret of thirty-two characters";
pub(crate) const PASSWORD: &str = "open sesame";
pub(crate) const TOKEN: &str = "a token of some length";

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Registry,
    pub(crate) tokens: InternalTokens,
    client: reqwest::Client,
    server: ServerHandle,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    /// A registry that `shop` may use (Basic) for SHOP and STALL, and `bearer` (a token) for BEARER.
    pub(crate) async fn open() -> Self {
        Self::at(([127, 0, 0, 1], 0).into()).await
    }

    /// The same, at an address.
    pub(crate) async fn at(address: SocketAddr) -> Self {
        let tokens = InternalTokens::new(&SECRET.into(), Arc::new(SystemClock)).unwrap();
        let shop = Service {
            password: Some(PASSWORD.into()),
            apps: vec!["shop".into(), "STALL".into()],
            ..Service::default()
        };
        let bearer = Service { token: Some(TOKEN.into()), ..Service::default() };
        let services = [("shop".to_owned(), shop), ("bearer".to_owned(), bearer)];
        let registry = registry::open(Needs {
            tokens: tokens.clone(),
            reserved: vec!["orders".to_owned()],
            clock: Arc::new(SystemClock),
            settings: Settings { services: services.into(), ..Settings::default() },
        })
        .unwrap();
        let served = registry.clone();
        let app = move || {
            let registry = served.clone();
            App::new().configure(move |app| registry.configure(app))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(address);
        let server = server.unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        let stop = CancellationToken::new();
        tokio::spawn(Background::run_all(registry.background(), stop.clone()));
        Self { address, registry, tokens, client: reqwest::Client::new(), server: handle, stop }
    }

    /// Ends without a word, forgetting everything; gives where it was.
    pub(crate) async fn crash(self) -> SocketAddr {
        self.server.stop(false).await;
        self.address
    }

    /// Where clients find it, with the name and the password of `shop`.
    pub(crate) fn url(&self) -> String {
        format!("http://shop:{}@{}/eureka", PASSWORD.replace(' ', "%20"), self.address)
    }

    /// A request of nobody in particular.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request of `shop`, which reads JSON.
    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.anonymous(method, path).basic_auth("shop", Some(PASSWORD));
        request.header("accept", "application/json")
    }

    pub(crate) async fn register(&self, instance: &Value) -> Response {
        let app = instance["app"].as_str().unwrap().to_owned();
        let body = json!({ "instance": instance });
        let request = self.ask(Method::POST, &format!("/eureka/v2/apps/{app}"));
        request.json(&body).send().await.unwrap()
    }

    /// Registers, and makes sure that it worked.
    pub(crate) async fn registered(&self, instance: &Value) {
        let answer = self.register(instance).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{:?}", answer.text().await);
    }

    /// The status of an answer.
    pub(crate) async fn status(&self, method: Method, path: &str) -> StatusCode {
        self.ask(method, path).send().await.unwrap().status()
    }

    /// What `path` answers.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    /// The XML that `path` answers.
    pub(crate) async fn xml(&self, path: &str) -> String {
        let request = self.anonymous(Method::GET, path).basic_auth("shop", Some(PASSWORD));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("application/xml"), "{kind}");
        answer.text().await.unwrap()
    }

    /// Says that an instance is alive.
    pub(crate) async fn beat(&self, app: &str, id: &str) -> StatusCode {
        self.status(Method::PUT, &format!("/eureka/v2/apps/{app}/{id}")).await
    }

    pub(crate) async fn is_listed(&self, app: &str, id: &str) -> bool {
        let path = format!("/eureka/v2/apps/{app}/{id}");
        self.status(Method::GET, &path).await == StatusCode::OK
    }
}

/// An instance of SHOP as an ordinary client describes it.
pub(crate) fn instance(id: &str) -> Value {
    json!({
        "instanceId": id,
        "hostName": "shop.internal",
        "app": "SHOP",
        "ipAddr": "127.0.0.1",
        "status": "UP",
        "port": { "$": 8081, "@enabled": "true" },
        "securePort": { "$": 443, "@enabled": "false" },
        "vipAddress": "shop,stall",
        "secureVipAddress": "shop-tls",
        "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
            "name": "MyOwn",
        },
        "leaseInfo": { "renewalIntervalInSecs": 30, "durationInSecs": 90 },
        "metadata": { "zone": "a" },
        "lastDirtyTimestamp": "1000",
    })
}

/// The same, listed for `seconds` only after it was last heard of.
pub(crate) fn short_lived(id: &str, seconds: u64) -> Value {
    let mut instance = instance(id);
    instance["leaseInfo"] = json!({ "renewalIntervalInSecs": 1, "durationInSecs": seconds });
    instance
}
