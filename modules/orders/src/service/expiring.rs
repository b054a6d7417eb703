//! Orders that are not paid in time: they expire, unless it is not the customer's fault.
//!
//! Why payments is asked, and what counts as its silence, is decision 14 in `docs/adr`.

use std::time::Duration;

use kernel::Timestamp;
use orders_api::{Order, OrderRecord, PaymentStatus};
use payments_api::PaymentOf;
use ports::Context;
use products_api::Extend;
use storage::{Error, Failure};

use super::Service;
use crate::{
    checkout,
    domain::{self, Happening},
    store,
};

/// How long one round of the sweeper may take.
const ROUND: Duration = Duration::from_secs(30);
/// How long payments may take to say whether it knows a payment.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long before its end a hold is extended, at most: stock must not be taken back meanwhile.
const AHEAD: Duration = Duration::from_secs(60);

/// What is known of payments in one round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Payments {
    /// It has answered, or was not asked.
    Answers,
    /// It gave no answer.
    Silent,
}

impl Service {
    /// Ends every order that was not paid in time, and holds on to those that could not be.
    pub(crate) async fn sweep(&self) {
        let round = async {
            let (now, hold) = (self.needs.clock.now(), self.needs.settings.hold);
            let due = match self.store.due(now.plus(AHEAD.min(hold / 4))).await {
                Ok(due) => due,
                Err(cause) => return tracing::warn!(%cause, "overdue orders cannot be looked for"),
            };
            let mut payments = Payments::Answers;
            for record in due {
                let longest = self.needs.settings.longest_hold;
                let later = match self.is_excused(&record, &mut payments).await {
                    true => domain::extended(&record.order, now, hold, longest),
                    false => None,
                };
                match later {
                    Some(until) => self.hold_on(&record.order, until, now).await,
                    None if record.order.expires_at <= now => self.expire(&record.order).await,
                    None => {}
                }
            }
        };
        Context::begin(crate::NAME, ROUND).scope(round).await;
    }

    /// Whether the customer has done everything, or could not, because payments never took the order up.
    async fn is_excused(&self, record: &OrderRecord, payments: &mut Payments) -> bool {
        let order = &record.order;
        if order.payment_status == PaymentStatus::Authorized {
            return true;
        }
        if store::has_heard_of_payments(&record.timeline) {
            return false;
        }
        if *payments == Payments::Silent {
            return true;
        }
        let which = PaymentOf { customer: order.customer, payment: order.payment };
        let asked = self.needs.payments.payment(which);
        match Context::begin(crate::NAME, PATIENCE).scope(asked).await {
            Ok(_) => false,
            Err(payments_api::Error::UnknownPayment(_)) => true,
            Err(cause) => {
                tracing::warn!(%cause, "payments is silent: holds are extended");
                *payments = Payments::Silent;
                true
            }
        }
    }

    async fn hold_on(&self, order: &Order, until: Timestamp, now: Timestamp) {
        let hold = Extend { owner: checkout::owner(order.id), expires_at: until };
        if let Err(cause) = self.needs.products.extend(hold).await {
            // When it is paid after all, its stock is held again or the money is given back.
            tracing::warn!(order = %order.id, %cause, "a hold cannot be extended");
        }
        let extended = storage::retry(async || -> Result<bool, Failure<Error>> {
            let mut tx = self.store.begin().await?;
            let extended = self.store.extend(&mut tx, order, until, now).await?;
            tx.commit().await?;
            Ok(extended.is_some())
        });
        match extended.await {
            Ok(true) => tracing::info!(order = %order.id, %until, "an order is held for longer"),
            Ok(false) => {}
            Err(cause) => tracing::warn!(order = %order.id, %cause, "cannot extend an order"),
        }
    }

    async fn expire(&self, order: &Order) {
        match self.end(order, Happening::Expired, "not paid in time").await {
            Ok(Some(_)) => tracing::info!(order = %order.id, "an order expired"),
            Ok(None) | Err(Failure::Refused(_)) => {}
            Err(cause) => tracing::warn!(order = %order.id, %cause, "cannot expire an order"),
        }
    }
}
