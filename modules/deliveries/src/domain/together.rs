//! How far all parcels of an order have got together.

use deliveries_api::Status;
use orders_api::DeliveryStatus;

/// How far parcels have got that are at `statuses`. Those that were called off do not count.
pub(crate) fn overall(statuses: &[Status]) -> DeliveryStatus {
    let parcels: Vec<_> = statuses.iter().filter(|it| **it != Status::Cancelled).collect();
    let all = |like: fn(Status) -> bool| parcels.iter().all(|status| like(**status));
    let some = |like: fn(Status) -> bool| parcels.iter().any(|status| like(**status));
    if parcels.is_empty() {
        DeliveryStatus::None
    } else if all(|status| status == Status::Delivered) {
        DeliveryStatus::Delivered
    } else if some(|status| status == Status::Delivered) {
        DeliveryStatus::PartiallyDelivered
    } else if all(|status| status == Status::Returned) {
        DeliveryStatus::Returned
    } else if some(|status| matches!(status, Status::Returning | Status::Returned)) {
        DeliveryStatus::Returning
    } else if some(Status::is_under_way) {
        DeliveryStatus::InTransit
    } else {
        DeliveryStatus::Preparing
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Some parcels of one order, in whatever order.
    fn parcels() -> impl Strategy<Value = Vec<Status>> {
        vec(select(&Status::ALL[..]), 0..6)
    }

    proptest! {
        #[test]
        fn the_order_of_the_parcels_makes_no_difference(
            (parcels, shuffled) in parcels().prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle()))
        ) {
            prop_assert_eq!(overall(&parcels), overall(&shuffled));
        }

        #[test]
        fn what_was_called_off_does_not_count(parcels in parcels(), at in 0_usize..6) {
            let mut more = parcels.clone();
            more.insert(at.min(parcels.len()), Status::Cancelled);
            prop_assert_eq!(overall(&parcels), overall(&more));
        }

        #[test]
        fn an_order_is_delivered_when_all_of_it_is_and_partially_when_some_of_it_is(parcels in parcels()) {
            let counted: Vec<_> =
                parcels.iter().filter(|status| **status != Status::Cancelled).collect();
            let arrived = counted.iter().filter(|status| ***status == Status::Delivered).count();
            let expected = match arrived {
                0 => None,
                all if all == counted.len() => Some(DeliveryStatus::Delivered),
                _ => Some(DeliveryStatus::PartiallyDelivered),
            };
            match expected {
                Some(expected) => prop_assert_eq!(overall(&parcels), expected),
                None => prop_assert!(!matches!(
                    overall(&parcels),
                    DeliveryStatus::Delivered | DeliveryStatus::PartiallyDelivered
                )),
            }
        }

        #[test]
        fn an_order_can_be_called_off_only_while_all_of_it_is_in_the_house(parcels in parcels()) {
            let in_house = matches!(overall(&parcels), DeliveryStatus::None | DeliveryStatus::Preparing);
            let left = parcels.iter().any(|it| !it.is_in_the_house() && *it != Status::Cancelled);
            prop_assert_eq!(in_house, !left);
        }

        #[test]
        fn a_parcel_that_is_split_in_the_house_is_as_far_as_before(parcels in parcels(), nth in 0_usize..6) {
            if let Some(status) = parcels.get(nth).filter(|status| status.is_in_the_house()) {
                let mut more = parcels.clone();
                more.push(*status);
                prop_assert_eq!(overall(&parcels), overall(&more));
            }
        }
    }
}
