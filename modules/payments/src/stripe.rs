//! Stripe, by its HTTP API (docs.stripe.com/api): one PaymentIntent for each attempt.
//!
//! A charge is made in two requests. The first creates an intent and moves no money, so that it can be
//! repeated to learn the intent's name; the second confirms it. Whoever does not know what became of a
//! charge therefore finds the intent and reads it, and whoever does not want it any more cancels the
//! intent, after which a confirmation that is still on its way is refused.

mod client;
mod intent;

use async_trait::async_trait;
use kernel::Timestamp;
use payments_api::{CaptureMode, Webhook};

use crate::{
    notice,
    provider::{
        Charge, Forged, Notice, Outcome, PaymentProvider, Repaid, Repayal, Repayment, Silence,
    },
    settings::{self, Secret},
    signature,
};

use client::{Client, Reply};
use intent::Intent;

pub(crate) struct Stripe {
    client: Client,
    webhook_secret: Vec<Secret>,
    return_url: Option<String>,
}

const INTENTS: &str = "/v1/payment_intents";
const REFUNDS: &str = "/v1/refunds";

impl Stripe {
    /// Stripe as it is reached with `api_key`.
    pub(crate) fn new(settings: &settings::Stripe, api_key: Secret) -> Self {
        Self {
            client: Client::new(settings.url.clone(), api_key),
            webhook_secret: settings.webhook_secret.clone(),
            return_url: settings.return_url.clone(),
        }
    }

    /// The intent of a charge, made now unless it is there. No money moves.
    async fn create(&self, charge: &Charge) -> Result<Made, Silence> {
        let capture = match charge.capture {
            CaptureMode::Automatic => "automatic",
            CaptureMode::Manual => "manual",
        };
        let form = [
            ("amount", charge.amount.minor.to_string()),
            ("currency", charge.amount.currency.code().to_ascii_lowercase()),
            ("capture_method", capture.to_owned()),
            ("payment_method", charge.token.clone()),
            ("payment_method_types[]", "card".to_owned()),
            ("metadata[payment]", charge.payment.to_string()),
            ("metadata[attempt]", charge.key.clone()),
        ];
        match self.client.post(INTENTS, &charge.key, &form).await? {
            Reply::Done(intent) => Ok(Made::Intent(intent::read(intent)?)),
            Reply::Refused(refusal) => Ok(Made::Refused(refusal.outcome())),
        }
    }

    /// Pays with an intent that nobody has paid with.
    async fn pay(&self, charge: &Charge, intent: &Intent) -> Result<Outcome, Silence> {
        let form: Vec<_> = self.return_url.iter().map(|url| ("return_url", url.clone())).collect();
        let path = format!("{INTENTS}/{}/confirm", intent.id);
        match self.client.post(&path, &format!("{}:confirm", charge.key), &form).await? {
            Reply::Done(intent) => Ok(intent::read(intent)?.outcome()),
            Reply::Refused(refusal) => Ok(refusal.outcome_of(intent)),
        }
    }

    /// The intent called `id`, as it is now.
    async fn read(&self, id: &str) -> Result<Intent, Silence> {
        match self.client.get(&format!("{INTENTS}/{id}"), &[]).await? {
            Reply::Done(intent) => intent::read(intent),
            Reply::Refused(refusal) => Err(refusal.silence()),
        }
    }

    /// The intent of a charge whose name was never heard. The search lags a minute behind, which is why
    /// finding nothing is no reason to pay with anything but the same key.
    async fn search(&self, charge: &Charge) -> Result<Option<Intent>, Silence> {
        let query = [("query", format!("metadata['attempt']:'{}'", charge.key))];
        match self.client.get(&format!("{INTENTS}/search"), &query).await? {
            Reply::Done(found) => intent::first(found),
            Reply::Refused(refusal) => Err(refusal.silence()),
        }
    }

    /// Changes the intent of a charge; when its state does not allow it, the state is the answer.
    async fn change(
        &self,
        charge: &Charge,
        id: &str,
        verb: &str,
        form: &[(&str, String)],
    ) -> Result<Outcome, Silence> {
        let path = format!("{INTENTS}/{id}/{verb}");
        match self.client.post(&path, &format!("{}:{verb}", charge.key), form).await? {
            Reply::Done(intent) => Ok(intent::read(intent)?.outcome()),
            Reply::Refused(_) => Ok(self.read(id).await?.outcome()),
        }
    }
}

/// What became of the wish for an intent.
enum Made {
    Intent(Intent),
    Refused(Outcome),
}

#[async_trait]
impl PaymentProvider for Stripe {
    async fn authorize(&self, charge: &Charge) -> Result<Outcome, Silence> {
        match self.create(charge).await? {
            Made::Intent(intent) if intent.is_unpaid() => self.pay(charge, &intent).await,
            Made::Intent(intent) => Ok(intent.outcome()),
            Made::Refused(outcome) => Ok(outcome),
        }
    }

    async fn confirm(&self, charge: &Charge) -> Result<Outcome, Silence> {
        let unnamed = || Silence("the charge that is to be confirmed has no name".to_owned());
        let intent = self.read(charge.reference.as_deref().ok_or_else(unnamed)?).await?;
        Ok(intent.outcome())
    }

    async fn capture(&self, charge: &Charge, amount: i64) -> Result<Outcome, Silence> {
        let unnamed = || Silence("the charge that is to be captured has no name".to_owned());
        let id = charge.reference.as_deref().ok_or_else(unnamed)?;
        self.change(charge, id, "capture", &[("amount_to_capture", amount.to_string())]).await
    }

    async fn void(&self, charge: &Charge) -> Result<Outcome, Silence> {
        let id = match &charge.reference {
            Some(id) => id.clone(),
            None => match self.create(charge).await? {
                Made::Intent(intent) => intent.id,
                Made::Refused(outcome) => return Ok(outcome),
            },
        };
        self.change(charge, &id, "cancel", &[]).await
    }

    async fn refund(&self, charge: &Charge, refund: &Repayment) -> Result<Repaid, Silence> {
        let reply = match &refund.reference {
            Some(id) => self.client.get(&format!("{REFUNDS}/{id}"), &[]).await?,
            None => {
                let unnamed =
                    || Silence("the charge that is to be refunded has no name".to_owned());
                let intent = charge.reference.clone().ok_or_else(unnamed)?;
                let form = [
                    ("payment_intent", intent),
                    ("amount", refund.amount.minor.to_string()),
                    ("metadata[payment]", charge.payment.to_string()),
                    ("metadata[refund]", refund.key.clone()),
                ];
                self.client.post(REFUNDS, &refund.key, &form).await?
            }
        };
        match reply {
            Reply::Done(refund) => intent::repaid(refund),
            Reply::Refused(refusal) => {
                Ok(Repaid { reference: None, verdict: Repayal::Refused(refusal.code()) })
            }
        }
    }

    async fn fetch(&self, charge: &Charge) -> Result<Option<Outcome>, Silence> {
        let found = match &charge.reference {
            Some(id) => Some(self.read(id).await?),
            None => self.search(charge).await?,
        };
        Ok(found.filter(|intent| !intent.is_unpaid()).map(|intent| intent.outcome()))
    }

    fn verify_webhook(&self, webhook: &Webhook, now: Timestamp) -> Result<Notice, Forged> {
        let signature = webhook.signature.as_deref();
        signature::verify(&self.webhook_secret, signature, &webhook.body, now)?;
        notice::read(&webhook.body)
    }
}
