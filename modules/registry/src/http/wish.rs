//! What somebody who registers says, before it is known to make sense.
//!
//! Clients in different languages write numbers as text, text as numbers and ports as either, so all of it is
//! read.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use kernel::{Timestamp, Violation};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    instance::{DataCenter, Instance, Port},
    networks::{Forbidden, Networks},
    status::Status,
};

/// The longest that an instance is listed without being heard of.
const LONGEST: Duration = Duration::from_hours(1);
/// The longest text, in bytes.
const LONGEST_TEXT: usize = 2048;
/// How much there may be to say beside.
const MOST_METADATA: usize = 100;
/// The names of what must not be reached by name either.
const METADATA_HOSTS: [&str; 3] = ["metadata", "metadata.google.internal", "instance-data"];
const DEFAULT_CLASS: &str = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    instance_id: Option<Text>,
    host_name: Option<Text>,
    app: Option<Text>,
    ip_addr: Option<Text>,
    status: Option<Text>,
    port: Option<PortWish>,
    secure_port: Option<PortWish>,
    app_group_name: Option<Text>,
    vip_address: Option<Text>,
    secure_vip_address: Option<Text>,
    home_page_url: Option<Text>,
    status_page_url: Option<Text>,
    health_check_url: Option<Text>,
    secure_health_check_url: Option<Text>,
    asg_name: Option<Text>,
    country_id: Option<Text>,
    data_center_info: Option<DataCenterWish>,
    lease_info: Option<LeaseWish>,
    #[serde(default)]
    metadata: Metadata,
    last_dirty_timestamp: Option<Text>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PortWish {
    Whole {
        #[serde(rename = "$")]
        number: Text,
        #[serde(rename = "@enabled")]
        enabled: Option<Text>,
    },
    Number(Text),
}

#[derive(Deserialize)]
struct DataCenterWish {
    #[serde(rename = "@class")]
    class: Option<Text>,
    name: Option<Text>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaseWish {
    renewal_interval_in_secs: Option<Text>,
    duration_in_secs: Option<Text>,
}

/// Text, however it was written.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Self(text)),
            plain @ (Value::Number(_) | Value::Bool(_)) => Ok(Self(plain.to_string())),
            other => Err(serde::de::Error::custom(format!("{other} is no text"))),
        }
    }
}

/// What there is to say beside. An element of XML with nothing in it is no map, and means none.
#[derive(Default)]
struct Metadata(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Value::Object(members) = Value::deserialize(from)? else { return Ok(Self::default()) };
        let mut said = BTreeMap::new();
        for (name, value) in members.into_iter().filter(|(name, _)| !name.starts_with(['@', '$'])) {
            let value = match value {
                Value::Null => continue,
                Value::String(text) => text,
                other => other.to_string(),
            };
            said.insert(name, value);
        }
        Ok(Self(said))
    }
}

/// An instance of `app`, and what it says of its state.
///
/// # Errors
/// Blames the first field that is missing or wrong.
pub(super) fn draft(
    said: Value,
    app: &str,
    networks: &Networks,
    lease: Duration,
    at: Timestamp,
) -> Result<(Instance, Status), Violation> {
    let wish = Wish::deserialize(said).map_err(|cause| {
        Violation::new("/instance", "unreadable", format!("the instance cannot be read: {cause}"))
    })?;
    let named = required("app", wish.app)?.to_uppercase();
    if named != app {
        let detail = format!("app is {named}, but the path says {app}: say the same");
        return Err(wrong("app", detail));
    }
    let host_name = required("hostName", wish.host_name)?;
    let address = required("ipAddr", wish.ip_addr)?;
    let address: IpAddr = address
        .parse()
        .map_err(|_| wrong("ipAddr", format!("ipAddr is {address:?}, which is no IP address")))?;
    let address = networks.admit(address).map_err(|why| outside("ipAddr", address, why))?;
    check_host(&host_name, networks)?;
    let center = wish.data_center_info.ok_or_else(|| missing("dataCenterInfo"))?;
    let data_center = DataCenter {
        class: optional("dataCenterInfo", center.class)?.unwrap_or(DEFAULT_CLASS.to_owned()),
        name: required("dataCenterInfo", center.name)?,
        metadata: center.metadata.0,
    };
    check_metadata(&data_center.metadata)?;
    check_metadata(&wish.metadata.0)?;
    let id = optional("instanceId", wish.instance_id)?;
    let id = id.or_else(|| data_center.metadata.get("instance-id").cloned());
    let (interval, duration) = terms(wish.lease_info.unwrap_or_default(), lease)?;
    let dirty = number("lastDirtyTimestamp", wish.last_dirty_timestamp)?;
    let status = optional("status", wish.status)?.map_or("UP".to_owned(), |status| status);
    let instance = Instance {
        app: app.into(),
        id: id.unwrap_or_else(|| host_name.clone()).into(),
        host_name,
        address,
        port: port("port", wish.port, true)?,
        secure_port: port("securePort", wish.secure_port, false)?,
        app_group: optional("appGroupName", wish.app_group_name)?,
        vip: optional("vipAddress", wish.vip_address)?,
        secure_vip: optional("secureVipAddress", wish.secure_vip_address)?,
        home_page: optional("homePageUrl", wish.home_page_url)?,
        status_page: optional("statusPageUrl", wish.status_page_url)?,
        health_check: optional("healthCheckUrl", wish.health_check_url)?,
        secure_health_check: optional("secureHealthCheckUrl", wish.secure_health_check_url)?,
        asg: optional("asgName", wish.asg_name)?,
        country: number("countryId", wish.country_id)?.unwrap_or(1),
        data_center,
        metadata: wish.metadata.0,
        interval,
        duration,
        dirty: dirty.filter(|dirty| *dirty > 0).unwrap_or(at.micros() / 1000),
    };
    Ok((instance, status.parse().unwrap_or(Status::Unknown)))
}

