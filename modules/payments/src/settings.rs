//! What an operator may want to decide about payments.

use std::time::Duration;

use payments_api::CaptureMode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// How payments deal with their provider.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct Settings {
    /// Who is asked for money from now on.
    pub provider: ProviderName,
    /// When money is taken once it is set aside.
    pub capture: CaptureMode,
    /// How many cards may be tried for one payment.
    pub attempts: usize,
    /// How long one answer of the provider is waited for; after that it is unknown.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
    /// How long a customer waits for the outcome of an attempt before hearing that it takes longer.
    #[serde(with = "humantime_serde")]
    pub answer_within: Duration,
    /// How often payments with an unknown outcome, and webhooks, are looked at again.
    #[serde(with = "humantime_serde")]
    pub reconcile_every: Duration,
    /// How long a payment is left alone before it counts as forgotten by whoever had it in hand.
    /// Longer than `patience`. At the start of a process nothing is left alone.
    #[serde(with = "humantime_serde")]
    pub reconcile_after: Duration,
    /// The longest pause between two questions about one payment that the provider does not answer.
    #[serde(with = "humantime_serde")]
    pub reconcile_pause: Duration,
    /// How many payments are with the provider at once.
    pub parallel: usize,
    /// How long webhooks are kept after they were looked into.
    #[serde(with = "humantime_serde")]
    pub webhooks_kept: Duration,
    /// The provider that moves no real money.
    pub sandbox: Sandbox,
    /// The provider that does.
    pub stripe: Stripe,
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let settings = Self::deserialize(deserializer)?;
        if settings.provider == ProviderName::Stripe && settings.stripe.api_key.is_none() {
            return Err(D::Error::custom("provider = \"stripe\" needs stripe.api_key"));
        }
        Ok(settings)
    }
}

/// Those who move money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// Lives in this process and moves no real money.
    #[default]
    Sandbox,
    /// <https://stripe.com>.
    Stripe,
}

impl ProviderName {
    /// The name in attempts and addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Stripe => "stripe",
        }
    }
}

/// How the sandbox provider behaves. Failures that are counted are counted from the start of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// How long it takes to begin.
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// How long its answer takes once it has done what was asked.
    #[serde(with = "humantime_serde")]
    pub answers_after: Duration,
    /// How many requests it turns away at first, doing nothing (as with a 5xx).
    pub refuse: u32,
    /// How many requests it carries out next without ever answering (as with a lost connection).
    pub silent: u32,
    /// How many of a hundred requests it turns away, doing nothing.
    pub refuse_percent: u32,
    /// How many of a hundred requests it carries out without ever answering.
    pub silent_percent: u32,
    /// How it tells of its own accord what has become of a charge.
    pub webhooks: SandboxWebhooks,
}

/// How the sandbox sends webhooks to our own address for them, signed like a real provider's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxWebhooks {
    /// Whether it does.
    pub send: bool,
    /// How long one waits at most before it is sent; each waits for some part of it, so they overtake each
    /// other.
    #[serde(with = "humantime_serde")]
    pub delay: Duration,
    /// How many of a hundred are sent twice.
    pub twice_percent: u32,
    /// How many of a hundred are followed by one with a wrong signature.
    pub forged_percent: u32,
}

/// How we reach Stripe.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stripe {
    /// Where its API is.
    pub url: String,
    /// The secret API key, `sk_…`. Stripe is not there without one.
    pub api_key: Option<Secret>,
    /// What signs its webhooks, `whsec_…`; several while one is replaced by the next.
    pub webhook_secret: Vec<Secret>,
    /// Where a bank sends the customer back to when it has seen them.
    pub return_url: Option<String>,
}

/// What nobody may see in a log.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself, for whoever it opens something to.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider: ProviderName::Sandbox,
            capture: CaptureMode::Automatic,
            attempts: 10,
            patience: Duration::from_secs(5),
            answer_within: Duration::from_secs(5),
            reconcile_every: Duration::from_secs(1),
            reconcile_after: Duration::from_secs(10),
            reconcile_pause: Duration::from_secs(60),
            parallel: 64,
            webhooks_kept: Duration::from_secs(30 * 24 * 3600),
            sandbox: Sandbox::default(),
            stripe: Stripe::default(),
        }
    }
}

impl Default for Stripe {
    fn default() -> Self {
        Self {
            url: "https://api.stripe.com".to_owned(),
            api_key: None,
            webhook_secret: Vec::new(),
            return_url: None,
        }
    }
}
