//! Where the instances of a module are. Here: where the topology file says they are.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// The instances that can be asked now. Cloning shares them.
///
/// Never empty because somebody did not answer: whoever keeps the list leaves the last known instances
/// in it.
#[derive(Clone, Debug)]
pub struct Instances(Arc<ArcSwap<Vec<Instance>>>);

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
        Self(Arc::new(ArcSwap::from_pointee(all)))
    }

    /// The instances as they are known at this moment.
    pub fn now(&self) -> Arc<Vec<Instance>> {
        self.0.load_full()
    }
}
