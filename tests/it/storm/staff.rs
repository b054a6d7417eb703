//! What staff do while it storms: they hand parcels to the carrier, call some off, and give money back. They try
//! once; what comes of it is for the books to say.

use std::{convert::Infallible, time::Duration};

use rand::{RngExt, rngs::StdRng};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Shopper, euros, fresh_key};

/// How long the hands rest in between.
const BREATH: Duration = Duration::from_millis(500);
/// Parcels that are sent off at a time.
const READY: &str = "/v1/admin/deliveries?status=ready&limit=5";
/// Orders one of which is reason for a complaint.
const SOLD: &str = "/v1/admin/orders?status=completed&limit=20";
/// The most that is given back for one complaint, in cents.
const AMENDS: i64 = 300;

/// Somebody who may do everything.
pub(super) struct Staff {
    clerk: Shopper,
    random: StdRng,
    /// Parcels that the carrier was given.
    pub(super) sent: usize,
}

impl Staff {
    pub(super) fn new(clerk: Shopper, random: StdRng) -> Self {
        Self { clerk, random, sent: 0 }
    }

    /// Works as long as there is somebody who waits for it.
    pub(super) async fn work(&mut self) -> Infallible {
        loop {
            tokio::time::sleep(BREATH).await;
            self.send_off().await;
            self.give_back().await;
        }
    }

    async fn send_off(&mut self) {
        for parcel in self.list(READY).await {
            let called_off = self.random.random_range(0..10) == 0;
            let action = if called_off { "cancel" } else { "dispatch" };
            let done = self.act(&parcel, action, &Value::Null).await;
            self.sent += usize::from(done && !called_off);
        }
    }

    async fn give_back(&mut self) {
        let sold = self.list(SOLD).await;
        if sold.is_empty() {
            return;
        }
        let order = &sold[self.random.random_range(0..sold.len())];
        let Some(payment) = order["_links"]["payment"]["href"].as_str() else { return };
        let Some(payment) = self.read(payment).await else { return };
        let left = payment["refundable"]["minor"].as_i64().unwrap_or_default();
        if left > 0 {
            let amount = euros(self.random.random_range(1..=left.min(AMENDS)));
            let amends = json!({ "amount": amount, "reason": "a complaint" });
            self.act(&payment, "refund", &amends).await;
        }
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let list = self.read(path).await.unwrap_or_default();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// What is there, when there is an answer.
    async fn read(&self, path: &str) -> Option<Value> {
        let answer = self.clerk.send(self.clerk.request(Method::GET, path)).await.ok()?;
        answer.status.is_success().then(|| answer.json())
    }

    /// Does what a resource offers; says whether it was done, as far as is known.
    async fn act(&self, resource: &Value, action: &str, wish: &Value) -> bool {
        let Some(place) = resource["_links"][action]["href"].as_str() else { return false };
        let answer = self.clerk.try_post_once(place, &fresh_key(), wish).await;
        answer.is_ok_and(|answer| answer.status.is_success())
    }
}
