//! Errors that know how the outside world should hear of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a request was not granted. Every contract's error is one.
pub trait Fault: std::error::Error + Send + Sync + 'static {
    /// The code a client can act on.
    fn code(&self) -> Code;

    /// The fields that are to blame, when fields are.
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// When asking again makes sense, if the fault knows.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// One thing that is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// A JSON Pointer (RFC 6901) into the request body.
    pub pointer: String,
    /// What is wrong, in kebab case, for programs.
    pub code: String,
    /// What is wrong and what would be right, for people.
    pub detail: String,
}

impl Violation {
    /// Blames the field at `pointer`.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)+) => {
        /// The closed list of reasons a request can fail for, each with its HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as clients read it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// A short sentence that is the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    MalformedRequest = "malformed-request", 400, "The request cannot be read";
    /// The operation needs an `Idempotency-Key`.
    IdempotencyKeyMissing = "idempotency-key-missing", 400, "An Idempotency-Key header is required";
    /// Nobody is logged in.
    Unauthenticated = "unauthenticated", 401, "Authentication is required";
    /// The card was declined.
    PaymentDeclined = "payment-declined", 402, "The payment was declined";
    /// The caller may not do this.
    Forbidden = "forbidden", 403, "This is not allowed";
    /// There is no such thing, or not for this caller.
    NotFound = "not-found", 404, "There is no such thing";
    /// The resource exists but does not answer this method.
    MethodNotAllowed = "method-not-allowed", 405, "The method is not allowed here";
    /// The request did not arrive in time.
    RequestTimeout = "request-timeout", 408, "The request did not arrive in time";
    /// The request clashes with the state of the thing.
    Conflict = "conflict", 409, "The request clashes with the current state";
    /// The same idempotency key is being worked on.
    RequestInProgress = "request-in-progress", 409, "The same request is still being worked on";
    /// The total is not what the customer agreed to.
    PriceChanged = "price-changed", 409, "A price has changed";
    /// There is not enough on the shelf.
    InsufficientStock = "insufficient-stock", 409, "There is not enough stock";
    /// The variant is not for sale.
    VariantUnavailable = "variant-unavailable", 409, "A variant is not for sale";
    /// The order has gone too far.
    OrderNotCancellable = "order-not-cancellable", 409, "The order can no longer be cancelled";
    /// The customer's bank wants to see the customer.
    PaymentActionRequired = "payment-action-required", 409, "The payment needs an action by the customer";
    /// More would be refunded than was captured.
    RefundExceedsCaptured = "refund-exceeds-captured", 409, "The refund exceeds what was captured";
    /// The resource has changed since it was read.
    PreconditionFailed = "precondition-failed", 412, "The resource has changed";
    /// The body is larger than this operation takes.
    PayloadTooLarge = "payload-too-large", 413, "The request body is too large";
    /// The body is not in a format this operation reads.
    UnsupportedMediaType = "unsupported-media-type", 415, "The media type is not supported";
    /// The request can be read but not accepted.
    ValidationFailed = "validation-failed", 422, "The request is not valid";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = "idempotency-key-reused", 422, "The Idempotency-Key was used for another request";
    /// There is nothing in the cart.
    CartEmpty = "cart-empty", 422, "The cart is empty";
    /// Nothing is delivered there.
    AddressUndeliverable = "address-undeliverable", 422, "Nothing can be delivered to this address";
    /// The operation needs an `If-Match`.
    PreconditionRequired = "precondition-required", 428, "An If-Match header is required";
    /// Too many requests.
    RateLimited = "rate-limited", 429, "Too many requests";
    /// We broke an invariant of our own.
    Internal = "internal", 500, "Something went wrong on our side";
    /// Another part of the shop did not answer; nothing is known about its effect.
    DependencyUnavailable = "dependency-unavailable", 503, "A part of the shop is not available";
    /// The answer did not come in time; nothing is known about its effect.
    DeadlineExceeded = "deadline-exceeded", 504, "The answer did not come in time";
}

impl Code {
    /// Whether the very same request may succeed later.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::RequestInProgress
                | Self::RateLimited
                | Self::DependencyUnavailable
                | Self::DeadlineExceeded
        )
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
