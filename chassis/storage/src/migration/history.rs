//! The steps that a binary knows.

use xxhash_rust::xxh3::xxh3_64;

use crate::Backend;

/// The steps of one module, oldest first. They are remembered in `<module>_migrations`.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// The module's name.
    pub module: &'static str,
    /// Its steps.
    pub steps: &'static [Step],
}

/// One SQL script, in the dialects of both databases.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What the history table calls it, such as `orders/0001_orders`.
    pub name: &'static str,
    /// What SQLite runs.
    pub sqlite: &'static str,
    /// What Postgres runs.
    pub postgres: &'static str,
}

impl Step {
    pub(super) fn script(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }

    /// A digest of the script that does not depend on how a checkout ends its lines.
    pub(super) fn checksum(&self, backend: Backend) -> String {
        let script = self.script(backend).replace("\r\n", "\n");
        format!("{:016x}", xxh3_64(script.as_bytes()))
    }
}

/// Embeds a [`Step`] named after its file, relative to the file of the call:
/// `step!("orders/0001_orders")` takes `orders/0001_orders.sql` for both databases, and
/// `step!("chassis/0001_messaging", per dialect)` takes `….sqlite.sql` and `….postgres.sql`.
#[macro_export]
macro_rules! step {
    ($path:literal) => {
        $crate::migration::Step {
            name: $path,
            sqlite: include_str!(concat!($path, ".sql")),
            postgres: include_str!(concat!($path, ".sql")),
        }
    };
    ($path:literal, per dialect) => {
        $crate::migration::Step {
            name: $path,
            sqlite: include_str!(concat!($path, ".sqlite.sql")),
            postgres: include_str!(concat!($path, ".postgres.sql")),
        }
    };
}
