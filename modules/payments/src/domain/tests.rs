//! Every path of a payment, walked.

use std::{collections::VecDeque, time::Duration};

use kernel::{Clock, Currency, Ids, Money, SystemClock};
use payments_api::{NewRefund, RefundStatus};

use super::*;
use crate::provider::{Outcome, Repaid, Repayal, Verdict};

/// What the world has seen of a payment.
#[derive(Clone, Debug)]
struct Path {
    payment: Payment,
    postings: Vec<Posting>,
    said: Vec<Say>,
    steps: Vec<String>,
}

const DEPTH: usize = 6;

fn terms(capture: CaptureMode) -> Terms {
    Terms { provider: "sandbox".to_owned(), capture, attempts: 3 }
}

fn collected(capture: CaptureMode) -> (Payment, Timestamp) {
    let (ids, now) = (Ids::system(), SystemClock.now());
    let command = Collect {
        payment: ids.next(),
        order: ids.next(),
        customer: ids.next(),
        amount: Money::new(1999, Currency::EUR),
        token: "pm_card_visa".to_owned(),
        until: now.plus(Duration::from_secs(900)),
    };
    (collect(command, None, &terms(capture), now).0, now)
}

fn outcomes() -> Vec<Outcome> {
    let verdicts = [
        Verdict::Captured(1999),
        Verdict::Captured(500),
        Verdict::Authorized,
        Verdict::NeedsAction(None),
        Verdict::Pending,
        Verdict::Declined("card_declined".to_owned()),
        Verdict::Cancelled,
    ];
    verdicts.map(|verdict| Outcome { reference: Some("ch_1".to_owned()), verdict }).into()
}

fn repayals() -> Vec<Repaid> {
    let verdicts = [Repayal::Done, Repayal::Pending, Repayal::Refused("no".to_owned())];
    verdicts.map(|verdict| Repaid { reference: Some("re_1".to_owned()), verdict }).into()
}

/// Everything that can happen to a payment next.
fn moves(path: &Path, capture: CaptureMode, now: Timestamp) -> Vec<Path> {
    let (payment, ids, terms) = (&path.payment, Ids::system(), terms(capture));
    let step = |payment: Payment, what: &str| {
        let mut next = Path { payment, ..path.clone() };
        next.steps.push(what.to_owned());
        next
    };
    let heard = |Next { payment, postings, say }: Next, what: &str| {
        let mut told = step(payment, what);
        told.postings.extend(postings);
        told.said.extend(say);
        told
    };
    let mut next = Vec::new();
    let n = payment.attempts.last().map_or(0, |last| last.n);
    for outcome in outcomes() {
        let told = told(payment, payment, &outcome, &terms, ids.next(), now);
        next.extend(told.map(|told| heard(told, &format!("{:?}", outcome.verdict))));
    }
    for refund in payment.refunds.iter().filter(|it| it.status == RefundStatus::Pending) {
        for told in repayals() {
            let verdict = format!("{:?}", told.verdict);
            next.extend(repaid(payment, refund.id, &told).map(|told| heard(told, &verdict)));
        }
    }
    match void(payment.clone(), None, ids.next(), now) {
        Reaction::Answer(()) => {}
        Reaction::Change(payment) if payment.is_undone() && path.payment.is_undone() => {}
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
    if let Ok(Attempting::Begun(payment)) = attempt(payment, &wish, &terms, Because::default(), now)
    {
        next.push(step(*payment, "attempt"));
    }
    if let Ok(Some(payment)) = complete(payment, &format!("act_{n}")) {
        next.push(step(payment, "complete"));
    }
    for amount in [None, Some(Money::new(500, Currency::EUR))] {
        if let Ok(Some(payment)) = super::capture(payment, amount) {
            next.push(step(payment, "capture"));
        }
    }
    if let Ok(Some(payment)) = release(payment) {
        next.push(step(payment, "release"));
    }
    let wish = NewRefund {
        payment: id,
        amount: Money::new(400, Currency::EUR),
        reason: "broken".to_owned(),
    };
    if let Ok(payment) = give_back(payment, &wish, ids.next(), now) {
        next.push(step(payment, "refund"));
    }
    next
}

fn assert_sound(path: &Path, now: Timestamp) {
    let payment = &path.payment;
    let Payment { authorized, captured, refund_pending, refunded, amount, .. } = *payment;
    let given_back = refunded + refund_pending;
    assert!(0 <= refunded && 0 <= refund_pending && given_back <= captured, "{path:?}");
    assert!(captured <= authorized && authorized <= amount.minor, "{path:?}");
    let of = |status| {
        let refunds = payment.refunds.iter().filter(|refund| refund.status == status);
        refunds.map(|refund| refund.amount).sum::<i64>()
    };
    assert_eq!(of(RefundStatus::Pending), refund_pending, "{path:?}");
    assert_eq!(of(RefundStatus::Succeeded), refunded, "{path:?}");

    let mut names: Vec<_> = path.postings.iter().map(|posting| &posting.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), path.postings.len(), "nothing is booked twice: {path:?}");
    let kept: i64 = path.postings.iter().map(|posting| posting.amount).sum();
    assert_eq!(kept, captured - refunded, "{path:?}");
    assert!(path.said.iter().filter(|say| **say == Say::Collected).count() <= 1, "{path:?}");
    let told: i64 =
        path.said.iter().map(|say| if let Say::Refunded(it) = say { *it } else { 0 }).sum();
    assert_eq!(told, refunded, "{path:?}");
    if let Some(closed) = path.said.iter().position(|say| *say == Say::Voided) {
        assert_eq!(closed + 1, path.said.len(), "nothing is said after the end: {path:?}");
        assert_eq!(captured, refunded, "{path:?}");
    }
    if payment.status.is_closed() {
        assert_eq!((captured - refunded, refund_pending), (0, 0), "{path:?}");
    }
    let waits_for_provider = work(payment, now).is_some();
    let unsettled = payment.status == Status::Processing
        || refund_pending > 0
        || payment.capture_pending > 0
        || (payment.is_undone() && !payment.status.is_closed());
    assert_eq!(waits_for_provider, unsettled, "{path:?}");
    let is_open = matches!(payment.status, Status::Requested | Status::RequiresAction);
    let swept = due(payment, now).is_some();
    assert_eq!(swept, unsettled || is_open, "the sweep finds exactly what has work: {path:?}");
}

