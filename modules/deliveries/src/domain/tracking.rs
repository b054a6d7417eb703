//! What the events of a parcel say together: the furthest of them counts, in whatever order they come and
//! however often.

use std::time::Duration;

use deliveries_api::{Status, TrackingCode, TrackingEvent};
use kernel::Timestamp;

use crate::parcel::Parcel;

/// A parcel is asked after again when an eighth of its time on the way has passed: seldom, when it takes
/// long.
const SELDOM: u32 = 8;

/// Where a parcel is that was at `before`, by all of its events. Never further back.
///
/// A van that comes again after nobody was there is as far as before: of these the latest counts.
pub(super) fn reached(before: Status, events: &[TrackingEvent]) -> Status {
    let Some(here) = rank(before) else { return before };
    let furthest = events
        .iter()
        .map(|event| (status(event.code), event.occurred_at))
        .filter_map(|(status, at)| {
            Some((rank(status)?, at, status == Status::FailedAttempt, status))
        })
        .max_by_key(|(rank, at, failed, _)| (*rank, *at, *failed));
    match furthest {
        Some((there, _, _, status)) if there >= here => status,
        _ => before,
    }
}

/// When the carrier of a parcel is asked about it again; never, when nothing more can happen to it.
pub(super) fn next_look(
    parcel: &Parcel,
    now: Timestamp,
    track_after: Duration,
) -> Option<Timestamp> {
    let since = parcel.dispatched_at.filter(|_| parcel.shipment.status.is_under_way())?;
    Some(now.plus(track_after.max(now.since(since) / SELDOM)))
}

fn status(code: TrackingCode) -> Status {
    match code {
        TrackingCode::Accepted => Status::Dispatched,
        TrackingCode::InTransit => Status::InTransit,
        TrackingCode::OutForDelivery => Status::OutForDelivery,
        TrackingCode::FailedAttempt => Status::FailedAttempt,
        TrackingCode::Delivered => Status::Delivered,
        TrackingCode::Returning => Status::Returning,
        TrackingCode::Returned => Status::Returned,
        TrackingCode::Lost => Status::Lost,
    }
}

/// How far along the way a status is. What was lost may be found again, and even what goes back may be
/// delivered after all. A parcel that was called off is on no way.
fn rank(status: Status) -> Option<u8> {
    Some(match status {
        Status::Pending => 0,
        Status::Ready => 1,
        Status::Dispatched => 2,
        Status::InTransit => 3,
        Status::OutForDelivery | Status::FailedAttempt => 4,
        Status::Lost => 5,
        Status::Returning => 6,
        Status::Returned => 7,
        Status::Delivered => 8,
        Status::Cancelled => return None,
    })
}

#[cfg(test)]
mod tests {
    use deliveries_api::TrackingSource;
    use kernel::Ids;

    use super::*;

    /// Events in the order in which they happened.
    fn events(codes: &[TrackingCode]) -> Vec<TrackingEvent> {
        let event = |(nth, code): (usize, &TrackingCode)| TrackingEvent {
            id: Ids::system().next(),
            code: *code,
            occurred_at: Timestamp::from_micros(nth as i64),
            location: None,
            text: String::new(),
            source: TrackingSource::Webhook,
        };
        codes.iter().enumerate().map(event).collect()
    }

    /// Every order of `items`.
    fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for nth in 0..items.len() {
            let mut rest = items.to_vec();
            let first = rest.remove(nth);
            for mut tail in permutations(&rest) {
                tail.insert(0, first.clone());
                all.push(tail);
            }
        }
        all
    }

    #[test]
    fn in_whatever_order_events_come_and_however_often_the_end_is_the_same() {
        use TrackingCode::*;
        let ways: [(&[TrackingCode], Status); 6] = [
            (&[Accepted, InTransit, OutForDelivery, Delivered], Status::Delivered),
            (&[Accepted, OutForDelivery, FailedAttempt], Status::FailedAttempt),
            (&[Accepted, OutForDelivery, FailedAttempt, OutForDelivery], Status::OutForDelivery),
            (&[OutForDelivery, FailedAttempt, Returning, Returned], Status::Returned),
            (&[Accepted, InTransit, Lost], Status::Lost),
            (&[Lost, InTransit, Delivered], Status::Delivered),
        ];
        for (codes, end) in ways {
            for mut order in permutations(&events(codes)) {
                order.extend(order.clone());
                let mut status = Status::Dispatched;
                for heard in 1..=order.len() {
                    let next = reached(status, &order[..heard]);
                    assert!(rank(next) >= rank(status), "{status} {next} in {order:?}");
                    status = next;
                }
                assert_eq!(status, end, "{order:?}");
            }
        }
    }

    #[test]
    fn what_was_called_off_stays_called_off() {
        let delivered = events(&[TrackingCode::Delivered]);
        assert_eq!(reached(Status::Cancelled, &delivered), Status::Cancelled);
        assert_eq!(reached(Status::Ready, &delivered), Status::Delivered);
        assert_eq!(reached(Status::InTransit, &[]), Status::InTransit);
    }
}
