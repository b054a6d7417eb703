//! What users do unasked. Any number of replicas may do it at once.

use std::{sync::Arc, time::Duration};

use host::Background;

use crate::{keys, service::Service};

/// How often the rows of the signing keys are looked at.
const KEYS: Duration = Duration::from_mins(1);
/// How often successors of refresh tokens are made impossible to find out.
const NONCES: Duration = Duration::from_mins(1);
/// How often what has ended is removed.
const SWEEP: Duration = Duration::from_hours(1);
/// How long a log-in that has ended is kept: so long the reuse of its tokens is noticed.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How long a wish for a new password waits at most, when another process has noted it.
const WISHES: Duration = Duration::from_mins(1);

/// Everything that has to be done from time to time.
pub(crate) fn tasks(service: &Arc<Service>) -> Vec<Background> {
    vec![turn_keys(service), forget_nonces(service), sweep(service), grant_resets(service)]
}

fn turn_keys(service: &Arc<Service>) -> Background {
    let service = service.clone();
    Background::every("signing keys", KEYS, move || {
        let service = service.clone();
        async move {
            let Service { store, issuer, settings, clock, .. } = &*service;
            if let Err(cause) = keys::turn(store, issuer, settings, clock.now()).await {
                tracing::warn!(%cause, "the signing keys could not be looked at");
            }
        }
    })
}

fn forget_nonces(service: &Arc<Service>) -> Background {
    let service = service.clone();
    Background::every("used refresh tokens", NONCES, move || {
        let service = service.clone();
        async move {
            if let Err(cause) = service.store.sweep_nonces(service.clock.now()).await {
                tracing::warn!(%cause, "used refresh tokens could not be cleared");
            }
        }
    })
}

fn sweep(service: &Arc<Service>) -> Background {
    let service = service.clone();
    Background::every("ended log-ins and tokens", SWEEP, move || {
        let service = service.clone();
        async move {
            let now = service.clock.now();
            let swept = async {
                service.store.sweep_mailed(now).await?;
                service.store.sweep_sessions(now.minus(KEPT)).await
            };
            if let Err(cause) = swept.await {
                tracing::warn!(%cause, "ended log-ins and tokens could not be removed");
            }
        }
    })
}

fn grant_resets(service: &Arc<Service>) -> Background {
    let service = service.clone();
    Background::new("forgotten passwords", move |stop| async move {
        while !stop.is_cancelled() {
            if let Err(cause) = service.grant_resets().await {
                tracing::warn!(%cause, "forgotten passwords could not be looked after");
            }
            let wished = tokio::time::timeout(WISHES, service.wished.notified());
            stop.run_until_cancelled(wished).await;
        }
    })
}
