//! Every path of a payment, walked.

use std::{collections::VecDeque, time::Duration};

use kernel::{Clock, Currency, Ids, Money, SystemClock};

use super::*;
use crate::provider::{Outcome, Verdict};

/// What the world has seen of a payment.
#[derive(Clone, Debug)]
struct Path {
    payment: Payment,
    postings: Vec<Posting>,
    said: Vec<Say>,
    steps: Vec<String>,
}

const DEPTH: usize = 7;

fn collected() -> (Payment, Timestamp) {
    let (ids, now) = (Ids::system(), SystemClock.now());
    let command = Collect {
        payment: ids.next(),
        order: ids.next(),
        customer: ids.next(),
        amount: Money::new(1999, Currency::EUR),
        token: "pm_card_visa".to_owned(),
        until: now.plus(Duration::from_secs(900)),
    };
    (collect(command, None, now).0, now)
}

fn outcomes() -> Vec<Outcome> {
    let verdicts = [
        Verdict::Captured,
        Verdict::NeedsAction,
        Verdict::Declined("card_declined".to_owned()),
        Verdict::Cancelled,
        Verdict::Refunded,
    ];
    verdicts.map(|verdict| Outcome { reference: "ch_1".to_owned(), verdict }).into()
}

/// Everything that can happen to a payment next.
fn moves(path: &Path, now: Timestamp) -> Vec<Path> {
    let payment = &path.payment;
    let step = |payment: Payment, what: &str| {
        let mut next = Path { payment, ..path.clone() };
        next.steps.push(what.to_owned());
        next
    };
    let mut next = Vec::new();
    let n = payment.attempts.last().map_or(0, |last| last.n);
    for outcome in outcomes() {
        if let Some(Next { payment, postings, say }) = told(payment, n, &outcome) {
            let mut told = step(payment, &format!("{:?}", outcome.verdict));
            told.postings.extend(postings);
            told.said.extend(say);
            next.push(told);
        }
    }
    match void(payment.clone(), None) {
        Reaction::Answer(()) => {}
        Reaction::Change(payment) => next.push(step(payment, "void")),
        Reaction::ChangeAndAnswer(payment, ()) => {
            let mut closed = step(payment, "void");
            closed.said.push(Say::Voided);
            next.push(closed);
        }
    }
    let (id, customer) = (payment.id, payment.customer);
    let (token, key) = ("pm_card_visa".to_owned(), format!("key-{}", path.steps.len()));
    let wish = NewAttempt { customer, payment: id, token, key };
    if let Ok(Attempting::Begun(payment)) = attempt(payment, &wish, now) {
        next.push(step(*payment, "attempt"));
    }
    if let Ok(Some(payment)) = complete(payment, &format!("act_{n}")) {
        next.push(step(payment, "complete"));
    }
    next
}

fn assert_sound(path: &Path) {
    let Payment { authorized, captured, refund_pending, refunded, amount, .. } = path.payment;
    let given_back = refunded + refund_pending;
    assert!(0 <= given_back && given_back <= captured, "{path:?}");
    assert!(captured <= authorized && authorized <= amount.minor, "{path:?}");
    for posting in [Posting::Capture, Posting::Refund] {
        assert!(path.postings.iter().filter(|it| **it == posting).count() <= 1, "{path:?}");
    }
    assert_eq!(path.postings.contains(&Posting::Capture), captured > 0, "{path:?}");
    assert_eq!(path.postings.contains(&Posting::Refund), refunded > 0, "{path:?}");
    assert!(path.said.iter().filter(|say| **say == Say::Collected).count() <= 1, "{path:?}");
    if let Some(closed) = path.said.iter().position(|say| *say == Say::Voided) {
        assert_eq!(closed + 1, path.said.len(), "nothing is said after the end: {path:?}");
        assert_eq!(captured, refunded, "{path:?}");
    }
    let waits_for_provider = work(&path.payment).is_some();
    let unsettled = path.payment.status == Status::Processing
        || (path.payment.is_undone() && path.payment.status != Status::Voided);
    assert_eq!(waits_for_provider, unsettled, "the sweep finds exactly what has work: {path:?}");
}

#[test]
fn no_path_moves_money_twice_or_speaks_after_the_end() {
    let (payment, now) = collected();
    let start = Path { payment, postings: Vec::new(), said: Vec::new(), steps: Vec::new() };
    let mut paths = VecDeque::from([start]);
    let mut walked = 0;
    while let Some(path) = paths.pop_front() {
        assert_sound(&path);
        walked += 1;
        if path.steps.len() < DEPTH {
            paths.extend(moves(&path, now));
        }
    }
    assert!(walked > 500, "the walk is broken: {walked} paths");
}

#[test]
fn an_outcome_of_an_earlier_attempt_is_no_news() {
    let (mut payment, _) = collected();
    payment.attempts.push(Attempt::new(2, "pm_card_visa".to_owned(), None));
    for outcome in outcomes() {
        assert_eq!(told(&payment, 1, &outcome), None);
    }
}

#[test]
fn one_key_names_one_attempt_with_one_card() {
    let (mut payment, now) = collected();
    payment.attempts[0].key = Some("k".to_owned());
    let wish = |token: &str| NewAttempt {
        customer: payment.customer,
        payment: payment.id,
        token: token.to_owned(),
        key: "k".to_owned(),
    };
    assert_eq!(attempt(&payment, &wish("pm_card_visa"), now), Ok(Attempting::Known(1)));
    assert_eq!(attempt(&payment, &wish("pm_card_other"), now), Err(Error::KeyReused));
}
