//! An instance as it describes itself, once that was found to make sense.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use kernel::Timestamp;

use crate::status::Status;

/// What one instance says about itself. Never changed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Its application, in upper case.
    pub(crate) app: Box<str>,
    /// Names it within its application.
    pub(crate) id: Box<str>,
    pub(crate) host_name: String,
    pub(crate) address: IpAddr,
    pub(crate) port: Port,
    pub(crate) secure_port: Port,
    pub(crate) app_group: Option<String>,
    /// The names by which clients look for it: comma-separated.
    pub(crate) vip: Option<String>,
    pub(crate) secure_vip: Option<String>,
    pub(crate) home_page: Option<String>,
    pub(crate) status_page: Option<String>,
    pub(crate) health_check: Option<String>,
    pub(crate) secure_health_check: Option<String>,
    pub(crate) asg: Option<String>,
    pub(crate) country: i64,
    pub(crate) data_center: DataCenter,
    pub(crate) metadata: BTreeMap<String, String>,
    /// How often it says that it is alive.
    pub(crate) interval: Duration,
    /// How long it is listed after it last did.
    pub(crate) duration: Duration,
    /// When it last changed, in milliseconds by its own clock.
    pub(crate) dirty: i64,
}

/// One port, and whether it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) number: u16,
    pub(crate) enabled: bool,
}

/// In Eureka's words, where an instance runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataCenter {
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What happened to an instance last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Added,
    Modified,
    Deleted,
}

/// An instance as it is listed. Cloning shares what the instance said.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) instance: Arc<Instance>,
    /// What the instance says of itself.
    pub(crate) said: Status,
    /// What somebody else decided about it.
    pub(crate) overridden: Option<Status>,
    pub(crate) action: Action,
    pub(crate) registered: Timestamp,
    pub(crate) renewed: Timestamp,
    pub(crate) updated: Timestamp,
    /// When it was taken out.
    pub(crate) evicted: Option<Timestamp>,
}

impl Record {
    /// Whether it gets traffic.
    pub(crate) fn status(&self) -> Status {
        self.overridden.unwrap_or(self.said)
    }
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}
