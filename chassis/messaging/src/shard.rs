//! Which lane of its channel a message travels in.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Lanes per channel. Pinned: it is part of every stored and travelling envelope.
pub const SHARDS: u16 = 16;

/// The seed of the hash. Pinned for the same reason.
const SEED: u64 = 0x7269_616c_746f_0001;

/// The lane of `key` in `channel`: XXH3-64 over `channel`, a zero byte and `key`, modulo [`SHARDS`].
///
/// Computed here and never by a broker, so that every bus keeps the same messages together.
pub fn shard(channel: &str, key: &str) -> u16 {
    let mut place = Vec::with_capacity(channel.len() + 1 + key.len());
    place.extend_from_slice(channel.as_bytes());
    place.push(0);
    place.extend_from_slice(key.as_bytes());
    let lane = xxh3_64_with_seed(&place, SEED) % u64::from(SHARDS);
    u16::try_from(lane).unwrap_or(0)
}