/// Makes sure that there is not too much to say beside, and nothing that cannot be passed on.
pub(super) fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Violation> {
    if metadata.len() > MOST_METADATA {
        let detail = format!("metadata has more than {MOST_METADATA} entries");
        return Err(wrong("metadata", detail));
    }
    let mut texts = metadata.iter().flat_map(|(name, value)| [name, value]);
    texts.try_for_each(|text| check_text("metadata", text))
}

/// How often it is heard of, and how long it is listed without.
fn terms(said: LeaseWish, lease: Duration) -> Result<(Duration, Duration), Violation> {
    let seconds = |field, said| -> Result<Option<Duration>, Violation> {
        let number = number(field, said)?.and_then(|number| u64::try_from(number).ok());
        Ok(number.filter(|number| *number > 0).map(Duration::from_secs))
    };
    let duration = seconds("leaseInfo/durationInSecs", said.duration_in_secs)?;
    let duration = duration.unwrap_or(lease).min(LONGEST);
    let interval = seconds("leaseInfo/renewalIntervalInSecs", said.renewal_interval_in_secs)?;
    Ok((interval.unwrap_or(duration / 3), duration))
}

fn port(field: &str, said: Option<PortWish>, is_on: bool) -> Result<Port, Violation> {
    let (text, enabled) = match said {
        None => return Ok(Port { number: 0, enabled: false }),
        Some(PortWish::Number(Text(text))) => (text, is_on),
        Some(PortWish::Whole { number: Text(text), enabled }) => {
            (text, enabled.map_or(is_on, |Text(enabled)| enabled.eq_ignore_ascii_case("true")))
        }
    };
    match text.parse() {
        Ok(number) if number > 0 || !enabled => Ok(Port { number, enabled }),
        _ => Err(wrong(field, format!("{field} is {text:?}, which is no port"))),
    }
}

/// Makes sure that a name cannot stand for an address that would be refused.
fn check_host(host: &str, networks: &Networks) -> Result<(), Violation> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return networks.admit(address).map(drop).map_err(|why| outside("hostName", address, why));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    // `0xa9fea9fe` and `2852039166` are addresses to some clients.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name =
        host.split('.').all(is_label) && last.starts_with(|c: char| c.is_ascii_alphabetic());
    if !is_name || METADATA_HOSTS.iter().any(|it| host.eq_ignore_ascii_case(it)) {
        let detail = format!("hostName is {host:?}: say the name or the address of a host");
        return Err(wrong("hostName", detail));
    }
    Ok(())
}

fn outside(field: &str, address: IpAddr, why: Forbidden) -> Violation {
    let detail = match why {
        Forbidden::Never => format!("{field} is {address}, where no service is ever to be reached"),
        Forbidden::Foreign => format!(
            "{field} is {address}, which lies in none of the allowed networks: see registry.networks"
        ),
    };
    Violation::new(format!("/instance/{field}"), "address-not-allowed", detail)
}

fn required(field: &str, said: Option<Text>) -> Result<String, Violation> {
    optional(field, said)?.ok_or_else(|| missing(field))
}

/// Text that says something.
fn optional(field: &str, said: Option<Text>) -> Result<Option<String>, Violation> {
    let Some(Text(text)) = said else { return Ok(None) };
    check_text(field, &text)?;
    Ok((!text.trim().is_empty()).then_some(text))
}

fn number(field: &str, said: Option<Text>) -> Result<Option<i64>, Violation> {
    let Some(text) = optional(field, said)? else { return Ok(None) };
    let number = text.parse().map(Some);
    number.map_err(|_| wrong(field, format!("{field} is {text:?}, which is no number")))
}

fn check_text(field: &str, text: &str) -> Result<(), Violation> {
    if text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
        let detail =
            format!("{field} is longer than {LONGEST_TEXT} bytes, or has control characters in it");
        return Err(wrong(field, detail));
    }
    Ok(())
}

fn missing(field: &str) -> Violation {
    Violation::new(format!("/instance/{field}"), "missing", format!("{field} is missing"))
}

fn wrong(field: &str, detail: String) -> Violation {
    Violation::new(format!("/instance/{field}"), "invalid", detail)
}
