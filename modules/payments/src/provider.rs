//! Whoever moves the money: a payment provider as this module sees one.

use async_trait::async_trait;
use kernel::Money;

/// A payment provider. Every method is idempotent by its key and may be asked again after a
/// [`Silence`]: the same key gives the same answer, and moves money once.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Authorises and captures in one go.
    async fn charge(&self, charge: Charge) -> Result<Outcome, Silence>;
    /// Goes on with a charge whose customer has been seen by the bank.
    async fn confirm(&self, key: &str) -> Result<Outcome, Silence>;
    /// What became of a charge; nothing when none came under this key.
    async fn fetch(&self, key: &str) -> Result<Option<Outcome>, Silence>;
    /// Gives back what was taken under `key`, and takes nothing under it any more, also when the
    /// charge itself comes later.
    async fn undo(&self, key: &str) -> Result<Outcome, Silence>;
}

/// Something to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) key: String,
    pub(crate) token: String,
    pub(crate) amount: Money,
}

/// What a provider says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the provider calls the charge.
    pub(crate) reference: String,
    pub(crate) verdict: Verdict,
}

/// How far a charge has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it was taken.
    Captured,
    /// The customer's bank wants to see the customer.
    NeedsAction,
    /// The provider said no, and why.
    Declined(String),
    /// It was undone before anything was taken.
    Cancelled,
    /// All of it was taken, and all of it was given back.
    Refunded,
}

/// No answer came. The money may have moved all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Silence(pub(crate) String);

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
