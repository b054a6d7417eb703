//! What history believes: facts, from events and from records alike.

mod facts;

use deliveries_api::Status as Parcel;
use orders_api::DeliveryStatus;

pub(crate) use facts::{Fact, OrderFact, PaymentFact, ShipmentFact, Told};

/// How far all parcels of an order have got together. What was called off does not count.
pub(crate) fn overall(parcels: &[Parcel]) -> DeliveryStatus {
    let counted: Vec<Parcel> =
        parcels.iter().copied().filter(|parcel| *parcel != Parcel::Cancelled).collect();
    let any = |of: &[Parcel]| counted.iter().any(|parcel| of.contains(parcel));
    let all = |of: &[Parcel]| counted.iter().all(|parcel| of.contains(parcel));
    if counted.is_empty() {
        DeliveryStatus::None
    } else if all(&[Parcel::Delivered]) {
        DeliveryStatus::Delivered
    } else if any(&[Parcel::Delivered]) {
        DeliveryStatus::PartiallyDelivered
    } else if all(&[Parcel::Returned]) {
        DeliveryStatus::Returned
    } else if any(&[Parcel::Returning, Parcel::Returned]) {
        DeliveryStatus::Returning
    } else if all(&[Parcel::Pending, Parcel::Ready]) {
        DeliveryStatus::Preparing
    } else {
        DeliveryStatus::InTransit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parcels_together_are_as_far_as_their_slowest_allows() {
        use Parcel::{Cancelled, Delivered, Dispatched, Lost, Ready, Returned, Returning};
        for (parcels, expected) in [
            (&[][..], DeliveryStatus::None),
            (&[Cancelled][..], DeliveryStatus::None),
            (&[Ready, Cancelled][..], DeliveryStatus::Preparing),
            (&[Ready, Dispatched][..], DeliveryStatus::InTransit),
            (&[Delivered, Dispatched][..], DeliveryStatus::PartiallyDelivered),
            (&[Delivered, Delivered][..], DeliveryStatus::Delivered),
            (&[Returning, Returned][..], DeliveryStatus::Returning),
            (&[Returned][..], DeliveryStatus::Returned),
            (&[Lost][..], DeliveryStatus::InTransit),
        ] {
            assert_eq!(overall(parcels), expected, "{parcels:?}");
        }
    }
}
