//! The schema of every module: one folder of SQL scripts and one history each.
//!
//! To change a module's tables, add the next script to its folder and its line to its file here.
//! Scripts that were released are never edited: databases remember them by checksum. A script is
//! written once where SQLite and Postgres agree (`BIGINT`, `TEXT`, plain constraints) and once
//! per dialect (`….sqlite.sql`, `….postgres.sql`) where they do not.

use storage::migration::History;

#[macro_use]
mod chassis;
mod carts;
mod deliveries;
mod history;
mod notifications;
mod orders;
mod payments;
mod products;
mod sandbox;
mod users;

/// The histories of all modules that keep rows.
pub const ALL: &[&History] = &[
    &users::HISTORY,
    &products::HISTORY,
    &carts::HISTORY,
    &orders::HISTORY,
    &payments::HISTORY,
    &sandbox::HISTORY,
    &deliveries::HISTORY,
    &history::HISTORY,
    &notifications::HISTORY,
];

/// The tables of the chassis alone, for its own tests and benchmarks.
pub const CHASSIS: History = history!(
    "chassis",
    [
        "chassis/0001_messaging" per dialect,
        "chassis/0002_idempotency",
        "chassis/0003_saga",
        "chassis/0004_outbox_ring" per dialect,
        "chassis/0005_gathering",
        "chassis/0006_journal" per dialect,
        "chassis/0007_audit",
        "chassis/0008_journal_trace",
    ]
);

/// The history of a module by its name.
pub fn of(module: &str) -> Option<&'static History> {
    ALL.iter().copied().find(|history| history.module == module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_named_after_a_file_of_its_module_or_the_chassis() {
        for history in ALL {
            for step in history.steps {
                let folder = step.name.split_once('/').map(|(folder, _)| folder);
                assert!(
                    folder == Some(history.module) || folder == Some("chassis"),
                    "{} lists {}",
                    history.module,
                    step.name
                );
            }
        }
    }

    #[test]
    fn no_module_lists_a_step_twice() {
        for history in ALL {
            let mut names: Vec<_> = history.steps.iter().map(|step| step.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), history.steps.len(), "{}", history.module);
        }
    }
}
