//! What the rules of orders never do.

use orders_api::{Contact, DeliveryStatus, Error, PaymentStatus, Status};

use super::{
    Happening, State, contact, goal, next, sources,
    state::{all, is_possible},
};

const HAPPENINGS: [Happening; 17] = [
    Happening::Declined,
    Happening::Authorized,
    Happening::Voided,
    Happening::Paid,
    Happening::Completed,
    Happening::Cancelled,
    Happening::Expired,
    Happening::Rejected,
    Happening::Cancelling,
    Happening::Kept,
    Happening::CalledOff,
    Happening::Undone,
    Happening::Refunded { all: true },
    Happening::Refunded { all: false },
    Happening::Delivery(DeliveryStatus::InTransit),
    Happening::Delivery(DeliveryStatus::Delivered),
    Happening::Delivery(DeliveryStatus::None),
];

fn transitions(happening: Happening) -> impl Iterator<Item = (State, State)> {
    all().into_iter().filter_map(move |from| Some((from, next(from, happening)?)))
}

#[test]
fn whatever_happens_an_order_stays_one_that_can_be() {
    for happening in HAPPENINGS {
        for (from, to) in transitions(happening) {
            assert!(is_possible(to), "{happening:?} makes {to:?} of {from:?}");
        }
    }
}

#[test]
fn an_order_is_completed_only_when_it_is_paid_and_rejected_only_then() {
    for happening in [Happening::Completed, Happening::Rejected] {
        for (from, _) in transitions(happening) {
            assert!(!matches!(from.payment, PaymentStatus::None | PaymentStatus::Authorized));
        }
    }
}

#[test]
fn an_order_that_ended_does_not_begin_again() {
    let ended = |state: &State| {
        matches!(state.status, Status::Cancelled | Status::Expired | Status::Rejected)
    };
    for happening in HAPPENINGS {
        for (from, to) in transitions(happening).filter(|(from, _)| ended(from)) {
            assert_eq!(from.status, to.status, "{happening:?}");
        }
    }
}

#[test]
fn a_paid_order_does_not_expire_and_is_not_paid_twice() {
    for happening in [Happening::Expired, Happening::Paid] {
        for (from, _) in transitions(happening) {
            assert!(matches!(from.payment, PaymentStatus::None | PaymentStatus::Authorized));
        }
    }
}

#[test]
fn a_cancelled_order_that_was_completed_is_refunded() {
    for (_, to) in transitions(Happening::CalledOff) {
        assert_eq!((to.status, to.payment), (Status::Cancelled, PaymentStatus::Refunded));
    }
}

#[test]
fn what_a_parcel_does_changes_nothing_else_and_what_money_does_neither() {
    for (from, to) in transitions(Happening::Delivery(DeliveryStatus::Delivered)) {
        assert_eq!((from.status, from.payment), (to.status, to.payment));
    }
    for all in [true, false] {
        for (from, to) in transitions(Happening::Refunded { all }) {
            assert_eq!((from.status, from.delivery), (to.status, to.delivery));
        }
    }
}

#[test]
fn the_steps_of_every_checkout_usually_lead_to_one_goal() {
    for (happening, sources_of_goal) in [(Happening::Paid, 2), (Happening::Completed, 1)] {
        let (usual, _) = goal(happening).unwrap();
        assert_eq!(sources(happening, usual).count(), sources_of_goal, "{happening:?}");
        assert_eq!(usual.payment, PaymentStatus::Paid);
    }
}

#[test]
fn a_guest_is_reached_by_mail_and_a_user_is_known_already() {
    let guest = identity::GuestToken::fresh().subject().parse().unwrap();
    let user = kernel::Ids::system().next();
    let given = |email: &str| Some(Contact { email: email.into() });
    assert_eq!(contact(guest, given(" ada@example.com ")), Ok(given("ada@example.com")));
    assert_eq!(contact(user, given("ada@example.com")), Ok(None));
    for wrong in ["", "ada", "ada@", "@example.com", "ada@example", "a da@example.com"] {
        assert!(matches!(contact(guest, given(wrong)), Err(Error::Invalid(_))), "{wrong:?}");
    }
    assert!(matches!(contact(guest, None), Err(Error::Invalid(_))));
}
