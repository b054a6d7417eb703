//! Everybody who carries parcels for the shop.

use std::sync::Arc;

use crate::carrier::Carrier;

/// The carriers, the one who carries what nobody else offers first.
#[derive(Clone)]
pub(crate) struct Carriers(Arc<[Arc<dyn Carrier>]>);

impl Carriers {
    pub(crate) fn new(carriers: Vec<Arc<dyn Carrier>>) -> Self {
        Self(carriers.into())
    }

    /// All of them, by name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|carrier| carrier.name())
    }

    /// The carrier with this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<dyn Carrier>> {
        self.0.iter().find(|carrier| carrier.name() == name)
    }

    /// Who carries parcels that go by `method`.
    pub(crate) fn offering(&self, method: &str) -> Option<&Arc<dyn Carrier>> {
        self.0.iter().find(|carrier| carrier.offers(method)).or(self.0.first())
    }
}
