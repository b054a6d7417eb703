//! A shop in this very process, with wires between groups of its modules.

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Backing, Browser, Deployment, World};

impl World {
    /// A shop that answers at `base` and has no process that could be stopped. Its data is in `folder`.
    pub(crate) fn rehearsed(base: String, folder: TempDir) -> Self {
        Self {
            deployment: Deployment::WHOLE_ON_SQLITE,
            folder,
            backing: Backing::default(),
            settings: Vec::new(),
            places: Vec::new(),
            browser: Browser::to(vec![base]),
            admin_token: OnceCell::new(),
            stripe: None,
            _ports: Vec::new(),
        }
    }

    /// The same folder for a command before there is a shop: where its databases are made.
    pub(crate) fn unopened(settings: &[&str]) -> Self {
        let all: Vec<&str> = super::SETTINGS.iter().chain(settings).copied().collect();
        Self::new(Deployment::WHOLE_ON_SQLITE, &all, Backing::default())
    }
}
