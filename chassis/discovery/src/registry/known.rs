//! Who is known from a registry.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::wire::{All, Seen};

/// How long those are kept whom a registry that came back does not know yet: they need one heartbeat to
/// register again.
const GRACE: Duration = Duration::from_secs(30);

/// Who is known, by application in upper case and by id.
#[derive(Default)]
pub(super) struct Known(HashMap<String, BTreeMap<String, Entry>>);

struct Entry {
    /// Where it answers while it takes work.
    up: Option<Arc<str>>,
    /// Since when it is not in what the registry says.
    missing: Option<Instant>,
}

impl Known {
    /// Takes over what a registry says it knows.
    pub(super) fn all(&mut self, all: All, now: Instant) {
        for entry in self.0.values_mut().flat_map(BTreeMap::values_mut) {
            entry.missing.get_or_insert(now);
        }
        for seen in all.applications.application.into_iter().flat_map(|app| app.instance) {
            self.insert(&seen);
        }
    }

    /// Takes over one change.
    pub(super) fn change(&mut self, seen: &Seen) {
        if seen.action_type != "DELETED" {
            return self.insert(seen);
        }
        if let Some(instances) = self.0.get_mut(&seen.app.to_uppercase()) {
            instances.remove(&seen.instance_id);
        }
    }

    /// Forgets who was missing for too long.
    pub(super) fn forget(&mut self, now: Instant) {
        for instances in self.0.values_mut() {
            instances.retain(|_, entry| {
                entry.missing.is_none_or(|since| now.saturating_duration_since(since) < GRACE)
            });
        }
    }

    /// Where `app` answers, in the order of ids.
    pub(super) fn up(&self, app: &str) -> Vec<Arc<str>> {
        let instances = self.0.get(app).into_iter().flat_map(BTreeMap::values);
        instances.filter_map(|entry| entry.up.clone()).collect()
    }

    fn insert(&mut self, seen: &Seen) {
        let up = seen.address().filter(|_| seen.status == "UP").map(Arc::from);
        let instances = self.0.entry(seen.app.to_uppercase()).or_default();
        instances.insert(seen.instance_id.clone(), Entry { up, missing: None });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen(id: &str, port: u16, status: &str, action: &str) -> serde_json::Value {
        json!({
            "instanceId": id, "app": "orders", "ipAddr": "10.0.0.1", "status": status,
            "port": { "$": port, "@enabled": "true" }, "actionType": action,
        })
    }

    fn all(instances: &[serde_json::Value]) -> All {
        let all = json!({ "applications": { "application": [{ "name": "ORDERS", "instance": instances }] } });
        serde_json::from_value(all).unwrap()
    }

    fn one(instance: serde_json::Value) -> Seen {
        serde_json::from_value(instance).unwrap()
    }

    fn up(known: &Known) -> Vec<String> {
        known.up("ORDERS").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_those_who_take_work_are_up() {
        let mut known = Known::default();
        let now = Instant::now();
        known.all(all(&[seen("a", 1, "UP", ""), seen("b", 2, "OUT_OF_SERVICE", "")]), now);
        assert_eq!(up(&known), ["10.0.0.1:1"]);
        known.change(&one(seen("b", 2, "UP", "MODIFIED")));
        known.change(&one(seen("c", 3, "UP", "ADDED")));
        known.change(&one(seen("a", 1, "UP", "DELETED")));
        assert_eq!(up(&known), ["10.0.0.1:2", "10.0.0.1:3"]);
    }

    #[test]
    fn a_registry_that_lost_its_memory_is_not_believed_at_once() {
        let mut known = Known::default();
        let start = Instant::now();
        known.all(all(&[seen("a", 1, "UP", ""), seen("b", 2, "UP", "")]), start);
        known.all(all(&[seen("a", 1, "UP", "")]), start);
        known.forget(start + GRACE / 2);
        assert_eq!(up(&known), ["10.0.0.1:1", "10.0.0.1:2"]);
        known.all(all(&[seen("a", 1, "UP", "")]), start + GRACE / 2);
        known.forget(start + GRACE);
        assert_eq!(
            up(&known),
            ["10.0.0.1:1"],
            "being missing twice is being missing since the first time"
        );
    }
}
