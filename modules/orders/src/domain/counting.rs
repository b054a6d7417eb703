//! What became of the lines of an order, counted from its parcels.

use deliveries_api::{Portion, ShipmentId, Status as Way};
use orders_api::{Counts, Line};

/// A parcel of an order, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) shipment: ShipmentId,
    pub(crate) fate: Fate,
    /// What is in it; nothing said is the whole order.
    pub(crate) lines: Vec<Portion>,
}

/// What became of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was given to a carrier and is not back.
    Shipped,
    /// It is back in the house.
    Returned,
    /// It was called off before that.
    Cancelled,
}

impl Fate {
    /// What has become of a parcel that has got so far; nothing yet, when it is in the house.
    pub(crate) fn of(way: Way) -> Option<Self> {
        match way {
            Way::Pending | Way::Ready => None,
            Way::Returned => Some(Self::Returned),
            Way::Cancelled => Some(Self::Cancelled),
            Way::Dispatched
            | Way::InTransit
            | Way::OutForDelivery
            | Way::FailedAttempt
            | Way::Delivered
            | Way::Returning
            | Way::Lost => Some(Self::Shipped),
        }
    }
}

/// What became of `line`, given every parcel that counts. Of an order that is `cancelled` nothing more will be
/// sent.
pub(crate) fn counts(line: &Line, parcels: &[Parcel], cancelled: bool) -> Counts {
    let of = |fates: &[Fate]| {
        let parcels = parcels.iter().filter(|parcel| fates.contains(&parcel.fate));
        parcels.map(|parcel| packed(line, parcel)).sum::<u32>()
    };
    let shipped = of(&[Fate::Shipped, Fate::Returned]);
    Counts {
        cancelled: match cancelled {
            true => line.quantity.saturating_sub(shipped),
            false => of(&[Fate::Cancelled]),
        },
        shipped,
        returned: of(&[Fate::Returned]),
    }
}

/// How many things of `line` are in a parcel.
fn packed(line: &Line, parcel: &Parcel) -> u32 {
    if parcel.lines.is_empty() {
        return line.quantity;
    }
    let portions = parcel.lines.iter().filter(|portion| portion.variant == line.variant);
    portions.map(|portion| portion.quantity).sum()
}

#[cfg(test)]
mod tests {
    use kernel::{Currency, Ids, Money};
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn line(quantity: u32) -> Line {
        Line {
            variant: Ids::system().next(),
            quantity,
            sku: "MUG-1".to_owned(),
            title: "Mug".to_owned(),
            price: Money::new(900, Currency::EUR),
            counts: Counts::default(),
        }
    }

    /// Parcels that hold so many of a line each, and have got so far.
    fn parcels() -> impl Strategy<Value = Vec<(u32, Way)>> {
        vec((1_u32..4, select(&Way::ALL[..])), 1..6)
    }

    fn told(line: &Line, parcels: &[(u32, Way)]) -> Vec<Parcel> {
        let portion = |quantity| Portion { variant: line.variant, quantity };
        let told = parcels.iter().filter_map(|(quantity, way)| {
            let (shipment, lines) = (Ids::system().next(), vec![portion(*quantity)]);
            Some(Parcel { shipment, fate: Fate::of(*way)?, lines })
        });
        told.collect()
    }

    proptest! {
        #[test]
        fn what_is_counted_never_exceeds_what_was_bought(parcels in parcels(), cancelled: bool) {
            let line = line(parcels.iter().map(|(quantity, _)| quantity).sum());
            let Counts { cancelled, shipped, returned } = counts(&line, &told(&line, &parcels), cancelled);
            prop_assert!(cancelled + shipped <= line.quantity);
            prop_assert!(returned <= shipped);
        }

        #[test]
        fn what_is_neither_sent_nor_called_off_is_in_the_house(parcels in parcels()) {
            let line = line(parcels.iter().map(|(quantity, _)| quantity).sum());
            let Counts { cancelled, shipped, .. } = counts(&line, &told(&line, &parcels), false);
            let in_house = parcels.iter().filter(|(_, way)| way.is_in_the_house());
            let in_house = in_house.map(|(quantity, _)| quantity).sum::<u32>();
            prop_assert_eq!(cancelled + shipped + in_house, line.quantity);
            let over = counts(&line, &told(&line, &parcels), true);
            prop_assert_eq!(over.cancelled + over.shipped, line.quantity);
        }
    }

    #[test]
    fn a_parcel_that_does_not_say_what_is_in_it_is_the_whole_order() {
        let line = line(3);
        let parcel = |fate| Parcel { shipment: Ids::system().next(), fate, lines: Vec::new() };
        let shipped = Counts { shipped: 3, ..Counts::default() };
        assert_eq!(counts(&line, &[parcel(Fate::Shipped)], false), shipped);
        let back = Counts { returned: 3, ..shipped };
        assert_eq!(counts(&line, &[parcel(Fate::Returned)], false), back);
    }
}
