//! What goes over the wire, in Eureka's words.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Announcement, Options};

/// Everybody, as `GET /apps` and the event `registry` say it.
#[derive(Deserialize)]
pub(super) struct All {
    pub(super) applications: Applications,
}

#[derive(Deserialize)]
pub(super) struct Applications {
    #[serde(default)]
    pub(super) application: Vec<Application>,
}

#[derive(Deserialize)]
pub(super) struct Application {
    #[serde(default)]
    pub(super) instance: Vec<Seen>,
}

/// One change, as the event `instance` says it.
#[derive(Deserialize)]
pub(super) struct Change {
    pub(super) instance: Seen,
}

/// One instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seen {
    #[serde(default)]
    pub(super) instance_id: String,
    pub(super) app: String,
    pub(super) ip_addr: String,
    pub(super) status: String,
    pub(super) port: Option<Port>,
    #[serde(default)]
    pub(super) action_type: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Port {
    #[serde(rename = "$")]
    pub(super) number: u16,
    #[serde(rename = "@enabled")]
    pub(super) enabled: String,
}

impl Seen {
    /// Where it answers, `host:port`, if it does so without TLS.
    pub(super) fn address(&self) -> Option<String> {
        let port = self.port.as_ref().filter(|port| port.enabled == "true")?.number;
        let ip = self.ip_addr.parse().ok()?;
        Some(std::net::SocketAddr::new(ip, port).to_string())
    }
}

/// What we say about ourselves as `module`.
pub(super) fn registration(module: &str, said: &Announcement, options: &Options) -> Value {
    let Announcement { id, address, .. } = said;
    json!({
        "instance": {
            "instanceId": id,
            "app": module.to_uppercase(),
            "hostName": address.ip(),
            "ipAddr": address.ip(),
            "port": { "$": address.port(), "@enabled": "true" },
            "securePort": { "$": 443, "@enabled": "false" },
            "status": "UP",
            "vipAddress": module,
            "dataCenterInfo": {
                "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                "name": "MyOwn",
            },
            "leaseInfo": {
                "renewalIntervalInSecs": options.beat.as_secs().max(1),
                "durationInSecs": options.lease.as_secs().max(1),
            },
            "metadata": { "rialto": env!("CARGO_PKG_VERSION") },
        }
    })
}
