//! A topology as a file for Compose: <https://compose-spec.io>.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use serde::Serialize;
use url::Url;

use super::{Layout, Place, Seat, wiring};
use crate::config::{Config, Storage};

/// Where the image keeps what it needs, see Dockerfile.
const HOME: &str = "/srv/rialto";

#[derive(Serialize)]
struct Compose {
    name: &'static str,
    services: BTreeMap<String, Service>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<String, Empty>,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Default, Serialize)]
struct Service {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Vec<String>>,
    restart: &'static str,
    environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    depends_on: BTreeMap<String, Dependency>,
    healthcheck: Health,
}

#[derive(Serialize)]
struct Dependency {
    condition: &'static str,
}

#[derive(Default, Serialize)]
struct Health {
    test: Vec<String>,
    interval: &'static str,
    timeout: &'static str,
    retries: u32,
    start_period: &'static str,
}

/// The whole deployment: a service for each replica, and those servers that the configuration expects on
/// this machine, which a container does not reach. `files` are the configuration files, read from where
/// Compose is started.
///
/// # Errors
/// When an address or a URL cannot be taken apart.
pub fn compose(config: &Config, layout: &Layout, files: &[PathBuf]) -> Result<String> {
    let mut servers = BTreeMap::new();
    let mut environment = BTreeMap::from([
        ("RIALTO_DEMO".to_owned(), "false".to_owned()),
        ("RIALTO_LOG__FORMAT".to_owned(), "json".to_owned()),
    ]);
    if layout.is_split() {
        let wanted = "${RIALTO_SECRET:?32 characters or more that nobody else knows}";
        environment.insert("RIALTO_TOPOLOGY__SECRET".to_owned(), wanted.to_owned());
    }
    for place in &layout.processes {
        if let Some(addresses) = addresses(place)? {
            environment.insert(variable(place, "INTERNAL"), addresses);
        }
    }
    database(&config.storage, &mut servers, &mut environment)?;
    if layout.needs_broker() {
        broker(config, &mut servers, &mut environment)?;
    }
    let mut volumes: BTreeMap<_, _> =
        servers.keys().map(|name| (format!("{name}-data"), Empty {})).collect();
    let mut services = BTreeMap::new();
    for place in &layout.processes {
        for replica in 1..=place.replicas {
            let seat = Seat { place: place.clone(), replica };
            let mut service = service(&seat, files, &environment)?;
            service.depends_on = servers.keys().map(|name| (name.clone(), READY)).collect();
            let kept = place.modules.iter().filter_map(|name| wiring::module(name));
            let mut urls =
                kept.flat_map(wiring::Module::databases).map(|it| config.storage.url_of(it));
            if urls.any(|url| url.starts_with("sqlite:")) {
                service.volumes.push(format!("{seat}-data:{HOME}/data"));
                volumes.insert(format!("{seat}-data"), Empty {});
            }
            services.insert(seat.to_string(), service);
        }
    }
    services.extend(servers);
    let compose = Compose { name: "rialto", services, volumes };
    let yaml = serde_saphyr::to_string(&compose).context("the deployment has no YAML form")?;
    Ok(format!(
        "# Made by `rialto topology render compose`. Start it with `docker compose up`.\n{yaml}"
    ))
}

const READY: Dependency = Dependency { condition: "service_healthy" };

/// One replica of one process.
fn service(seat: &Seat, files: &[PathBuf], common: &BTreeMap<String, String>) -> Result<Service> {
    let mut command = vec!["serve".to_owned()];
    let mut volumes = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let inside = format!("{HOME}/config-{number}.toml");
        let outside = if file.is_absolute() { "" } else { "./" };
        volumes.push(format!("{outside}{}:{inside}:ro", file.display()));
        command.extend(["--config".to_owned(), inside]);
    }
    command.extend(["--process".to_owned(), seat.place.name.clone()]);
    command.extend(["--replica".to_owned(), seat.replica.to_string()]);
    let mut environment = common.clone();
    let mut ports = Vec::new();
    let mut probed = seat
        .internal()
        .map(|address| port(address).map(|port| ("http", seat.to_string(), port)))
        .transpose()?;
    if let Some(address) = seat.public() {
        let port = port(address)?;
        environment.insert("RIALTO_HTTP__PUBLIC".to_owned(), format!("0.0.0.0:{port}"));
        if !seat.place.internal.is_empty() {
            environment.insert(variable(&seat.place, "PUBLIC"), format!("0.0.0.0:{port}"));
        }
        ports.push(format!("{port}:{port}"));
        probed.get_or_insert((seat.place.scheme(), "127.0.0.1".to_owned(), port));
    }
    let mut test = vec!["CMD".to_owned(), "rialto".to_owned(), "probe".to_owned()];
    test.extend(probed.map(|(scheme, host, port)| format!("{scheme}://{host}:{port}/readyz")));
    let image = "${RIALTO_IMAGE:-rialto}".to_owned();
    let (depends_on, healthcheck) = (BTreeMap::new(), Health::of(test));
    Ok(Service {
        image,
        command: Some(command),
        restart: "unless-stopped",
        environment,
        ports,
        volumes,
        depends_on,
        healthcheck,
    })
}

