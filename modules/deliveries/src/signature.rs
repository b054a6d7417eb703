//! How a carrier signs its webhooks: `t=<seconds>,v1=<HMAC-SHA-256 of "<seconds>.<body>">`.
//!
//! The time is part of what is signed, so that nobody can send an old webhook again much later. A carrier
//! that tries again signs again.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::Timestamp;

/// What a carrier and the shop both know.
pub(crate) struct Signer {
    key: hmac::Key,
    tolerance: Duration,
}

impl Signer {
    /// Signs with `secret`, and believes signatures that are at most `tolerance` old or early.
    pub(crate) fn new(secret: &[u8], tolerance: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), tolerance }
    }

    /// The signature of `body` at `now`.
    pub(crate) fn sign(&self, body: &str, now: Timestamp) -> String {
        let seconds = now.seconds();
        let tag = hmac::sign(&self.key, signed(seconds, body).as_bytes());
        format!("t={seconds},v1={}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether `signature` is ours, of `body`, and fresh.
    pub(crate) fn accepts(&self, signature: &str, body: &str, now: Timestamp) -> bool {
        let Some((seconds, tag)) = parts(signature) else { return false };
        let age = now.seconds().abs_diff(seconds);
        age <= self.tolerance.as_secs()
            && hmac::verify(&self.key, signed(seconds, body).as_bytes(), &tag).is_ok()
    }
}

fn signed(seconds: i64, body: &str) -> String {
    format!("{seconds}.{body}")
}

fn parts(signature: &str) -> Option<(i64, Vec<u8>)> {
    let (time, tag) = signature.split_once(',')?;
    let seconds = time.strip_prefix("t=")?.parse().ok()?;
    Some((seconds, URL_SAFE_NO_PAD.decode(tag.strip_prefix("v1=")?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn only_what_was_signed_with_the_secret_not_long_ago_is_believed() {
        let ours = Signer::new(b"ours", Duration::from_mins(5));
        let theirs = Signer::new(b"theirs", Duration::from_mins(5));
        let now = Timestamp::from_micros(1_767_225_600_000_000);
        let signature = ours.sign("body", now);
        assert!(ours.accepts(&signature, "body", now));
        assert!(ours.accepts(&signature, "body", now.plus(Duration::from_mins(5))));
        assert!(!ours.accepts(&signature, "another body", now));
        assert!(!ours.accepts(&signature, "body", now.plus(DAY)));
        assert!(!ours.accepts(&signature, "body", now.minus(DAY)));
        assert!(!ours.accepts(&theirs.sign("body", now), "body", now));
        let later = signature.replacen("t=1", "t=2", 1);
        for forged in ["", "t=1,v1=", "v1=AA,t=1", "t=x,v1=AA", &signature[..20], &later] {
            assert!(!ours.accepts(forged, "body", now), "{forged}");
        }
    }
}
