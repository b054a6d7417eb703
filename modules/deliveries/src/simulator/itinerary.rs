//! Where a simulated parcel goes, and when.

use std::time::Duration;

use deliveries_api::TrackingCode;

use super::chance::befalls;
use crate::{
    carrier::{Consignment, Scan},
    settings::Simulator as Knobs,
};

/// The country that parcels start in.
const HOME: &str = "DE";
/// From hand-over to the door at home, and abroad.
const AT_HOME: Duration = Duration::from_hours(48);
const ABROAD: Duration = Duration::from_hours(120);
/// Until the van comes again, and until a parcel is back.
const A_DAY: Duration = Duration::from_hours(24);

/// Everything that will happen to a parcel, in order.
pub(super) fn of(consignment: &Consignment, knobs: &Knobs) -> Vec<Scan> {
    let way = if consignment.country == HOME { AT_HOME } else { ABROAD };
    let befalls = |percent, what| befalls(percent, &consignment.waybill, what);
    let there = consignment.city.as_str();
    let mut log = Log { consignment, time_lapse: knobs.time_lapse, scans: Vec::new() };
    log.note(way / 24, TrackingCode::Accepted, "Hamburg", "The parcel was accepted");
    log.note(way / 6, TrackingCode::InTransit, "Hamburg", "The parcel left the sorting centre");
    if befalls(knobs.parcels_lost, "lost") {
        log.note(way, TrackingCode::Lost, "Hamburg", "The parcel cannot be found");
        return log.scans;
    }
    log.note(way / 2, TrackingCode::InTransit, there, "The parcel arrived near its destination");
    log.note(way * 5 / 6, TrackingCode::OutForDelivery, there, "The parcel is on the van");
    if !befalls(knobs.nobody_home, "nobody home") {
        log.note(way, TrackingCode::Delivered, there, "The parcel was delivered");
        return log.scans;
    }
    log.note(way, TrackingCode::FailedAttempt, there, "Nobody was there");
    let again = way + A_DAY;
    if befalls(knobs.parcels_returned, "returned") {
        log.note(again, TrackingCode::Returning, there, "The parcel goes back to its sender");
        log.note(again + way, TrackingCode::Returned, "Hamburg", "The parcel is back");
        return log.scans;
    }
    log.note(
        again - way / 6,
        TrackingCode::OutForDelivery,
        there,
        "The parcel is on the van again",
    );
    log.note(again, TrackingCode::Delivered, there, "The parcel was delivered");
    log.scans
}

struct Log<'a> {
    consignment: &'a Consignment,
    time_lapse: u32,
    scans: Vec<Scan>,
}

impl Log<'_> {
    fn note(&mut self, after: Duration, code: TrackingCode, location: &str, text: &str) {
        let Consignment { waybill, handed_over_at, .. } = self.consignment;
        self.scans.push(Scan {
            id: format!("{waybill}-{}", self.scans.len() + 1),
            waybill: waybill.clone(),
            code,
            occurred_at: handed_over_at.plus(after / self.time_lapse.max(1)),
            location: Some(location.to_owned()),
            text: text.to_owned(),
        });
    }
}
