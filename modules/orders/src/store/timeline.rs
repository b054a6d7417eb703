//! What happened to an order, as it is stored: one JSON object a line, one line for each version.

use kernel::{Message, Moment, Timestamp, Version};
use orders_api::{
    DeliveryStatus, OrderCancelled, OrderCancelling, OrderCompleted, OrderExpired, OrderKept,
    OrderRejected,
};
use serde::{Deserialize, Serialize};
use storage::Error;

use super::order::broken;
use crate::domain::Happening;

/// The customer may pay for longer, because payments is silent.
pub(super) const EXTENDED: &str = "hold-extended";
/// Begins what was announced, and nothing else.
const ANNOUNCED: &str = "order-";

#[derive(Serialize, Deserialize)]
struct Line {
    at: Timestamp,
    what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// How a timeline names what happens. What is announced is named by its event.
pub(super) fn what(happening: Happening) -> String {
    let name = match happening {
        Happening::Declined => "payment-declined",
        Happening::Authorized => "payment-authorized",
        Happening::Voided => "payment-voided",
        Happening::Paid => "payment-collected",
        Happening::Completed => OrderCompleted::TYPE,
        Happening::Cancelled | Happening::CalledOff => OrderCancelled::TYPE,
        Happening::Expired => OrderExpired::TYPE,
        Happening::Rejected => OrderRejected::TYPE,
        Happening::Cancelling => OrderCancelling::TYPE,
        Happening::Kept => OrderKept::TYPE,
        Happening::Undone | Happening::Refunded { all: true } => "payment-refunded",
        Happening::Refunded { all: false } => "payment-partially-refunded",
        Happening::Delivery(DeliveryStatus::None) => "delivery-cancelled",
        Happening::Delivery(status) => {
            return format!("delivery-{}", super::order::delivery_status(status).replace('_', "-"));
        }
    };
    name.to_owned()
}

/// Whether others were told of it by an event.
pub(super) fn is_announced(what: &str) -> bool {
    what.starts_with(ANNOUNCED)
}

/// Whether payments has answered for an order at all.
pub(crate) fn has_heard_of_payments(timeline: &[Moment]) -> bool {
    timeline.iter().any(|moment| moment.what.starts_with("payment-"))
}

/// A line as it is appended.
pub(super) fn line(at: Timestamp, what: &str, detail: Option<&str>) -> Result<String, Error> {
    let line = Line { at, what: what.to_owned(), detail: detail.map(str::to_owned) };
    let mut line = serde_json::to_string(&line).map_err(broken)?;
    line.push('\n');
    Ok(line)
}

/// The moments of an order that is at `version`: that is where the last line led.
pub(super) fn moments(text: &str, version: Version) -> Result<Vec<Moment>, Error> {
    let lines = text.lines().count() as u64;
    let numbered = text.lines().zip(version.0.saturating_sub(lines) + 1..);
    let read = |(line, version): (&str, u64)| {
        let Line { at, what, detail } = serde_json::from_str(line).map_err(broken)?;
        Ok(Moment { version: Version(version), at, what, detail })
    };
    numbered.map(read).collect()
}

/// The last version that was announced of an order that is at `version`.
pub(super) fn announced(text: &str, version: Version) -> Result<Version, Error> {
    let mut announced = moments(text, version)?;
    announced.retain(|moment| is_announced(&moment.what));
    Ok(announced.last().map_or(Version::FIRST, |moment| moment.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_the_version_it_led_to_and_the_last_announced_one_is_known() {
        let at = Timestamp::from_micros(1_800_000_000_000_000);
        let names = ["order-placed", "payment-declined", "payment-collected"];
        let text: String = names.map(|name| line(at, name, Some("why")).unwrap()).concat();
        let told = moments(&text, Version(3)).unwrap();
        assert_eq!(told.iter().map(|it| it.version.0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(told[1], Moment::new(Version(2), at, "payment-declined").detailed("why"));
        assert_eq!(announced(&text, Version(3)).unwrap(), Version(1));
        assert_eq!(moments(&text, Version(7)).unwrap()[2].version, Version(7));
    }
}
