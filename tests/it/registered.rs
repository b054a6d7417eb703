//! Processes and services that find each other by a registry.

use std::{path::Path, process::Stdio};

use reqwest::{Client, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::world::{Deployment, Patience, World, eventually};

const GREETER: &str = "examples/greeter.py";
const NAME: &str = "greeter";
const PASSWORD: &str = "open sesame";

/// What the registry of a shop says.
struct Registry {
    url: String,
    client: Client,
}

impl Registry {
    fn of(world: &World) -> Self {
        let url = format!("{}/eureka", world.door("registry"));
        Self { url, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// The ids of those who answer for `app`.
    async fn ids(&self, app: &str) -> Vec<String> {
        let asked = self.client.get(format!("{}/v2/apps/{app}", self.url));
        let asked = asked.basic_auth(NAME, Some(PASSWORD)).header("accept", "application/json");
        let answer = asked.send().await.unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            return Vec::new();
        }
        let answer: Value = answer.json().await.unwrap();
        let all = answer["application"]["instance"].as_array().unwrap().iter();
        all.map(|instance| instance["instanceId"].as_str().unwrap().to_owned()).collect()
    }

    async fn has(&self, app: &str, count: usize) {
        eventually(&format!("{count} answer for {app}"), Patience::START, async || {
            (self.ids(app).await.len() == count).then_some(())
        })
        .await;
    }
}

fn greeter(registry: &Registry) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(GREETER);
    let mut command = Command::new("python3");
    command.arg(script).args([&registry.url, NAME, PASSWORD]).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn replicas_and_a_service_in_python_register_are_asked_and_leave_and_a_dead_registry_changes_nothing()
 {
    let world = World::open(Deployment::FOUND_BY_A_REGISTRY, &[]).await;
    let (registry, guest) = (Registry::of(&world), world.guest());
    registry.has("ORDERS", 2).await;
    registry.has("GATEWAY", 1).await;

    let service = greeter(&registry);
    let hello = async || {
        let answer = guest.get("/services/greeter/hello?name=world").await;
        let text = "\"asked_for\": \"/hello?name=world\"";
        (answer.status == StatusCode::OK && answer.text.contains(text)).then_some(())
    };
    eventually("the service is reached through the gateway", Patience::START, hello).await;

    // The gateway asks the other replica, and the registry forgets the dead one.
    world.kill("shop-2").await;
    registry.has("ORDERS", 1).await;
    for _ in 0..20 {
        assert_eq!(guest.get("/v1/products").await.status, StatusCode::OK);
    }
    world.start("shop-2").await;
    registry.has("ORDERS", 2).await;

    world.kill("registry").await;
    for _ in 0..20 {
        assert_eq!(guest.get("/v1/products").await.status, StatusCode::OK);
        hello().await.expect("the service is still known");
    }
    world.start("registry").await;
    registry.has("ORDERS", 2).await;
    registry.has("GREETER", 1).await;

    let pid = service.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    kill_process(pid.expect("the service runs"), Signal::TERM).unwrap();
    registry.has("GREETER", 0).await;
    world.stop_all().await;
}
