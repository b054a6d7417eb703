//! What a payment's timeline tells, the same whoever tells it: its owner, or those who heard the events.

use kernel::Moment;

use crate::{PaymentAuthorized, PaymentCompleted, PaymentFailed, PaymentRefunded};

impl From<&PaymentAuthorized> for Moment {
    fn from(event: &PaymentAuthorized) -> Self {
        let PaymentAuthorized { version, at, amount, .. } = event;
        Self::new(*version, *at, "payment-authorized").detailed(amount.to_string())
    }
}

impl From<&PaymentCompleted> for Moment {
    fn from(event: &PaymentCompleted) -> Self {
        let PaymentCompleted { version, at, amount, .. } = event;
        Self::new(*version, *at, "payment-completed").detailed(amount.to_string())
    }
}

impl From<&PaymentFailed> for Moment {
    fn from(event: &PaymentFailed) -> Self {
        let PaymentFailed { version, at, decline_code, .. } = event;
        Self::new(*version, *at, "payment-failed").detailed(decline_code.as_str())
    }
}

impl From<&PaymentRefunded> for Moment {
    fn from(event: &PaymentRefunded) -> Self {
        let PaymentRefunded { version, at, amount, .. } = event;
        Self::new(*version, *at, "payment-refunded").detailed(amount.to_string())
    }
}
