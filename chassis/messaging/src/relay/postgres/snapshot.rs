//! A set of transactions, written as Postgres writes a `pg_snapshot`.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// The transactions before `end` that were not still running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    end: u64,
    running: BTreeSet<u64>,
}

/// What was read is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no snapshot")]
pub(super) struct NoSnapshot(String);

impl Snapshot {
    /// The one in which nothing is visible.
    pub(super) fn empty() -> Self {
        Self { end: 1, running: BTreeSet::new() }
    }

    /// Whether what the transaction `xid` did is visible.
    pub(super) fn sees(&self, xid: u64) -> bool {
        xid < self.end && !self.running.contains(&xid)
    }

    /// Makes what the transaction `xid` did visible too, and nothing else.
    pub(super) fn add(&mut self, xid: u64) {
        if xid < self.end {
            self.running.remove(&xid);
        } else {
            self.running.extend(self.end..xid);
            self.end = xid + 1;
        }
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, running } = self;
        write!(f, "{}:{end}:", running.first().unwrap_or(end))?;
        for (n, xid) in running.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{xid}")?;
        }
        Ok(())
    }
}

impl FromStr for Snapshot {
    type Err = NoSnapshot;

    fn from_str(text: &str) -> Result<Self, NoSnapshot> {
        let read = || {
            let mut parts = text.split(':');
            let (_, end, running) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            let running = running.split(',').filter(|xid| !xid.is_empty());
            Some(Self { end, running: running.map(|xid| xid.parse().ok()).collect::<Option<_>>()? })
        };
        read().ok_or_else(|| NoSnapshot(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_read_and_written_as_postgres_does() {
        for text in ["1:1:", "10:20:10,14,15", "7:7:"] {
            assert_eq!(text.parse::<Snapshot>().unwrap().to_string(), text);
        }
        assert!("10:20".parse::<Snapshot>().is_err());
        assert!("10:x:".parse::<Snapshot>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_added_becomes_visible_and_nothing_else_does(
            end in 1_u64..20,
            running in prop::collection::btree_set(1_u64..20, 0..8),
            added in prop::collection::vec(1_u64..40, 0..20),
        ) {
            let running = running.into_iter().filter(|xid| *xid < end).collect();
            let before = Snapshot { end, running };
            let mut after = before.clone();
            added.iter().for_each(|xid| after.add(*xid));
            for xid in 1..50 {
                prop_assert_eq!(after.sees(xid), before.sees(xid) || added.contains(&xid));
            }
            let read: Snapshot = after.to_string().parse().unwrap();
            for xid in 1..50 {
                prop_assert_eq!(read.sees(xid), after.sees(xid));
            }
        }
    }
}
