//! What is asked of deliveries.

use deliveries_api::{ListShipments, Portion, ShipmentId, SplitShipment, Status, Waybill};
use kernel::PageRequest;
use orders_api::OrderId;
use products_api::VariantId;
use serde::{Deserialize, Serialize};
use users_api::UserId;
use utoipa::{IntoParams, ToSchema};

/// Where a parcel would go, and in what its price is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// ISO 3166-1 alpha-2, upper case.
    #[param(example = "DE")]
    pub(super) country: String,
    /// ISO 4217, upper case.
    #[param(example = "EUR")]
    pub(super) currency: String,
}

/// Which shipments are wanted; nothing said is all of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only those that have got so far: `ready`, `dispatched`, `in_transit`, ….
    #[param(inline, value_type = Option<DeliveryStage>)]
    status: Option<Status>,
    /// Only those of this order: `ord_…`.
    #[param(value_type = Option<String>, pattern = "^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    order: Option<OrderId>,
    /// Only those of this customer: `usr_…`.
    #[param(value_type = Option<String>, pattern = "^usr_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    customer: Option<UserId>,
    /// Only those of this carrier.
    carrier: Option<String>,
    /// Only the one with this waybill.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}[0-9]{9}[A-Z]{2}$")]
    waybill: Option<Waybill>,
}

/// How far a shipment can get.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words of a status")]
pub(super) enum DeliveryStage {
    Pending,
    Ready,
    Dispatched,
    InTransit,
    OutForDelivery,
    FailedAttempt,
    Delivered,
    Returning,
    Returned,
    Lost,
    Cancelled,
}

/// What is taken out of a parcel, to be sent apart.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitRequest {
    /// Each thing once; something must be left in the parcel.
    #[schema(max_items = 100, min_items = 1)]
    lines: Vec<PortionRequest>,
}

/// So many of one thing.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortionRequest {
    /// `var_…`
    #[schema(value_type = String, example = "var_01jd8k3v7tf8ntx3v1a9g5r2qc")]
    variant: VariantId,
    /// How many of those that are in the parcel.
    #[schema(minimum = 1, maximum = 999, example = 1)]
    qty: u32,
}

impl SplitRequest {
    /// What to ask the port for.
    pub(super) fn wish(self, shipment: ShipmentId) -> SplitShipment {
        let portion = |line: PortionRequest| Portion { variant: line.variant, quantity: line.qty };
        SplitShipment { shipment, lines: self.lines.into_iter().map(portion).collect() }
    }
}

impl Filter {
    /// What to ask the port for.
    pub(super) fn wish(self, page: PageRequest) -> ListShipments {
        let Self { status, order, customer, carrier, waybill } = self;
        ListShipments { status, order, customer, carrier, waybill, page }
    }
}
