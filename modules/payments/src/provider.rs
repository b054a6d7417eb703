//! Whoever moves the money: a payment provider as this module sees one.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use kernel::{Money, Timestamp};
use orders_api::PaymentId;
use payments_api::{CaptureMode, Webhook};

/// A payment provider. Every method is idempotent by the charge's or the refund's key and may be asked
/// again after a [`Silence`]: the same key moves money once.
#[async_trait]
pub(crate) trait PaymentProvider: Send + Sync {
    /// Sets money aside, and takes it at once if the charge says so.
    async fn authorize(&self, charge: &Charge) -> Result<Outcome, Silence>;
    /// Goes on with a charge whose customer has been seen by the bank.
    async fn confirm(&self, charge: &Charge) -> Result<Outcome, Silence>;
    /// Takes `amount` of what was set aside, and lets go of the rest.
    async fn capture(&self, charge: &Charge, amount: i64) -> Result<Outcome, Silence>;
    /// Ends a charge of which nothing was taken, also when it arrives later; one that was taken stays.
    async fn void(&self, charge: &Charge) -> Result<Outcome, Silence>;
    /// Gives back a part of what was taken.
    async fn refund(&self, charge: &Charge, refund: &Repayment) -> Result<Repaid, Silence>;
    /// What became of a charge; nothing when none came under its key.
    async fn fetch(&self, charge: &Charge) -> Result<Option<Outcome>, Silence>;
    /// Makes sure that a webhook is the provider's own and not an old one sent again by somebody else.
    fn verify_webhook(&self, webhook: &Webhook, now: Timestamp) -> Result<Notice, Forged>;
}

/// Something to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) key: String,
    pub(crate) payment: PaymentId,
    pub(crate) token: String,
    pub(crate) amount: Money,
    pub(crate) capture: CaptureMode,
    /// What the provider calls it, when it has said so.
    pub(crate) reference: Option<String>,
}

/// Something to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repayment {
    pub(crate) key: String,
    pub(crate) amount: Money,
    /// What the provider calls it, when it has said so.
    pub(crate) reference: Option<String>,
}

/// What a provider says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the provider calls the charge, if it got so far.
    pub(crate) reference: Option<String>,
    pub(crate) verdict: Verdict,
}

/// How far a charge has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This much was taken, minor units.
    Captured(i64),
    /// All of it was set aside.
    Authorized,
    /// The customer's bank wants to see the customer, perhaps at this address.
    NeedsAction(Option<String>),
    /// The provider knows of it and has not decided yet.
    Pending,
    /// The provider said no, and why.
    Declined(String),
    /// It was ended before anything was taken.
    Cancelled,
}

/// What a provider says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repaid {
    /// What the provider calls the refund.
    pub(crate) reference: Option<String>,
    pub(crate) verdict: Repayal,
}

/// How far a refund has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repayal {
    /// The money went back.
    Done,
    /// The provider has not decided yet.
    Pending,
    /// The provider said no, and why.
    Refused(String),
}

/// What a provider tells us of its own accord. It is a hint to look, nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Names it; told twice it is the same.
    pub(crate) event: String,
    /// The payment it is about, if it is one of ours.
    pub(crate) payment: Option<PaymentId>,
}

/// No answer came. The money may have moved all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence(pub(crate) String);

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A webhook that is not to be believed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forged(pub(crate) &'static str);

/// Those who move money for us, by the names that attempts remember.
#[derive(Clone)]
pub(crate) struct Providers(Arc<BTreeMap<&'static str, Arc<dyn PaymentProvider>>>);

impl Providers {
    pub(crate) fn new(all: BTreeMap<&'static str, Arc<dyn PaymentProvider>>) -> Self {
        Self(Arc::new(all))
    }

    /// The provider called `name`.
    pub(crate) fn named(&self, name: &str) -> Option<&dyn PaymentProvider> {
        self.0.get(name).map(|provider| &**provider)
    }
}
