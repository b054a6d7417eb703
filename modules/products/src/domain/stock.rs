//! How stock is held, sold, given back and counted.

use std::collections::HashSet;

use products_api::{
    Adjust, Adjustment, Error, Hold, HoldLine, Reservation, ReservationState, Result, Shortage,
};

use super::check::{Check, refusal};

/// More than any shelf holds, and far from overflow however often it is added.
const MOST: i64 = 1_000_000_000;

/// What can happen to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is sold.
    Commit,
    /// It was taken back and is made again, because it is sold after all.
    Remake,
    /// Its owner gives it back.
    Release,
    /// It is taken back because its time is over.
    Expire,
}

impl Change {
    /// The state it leads to.
    pub(crate) fn target(self) -> ReservationState {
        match self {
            Self::Commit | Self::Remake => ReservationState::Committed,
            Self::Release => ReservationState::Released,
            Self::Expire => ReservationState::Expired,
        }
    }
}

/// The state after `change`, if `state` allows it.
pub(crate) fn next(state: ReservationState, change: Change) -> Option<ReservationState> {
    use ReservationState::{Committed, Expired, Held};
    let allowed = match change {
        Change::Commit | Change::Expire => state == Held,
        Change::Remake => state == Expired,
        Change::Release => matches!(state, Held | Committed),
    };
    allowed.then(|| change.target())
}

/// Every state a reservation can be in.
pub(crate) const STATES: [ReservationState; 5] = [
    ReservationState::Held,
    ReservationState::Committed,
    ReservationState::Consumed,
    ReservationState::Released,
    ReservationState::Expired,
];

/// Whether quantities are set aside for a reservation in this state.
pub(crate) fn is_live(state: ReservationState) -> bool {
    matches!(state, ReservationState::Held | ReservationState::Committed)
}

/// Accepts a hold, or says all that is wrong with it.
pub(crate) fn hold(hold: Hold) -> Result<Hold> {
    let mut check = Check::default();
    let named = (1..=100).contains(&hold.owner.0.chars().count());
    check.that(named, "/owner", "length", "1 to 100 characters are wanted");
    let count = hold.lines.len();
    check.that((1..=100).contains(&count), "/lines", "length", "1 to 100 are wanted");
    let mut seen = HashSet::new();
    for (index, line) in hold.lines.iter().enumerate() {
        let at = format!("/lines/{index}");
        check.that(seen.insert(line.variant), &at, "repeated", "an earlier line has this variant");
        let some = (1..=MOST).contains(&i64::from(line.quantity));
        check.that(some, &format!("{at}/quantity"), "range", "at least one is wanted");
    }
    check.done(hold)
}

/// The lines in the order in which their rows are locked, the same for everybody.
pub(crate) fn in_variant_order(lines: &[HoldLine]) -> Vec<HoldLine> {
    let mut lines = lines.to_vec();
    lines.sort_by_key(|line| line.variant);
    lines
}

/// How many of a line that is sold are in a parcel; one that does not say what is in it has all.
pub(crate) fn taken(line: &HoldLine, parcel: &[HoldLine]) -> u32 {
    if parcel.is_empty() {
        return line.quantity;
    }
    let packed = parcel.iter().filter(|packed| packed.variant == line.variant);
    packed.map(|packed| packed.quantity).sum::<u32>().min(line.quantity)
}

/// Accepts a reservation that is held or sold, and refuses one that ended.
pub(crate) fn still_held(found: Reservation) -> Result<Reservation> {
    match found.state {
        ReservationState::Released | ReservationState::Expired => {
            Err(Error::ReservationEnded(found.owner))
        }
        _ => Ok(found),
    }
}

/// Answers an owner who asks for `hold` and has the reservation `found` already.
pub(crate) fn again(found: Reservation, hold: &Hold) -> Result<Reservation> {
    let found = still_held(found)?;
    if in_variant_order(&found.lines) != in_variant_order(&hold.lines) {
        return Err(refusal("/lines", "differs", "the owner holds other lines already"));
    }
    Ok(found)
}

/// The lines for which there is not enough, where `available` tells how many there are of each.
pub(crate) fn shortages(lines: &[HoldLine], available: &[i64]) -> Vec<Shortage> {
    let lines = lines.iter().zip(available).enumerate();
    lines
        .filter(|(_, (line, available))| **available < i64::from(line.quantity))
        .map(|(index, (line, available))| Shortage {
            line: index,
            variant: line.variant,
            wanted: line.quantity,
            available: *available,
        })
        .collect()
}

/// Accepts a change of what is on hand, or says all that is wrong with it.
pub(crate) fn adjust(mut wish: Adjust) -> Result<Adjust> {
    let mut check = Check::default();
    let some = wish.change != 0 && (-MOST..=MOST).contains(&wish.change);
    let number = "a number other than zero is wanted, at most 1,000,000,000";
    check.that(some, "/change", "range", number);
    let fits = wish.change > 0 || wish.kind == Adjustment::Adjusted;
    check.that(fits, "/change", "range", "what is received or returned is more than before");
    wish.reason = check.text(&wish.reason, "/reason", 1, 200);
    let named = (1..=400).contains(&wish.cause.chars().count());
    check.that(named, "/cause", "length", "1 to 400 characters are wanted");
    check.done(wish)
}

/// The refusal of a cause that was used for another change.
pub(crate) fn other_change() -> Error {
    refusal("/cause", "reused", "the cause names another change already")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_can_be_sold_after_all_and_what_was_given_back_cannot() {
        for state in STATES {
            let taken_back = state == ReservationState::Expired;
            assert_eq!(next(state, Change::Remake).is_some(), taken_back, "{state:?}");
            assert_eq!(next(state, Change::Release).is_some(), is_live(state), "{state:?}");
        }
    }

    #[test]
    fn only_a_hold_that_is_not_sold_expires() {
        let expiring = STATES.into_iter().filter(|state| next(*state, Change::Expire).is_some());
        assert_eq!(expiring.collect::<Vec<_>>(), [ReservationState::Held]);
    }
}
