//! Which instance of a group takes which shards: equal parts, which every instance finds by itself.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::SHARDS;

/// The shards that fall to one instance, by group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares(BTreeMap<&'static str, BTreeSet<u16>>);

impl Shares {
    /// Gives this instance its shards of a group.
    pub(super) fn put(&mut self, group: &'static str, shards: BTreeSet<u16>) {
        self.0.insert(group, shards);
    }

    pub(super) fn contains(&self, group: &str, shard: u16) -> bool {
        self.0.get(group).is_some_and(|shards| shards.contains(&shard))
    }
}

/// The shards of `group` that fall to `me`, one of `members`.
///
/// By rendezvous hashing with a limit: each shard goes to the member that draws the highest number for
/// it and has not got its part yet, so that parts differ by one at most and few shards move when a member
/// comes or goes.
pub(super) fn share(group: &str, members: &BTreeSet<Uuid>, me: Uuid) -> BTreeSet<u16> {
    let count = members.len().max(1);
    let part = usize::from(SHARDS) / count;
    let mut larger = usize::from(SHARDS) % count;
    let mut taken: BTreeMap<Uuid, BTreeSet<u16>> = BTreeMap::new();
    for shard in 0..SHARDS {
        let mut ranked: Vec<_> = members.iter().copied().collect();
        ranked.sort_by_cached_key(|member| Reverse(weight(group, shard, *member)));
        for member in ranked {
            let shards = taken.entry(member).or_default();
            if shards.len() > part || (shards.len() == part && larger == 0) {
                continue;
            }
            larger -= usize::from(shards.len() == part);
            shards.insert(shard);
            break;
        }
    }
    taken.remove(&me).unwrap_or_default()
}

fn weight(group: &str, shard: u16, member: Uuid) -> u64 {
    let place = [group.as_bytes(), member.as_bytes()].concat();
    xxh3_64_with_seed(&place, u64::from(shard))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(seeds: &BTreeSet<u128>) -> BTreeSet<Uuid> {
        seeds.iter().copied().map(Uuid::from_u128).collect()
    }

    proptest! {
        #[test]
        fn every_shard_has_one_owner_and_parts_are_equal(
            seeds in prop::collection::btree_set(any::<u128>(), 1..24),
        ) {
            let members = members(&seeds);
            let parts: Vec<_> = members.iter().map(|it| share("ear", &members, *it)).collect();
            let all: BTreeSet<_> = parts.iter().flatten().copied().collect();
            let sizes = || parts.iter().map(BTreeSet::len);
            prop_assert_eq!(all, (0..SHARDS).collect::<BTreeSet<_>>());
            prop_assert_eq!(sizes().sum::<usize>(), usize::from(SHARDS));
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        }

        #[test]
        fn most_shards_stay_when_somebody_joins_two(
            seeds in prop::collection::btree_set(any::<u128>(), 3..4),
        ) {
            let three = members(&seeds);
            let two: BTreeSet<_> = three.iter().copied().take(2).collect();
            let stays = |it: &Uuid| {
                share("ear", &two, *it).intersection(&share("ear", &three, *it)).count()
            };
            // Five or six have to go.
            prop_assert!(two.iter().map(stays).sum::<usize>() >= 6);
        }
    }
}
