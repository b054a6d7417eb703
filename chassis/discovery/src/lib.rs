//! Where the instances of a module are: where the topology file says, where a registry says, or where DNS says.
//!
//! Whoever calls holds [`Instances`] and asks for them at each call. Whoever keeps the list replaces it as a
//! whole, and tells those who wait for changes.
//!
//! **Invariant:** a list that once named somebody always names somebody. Who does not answer is found out by
//! those who call; a registry or a name server that does not answer changes nothing.

pub mod dns;
pub mod registry;

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

/// The instances that can be asked now. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Instances(Arc<List>);

#[derive(Debug)]
struct List {
    now: ArcSwap<Vec<Instance>>,
    changed: watch::Sender<()>,
}

/// One process that answers for a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    /// Where its internal listener is: `host:port`.
    pub address: Arc<str>,
}

impl Instances {
    /// Instances that do not change: those a topology file names, each as `host:port`.
    pub fn fixed(addresses: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let instance = |address: Arc<str>| Instance { address };
        let all = addresses.into_iter().map(Into::into).map(instance).collect();
        Self(Arc::new(List { now: ArcSwap::from_pointee(all), changed: watch::Sender::new(()) }))
    }

    /// The instances as they are known at this moment.
    pub fn now(&self) -> Arc<Vec<Instance>> {
        self.0.now.load_full()
    }

    /// Tells whenever other instances are known than before. What was told before it was made does not count.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Replaces the list, unless nobody is in the new one or nothing has changed.
    fn keep(&self, addresses: impl IntoIterator<Item = Arc<str>>) {
        let all: Vec<_> = addresses.into_iter().map(|address| Instance { address }).collect();
        if all.is_empty() || *self.0.now.load_full() == all {
            return;
        }
        self.0.now.store(Arc::new(all));
        self.0.changed.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(instances: &Instances) -> Vec<String> {
        instances.now().iter().map(|instance| instance.address.to_string()).collect()
    }

    #[test]
    fn a_list_changes_as_a_whole_tells_it_and_never_becomes_empty() {
        let instances = Instances::fixed(["a:1", "b:1"]);
        let mut changes = instances.changes();
        instances.keep([]);
        instances.keep(["a:1".into(), "b:1".into()]);
        assert!(!changes.has_changed().unwrap());
        instances.keep(["b:1".into()]);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        assert_eq!(addresses(&instances), ["b:1"]);
        instances.keep([]);
        assert_eq!(addresses(&instances), ["b:1"]);
        assert!(!changes.has_changed().unwrap());
    }
}