fn walk(capture: CaptureMode) -> usize {
    let (payment, now) = collected(capture);
    let start = Path { payment, postings: Vec::new(), said: Vec::new(), steps: Vec::new() };
    let mut paths = VecDeque::from([start]);
    let mut walked = 0;
    while let Some(path) = paths.pop_front() {
        assert_sound(&path, now);
        walked += 1;
        if path.steps.len() < DEPTH {
            paths.extend(moves(&path, capture, now));
        }
    }
    walked
}

#[test]
fn no_path_moves_money_twice_or_speaks_after_the_end() {
    for capture in [CaptureMode::Automatic, CaptureMode::Manual] {
        let walked = walk(capture);
        assert!(walked > 2_000, "the walk is broken: {walked} paths");
    }
}

#[test]
fn after_too_many_cards_a_payment_has_failed() {
    let (mut payment, now) = collected(CaptureMode::Automatic);
    let no = Verdict::Declined("card_declined".to_owned());
    let no = Outcome { reference: None, verdict: no };
    let terms = terms(CaptureMode::Automatic);
    for n in 1..=3 {
        let told = told(&payment, &payment, &no, &terms, Ids::system().next(), now).unwrap();
        payment = told.payment;
        let (customer, id) = (payment.customer, payment.id);
        let (token, key) = ("pm_card_visa".to_owned(), n.to_string());
        let wish = NewAttempt { customer, payment: id, token, key };
        match attempt(&payment, &wish, &terms, Because::default(), now) {
            Ok(Attempting::Begun(next)) => payment = *next,
            other => assert_eq!((n, other), (3, Err(Error::NotPayable(Status::Failed)))),
        }
    }
    assert_eq!(payment.status, Status::Failed);
}

#[test]
fn an_outcome_of_an_earlier_attempt_is_no_news() {
    let (earlier, now) = collected(CaptureMode::Automatic);
    let mut payment = earlier.clone();
    payment.attempts.push(Attempt::new(2, "sandbox", "pm_card_visa".to_owned(), None));
    let terms = terms(CaptureMode::Automatic);
    for outcome in outcomes() {
        assert_eq!(told(&payment, &earlier, &outcome, &terms, Ids::system().next(), now), None);
    }
}

#[test]
fn that_the_bank_wants_the_customer_is_old_news_once_it_has_seen_them() {
    let (earlier, now) = collected(CaptureMode::Automatic);
    let mut payment = earlier.clone();
    payment.attempts[0].authenticated = true;
    let (terms, ids) = (terms(CaptureMode::Automatic), Ids::system());
    let wants = Outcome { reference: None, verdict: Verdict::NeedsAction(None) };
    assert_eq!(told(&payment, &earlier, &wants, &terms, ids.next(), now), None);
    let again = told(&payment, &payment, &wants, &terms, ids.next(), now);
    assert_eq!(again.map(|next| next.payment.status), Some(Status::RequiresAction));
}

#[test]
fn one_key_names_one_attempt_with_one_card() {
    let (mut payment, now) = collected(CaptureMode::Automatic);
    payment.attempts[0].key = Some("k".to_owned());
    let wish = |token: &str| NewAttempt {
        customer: payment.customer,
        payment: payment.id,
        token: token.to_owned(),
        key: "k".to_owned(),
    };
    let terms = terms(CaptureMode::Automatic);
    let again = attempt(&payment, &wish("pm_card_visa"), &terms, Because::default(), now);
    assert_eq!(again, Ok(Attempting::Known(1)));
    let other = attempt(&payment, &wish("pm_card_other"), &terms, Because::default(), now);
    assert_eq!(other, Err(Error::KeyReused));
}

#[test]
fn what_nobody_paid_expires_and_a_later_wish_opens_it_again() {
    let (mut payment, now) = collected(CaptureMode::Automatic);
    payment.status = Status::Requested;
    let later = payment.expires_at.plus(Duration::from_secs(60));
    assert_eq!(work(&payment, now), None);
    assert_eq!(work(&payment, later), Some(Work::Expire));
    let expired = expired(&payment).payment;
    assert_eq!((expired.status, due(&expired, later)), (Status::Expired, None));
    let mut wish = Collect {
        payment: payment.id,
        order: payment.order,
        customer: payment.customer,
        amount: payment.amount,
        token: "pm_card_visa".to_owned(),
        until: payment.expires_at,
    };
    let terms = terms(CaptureMode::Automatic);
    let late = collect_again(expired.clone(), wish.clone(), None, &terms, later);
    assert_eq!(late, Reaction::Answer(Err(EXPIRED)));
    wish.until = later.plus(Duration::from_secs(900));
    let Reaction::Change(open) = collect_again(expired, wish.clone(), None, &terms, later) else {
        panic!("it stays closed");
    };
    assert_eq!((open.status, open.expires_at), (Status::Processing, wish.until));
}
