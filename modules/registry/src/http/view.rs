//! Instances as Eureka shows them: the same tree for JSON and for XML.
//!
//! Timestamps are text, except in `leaseInfo`; so are truth values. That is how Netflix' server writes them,
//! and some clients count on it.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    book::Listing,
    instance::{Port, Record},
};

/// All applications of a listing.
pub(super) fn applications(listing: &Listing) -> Value {
    let mut apps = BTreeMap::<&str, Vec<Value>>::new();
    for record in &listing.records {
        apps.entry(&record.instance.app).or_default().push(instance(record));
    }
    let apps = apps.into_iter().map(|(name, all)| json!({ "name": name, "instance": all }));
    json!({
        "versions__delta": listing.version,
        "apps__hashcode": listing.hashcode,
        "application": apps.collect::<Vec<_>>(),
    })
}

/// One application of a listing that holds nothing else.
pub(super) fn application(listing: &Listing) -> Option<Value> {
    let first = listing.records.first()?;
    let all: Vec<_> = listing.records.iter().map(instance).collect();
    Some(json!({ "name": first.instance.app, "instance": all }))
}

/// One instance.
pub(super) fn instance(record: &Record) -> Value {
    let it = &record.instance;
    let mut data_center = json!({ "@class": it.data_center.class, "name": it.data_center.name });
    if !it.data_center.metadata.is_empty() {
        data_center["metadata"] = json!(it.data_center.metadata);
    }
    let mut members = Map::new();
    let mut say = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    say("instanceId", json!(it.id));
    say("hostName", json!(it.host_name));
    say("app", json!(it.app));
    say("ipAddr", json!(it.address));
    say("status", json!(record.status().to_string()));
    let overridden = record.overridden.map_or("UNKNOWN".to_owned(), |it| it.to_string());
    say("overriddenstatus", json!(overridden));
    say("port", port(it.port));
    say("securePort", port(it.secure_port));
    say("countryId", json!(it.country));
    say("dataCenterInfo", data_center);
    say(
        "leaseInfo",
        json!({
            "renewalIntervalInSecs": it.interval.as_secs(),
            "durationInSecs": it.duration.as_secs(),
            "registrationTimestamp": millis(record.registered),
            "lastRenewalTimestamp": millis(record.renewed),
            "evictionTimestamp": record.evicted.map_or(0, millis),
            "serviceUpTimestamp": millis(record.registered),
        }),
    );
    say("metadata", json!(it.metadata));
    let optional = [
        ("appGroupName", &it.app_group),
        ("homePageUrl", &it.home_page),
        ("statusPageUrl", &it.status_page),
        ("healthCheckUrl", &it.health_check),
        ("secureHealthCheckUrl", &it.secure_health_check),
        ("vipAddress", &it.vip),
        ("secureVipAddress", &it.secure_vip),
        ("asgName", &it.asg),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            say(name, json!(value));
        }
    }
    say("isCoordinatingDiscoveryServer", json!("false"));
    say("lastUpdatedTimestamp", json!(millis(record.updated).to_string()));
    say("lastDirtyTimestamp", json!(it.dirty.to_string()));
    say("actionType", json!(record.action.as_str()));
    members.into()
}

fn port(port: Port) -> Value {
    json!({ "$": port.number, "@enabled": port.enabled.to_string() })
}

fn millis(at: Timestamp) -> i64 {
    at.micros() / 1000
}
