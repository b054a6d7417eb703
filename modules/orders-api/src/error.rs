//! What orders says no with.

use super::*;

/// Why orders said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    #[error("there is no order with the number {0}")]
    UnknownNumber(OrderNumber),
    #[error("there is no cart {0}")]
    UnknownCart(CartId),
    #[error("cart {0} has already become an order, or has expired")]
    CartNotActive(CartId),
    #[error("the cart cannot be ordered as it is: {}", .0.first().map_or("", |first| &first.detail))]
    Unmet(Vec<Requirement>),
    #[error("the total is {actual}, not {expected}")]
    PriceChanged { expected: Money, actual: Money },
    #[error("there is not enough stock for {} of the lines", .0.len())]
    InsufficientStock(Vec<Shortage>),
    #[error("there is no such address in the address book")]
    UnknownAddress,
    #[error("{method} does not deliver to {country}")]
    Undeliverable { method: String, country: String },
    #[error("the order can no longer be cancelled: it is {0:?}")]
    NotCancellable(Status),
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    #[error("a request with this Idempotency-Key is still being worked on")]
    InProgress,
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("orders failed")]
    Broken,
}

/// What every method of [`Orders`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownOrder(_) | Self::UnknownNumber(_) | Self::UnknownCart(_) => Code::NotFound,
            Self::CartNotActive(_) => Code::Conflict,
            Self::Unmet(requirements) => {
                requirements.first().map_or(Code::Conflict, |first| first.kind.code())
            }
            Self::PriceChanged { .. } => Code::PriceChanged,
            Self::InsufficientStock(_) => Code::InsufficientStock,
            Self::UnknownAddress | Self::Invalid(_) => Code::ValidationFailed,
            Self::Undeliverable { .. } => Code::AddressUndeliverable,
            Self::NotCancellable(_) => Code::OrderNotCancellable,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::InProgress => Code::RequestInProgress,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::InsufficientStock(shortages) => {
                shortages.iter().map(Shortage::violation).collect()
            }
            Self::Unmet(requirements) => requirements.iter().map(unmet).collect(),
            Self::UnknownAddress => {
                let detail = "this address is not in your address book".to_owned();
                vec![Violation::new("/address_id", "unknown-address", detail)]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        matches!(self, Self::InProgress).then_some(std::time::Duration::from_secs(1))
    }
}

fn unmet(requirement: &Requirement) -> Violation {
    let pointer = match requirement.line {
        Some(line) => format!("/lines/{line}"),
        None => "/cart_id".to_owned(),
    };
    Violation::new(pointer, requirement.kind.code().as_str(), requirement.detail.clone())
}
