//! Chance that is the same each time for the same parcel.

use deliveries_api::Waybill;

/// Whether something that happens to `percent` of all parcels happens to this one. `what` tells apart what
/// has nothing to do with each other.
pub(super) fn befalls(percent: u8, waybill: &Waybill, what: &str) -> bool {
    percent > 0 && fnv1a(&[waybill.as_str(), what]) % 100 < u64::from(percent)
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo), its upper half mixed into the lower one, which alone hardly
/// differs for short texts.
fn fnv1a(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_were_said_are_befallen_and_always_the_same() {
        let waybills: Vec<_> = (0..10_000).map(|n| Waybill::new(n * 7919)).collect();
        let lost = |waybill: &&Waybill| befalls(20, waybill, "lost");
        let count = waybills.iter().filter(lost).count();
        assert!((1_800..2_200).contains(&count), "{count}");
        assert_eq!(waybills.iter().filter(lost).count(), count);
        assert!(waybills.iter().all(|waybill| befalls(100, waybill, "lost")));
        assert!(!waybills.iter().any(|waybill| befalls(0, waybill, "lost")));
    }
}