impl Health {
    fn of(test: Vec<String>) -> Self {
        Self { test, interval: "5s", timeout: "3s", retries: 12, start_period: "20s" }
    }
}

/// Where the replicas of a process are found: by the names of their services.
fn addresses(place: &Place) -> Result<Option<String>> {
    let mut all = Vec::new();
    for replica in 1..=place.replicas {
        let seat = Seat { place: place.clone(), replica };
        let Some(address) = seat.internal() else { return Ok(None) };
        all.push(format!("{:?}", format!("{seat}:{}", port(address)?)));
    }
    Ok(Some(format!("[{}]", all.join(", "))))
}

fn variable(place: &Place, key: &str) -> String {
    format!("RIALTO_TOPOLOGY__PROCESSES__{}__{key}", place.name.to_uppercase())
}

fn port(address: &str) -> Result<u16> {
    let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.with_context(|| format!("{address} has no port"))
}

/// A Postgres server, when the configuration expects one on this machine.
fn database(
    storage: &Storage,
    servers: &mut BTreeMap<String, Service>,
    environment: &mut BTreeMap<String, String>,
) -> Result<()> {
    let url = storage.url.as_str();
    if !url.starts_with("postgres") || !is_here(url)? {
        return Ok(());
    }
    let password = "${POSTGRES_PASSWORD:?a password for the database}";
    let inside = format!("postgres://rialto:{password}@postgres:5432/rialto");
    environment.insert("RIALTO_STORAGE__URL".to_owned(), inside);
    let variables =
        [("POSTGRES_USER", "rialto"), ("POSTGRES_DB", "rialto"), ("POSTGRES_PASSWORD", password)];
    let test = ["CMD-SHELL", "pg_isready --username rialto --dbname rialto"];
    let service = Service {
        image: "postgres:17".to_owned(),
        restart: "unless-stopped",
        environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        volumes: vec!["postgres-data:/var/lib/postgresql/data".to_owned()],
        healthcheck: Health::of(test.map(str::to_owned).into()),
        ..Service::default()
    };
    servers.insert("postgres".to_owned(), service);
    Ok(())
}

/// A broker, when the configuration expects one on this machine.
fn broker(
    config: &Config,
    servers: &mut BTreeMap<String, Service>,
    environment: &mut BTreeMap<String, String>,
) -> Result<()> {
    if !is_here(config.topology.rabbitmq.url.expose_secret())? {
        return Ok(());
    }
    let password = "${RABBITMQ_PASSWORD:?a password for the broker}";
    let inside = format!("amqp://rialto:{password}@rabbitmq:5672/%2f");
    environment.insert("RIALTO_TOPOLOGY__RABBITMQ__URL".to_owned(), inside);
    let variables = [("RABBITMQ_DEFAULT_USER", "rialto"), ("RABBITMQ_DEFAULT_PASS", password)];
    let test = ["CMD", "rabbitmq-diagnostics", "-q", "check_port_connectivity"];
    let service = Service {
        image: "rabbitmq:4".to_owned(),
        restart: "unless-stopped",
        environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        volumes: vec!["rabbitmq-data:/var/lib/rabbitmq".to_owned()],
        healthcheck: Health::of(test.map(str::to_owned).into()),
        ..Service::default()
    };
    servers.insert("rabbitmq".to_owned(), service);
    Ok(())
}

/// Whether a server's URL means this machine.
fn is_here(url: &str) -> Result<bool> {
    let url = Url::parse(url).context("the URL of a server cannot be read")?;
    Ok(url.host_str().is_none_or(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host)))
}
