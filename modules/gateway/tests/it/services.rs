//! Services in other languages behind the gateway: strangers that answer whatever they like.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use discovery::Instances;
use gateway::{Documents, Needs, Service, Settings};
use host::{Cursors, Policy};
use identity::{Grant, InternalTokens, Issuer, Role, SigningKey, Verifier};
use kernel::{Code, SystemClock};
use ports::Meters;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use telemetry::Metrics;
use wire::http::{Client, Options};

use crate::world::{problem, serve};

/// Says what it was asked, and with which headers.
fn stranger() -> SocketAddr {
    async fn tell(request: HttpRequest, body: web::Bytes) -> HttpResponse {
        let headers: serde_json::Map<String, Value> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
            .collect();
        HttpResponse::Ok().json(json!({
            "method": request.method().as_str(),
            "target": request.uri().to_string(),
            "headers": headers,
            "body": std::str::from_utf8(&body).unwrap(),
        }))
    }
    let app = || App::new().default_service(web::to(tell));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    address
}

struct Shop {
    url: String,
    token: String,
    client: reqwest::Client,
}

fn shop(services: Vec<(&str, Policy, Vec<String>)>) -> Result<Shop, host::Unfit> {
    let clock = Arc::new(SystemClock);
    let issuer = Issuer::new(vec![SigningKey::generate().unwrap()], "shop", "shop", clock.clone());
    let tokens = InternalTokens::new(&"s".repeat(32).into(), clock.clone()).unwrap();
    let service = |(name, policy, at): (&str, Policy, Vec<String>)| Service {
        name: name.to_owned(),
        policy,
        instances: Instances::fixed(at),
    };
    let gateway = gateway::open(Needs {
        keys: Verifier::new(&issuer.jwks(), "shop", "shop", clock).into(),
        routes: Vec::new(),
        remote: Vec::new(),
        services: services.into_iter().map(service).collect(),
        client: Some(Client::new("edge", tokens, Options::default())),
        documents: Documents::default(),
        cursors: Cursors::new(b"secret"),
        metrics: Metrics::new(Meters::default()),
        deadline: Duration::from_secs(10),
        settings: Settings::default(),
    })?;
    let grant = Grant {
        subject: "usr_1".into(),
        roles: vec![Role::Customer],
        token: "tok_1".into(),
        session: None,
    };
    let token = issuer.issue(grant).unwrap().token.expose_secret().to_owned();
    let url = format!("http://{}", serve(gateway));
    Ok(Shop { url, token, client: reqwest::Client::new() })
}

#[actix_web::test]
async fn a_service_is_asked_below_its_name_and_hears_nothing_of_who_asks() {
    let at = vec![stranger().to_string()];
    let shop = shop(vec![("greeter", Policy::Customer, at)]).unwrap();
    for (path, target) in [
        ("/services/greeter/hello?to=you", "/hello?to=you"),
        ("/services/greeter", "/"),
        ("/services/greeter/", "/"),
        ("/services/greeter?a=b", "/?a=b"),
        ("/services/greeter/services/greeter", "/services/greeter"),
    ] {
        let request = shop.client.post(format!("{}{path}", shop.url)).bearer_auth(&shop.token);
        let request = request.header("x-user-id", "usr_2").header("x-forwarded-for", "8.8.8.8");
        let told: Value = request.body("hello").send().await.unwrap().json().await.unwrap();
        assert_eq!(told["target"], target, "{path}");
        assert_eq!((&told["method"], &told["body"]), (&json!("POST"), &json!("hello")));
        let headers = told["headers"].as_object().unwrap();
        for name in ["authorization", "x-user-id", "rialto-peer", "guest-token"] {
            assert!(!headers.contains_key(name), "{name}: {headers:?}");
        }
        assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
        assert_eq!(headers["x-forwarded-prefix"], "/services/greeter");
        assert!(headers.contains_key("traceparent"));
    }
}

#[actix_web::test]
async fn a_service_is_asked_only_if_it_was_named_and_only_for_those_who_may() {
    let at = vec![stranger().to_string()];
    let shop = shop(vec![("greeter", Policy::Customer, at), ("nobody", Policy::Public, vec![])]);
    let shop = shop.unwrap();
    let get = async |path: &str| shop.client.get(format!("{}{path}", shop.url)).send().await;
    problem(get("/services/greeter/hello").await.unwrap(), Code::Unauthenticated).await;
    problem(get("/services/other/hello").await.unwrap(), Code::NotFound).await;
    problem(get("/services/greeterx/hello").await.unwrap(), Code::NotFound).await;
    problem(get("/services/nobody/hello").await.unwrap(), Code::DependencyUnavailable).await;
}

#[actix_web::test]
async fn of_two_instances_the_one_that_answers_is_asked() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = vec![dead.to_string(), stranger().to_string()];
    let shop = shop(vec![("greeter", Policy::Public, at)]).unwrap();
    for _ in 0..10 {
        let request = shop.client.get(format!("{}/services/greeter/hello", shop.url));
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }
}

#[actix_web::test]
async fn a_name_that_cannot_be_in_a_path_does_not_start() {
    let refused = shop(vec![("Greeter/..", Policy::Public, vec![])]);
    let said = refused.err().map(|unfit| unfit.to_string()).unwrap_or_default();
    assert!(said.contains("gateway.services names \"Greeter/..\""), "{said}");
}
