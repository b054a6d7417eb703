//! Signatures of webhooks as Stripe makes them: `t=1700000000,v1=hex(HMAC-SHA256(secret, "t.body"))`
//! (docs.stripe.com/webhooks/signatures).

use std::{fmt::Write, time::Duration};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use kernel::Timestamp;

use crate::{provider::Forged, settings::Secret};

/// How far a signature's time may be from ours. A provider signs again when it sends again, so an older
/// one is somebody else's copy.
const TOLERANCE: Duration = Duration::from_secs(300);
const MICROS: i64 = 1_000_000;

/// Signs `body` at `now`.
pub(crate) fn sign(secret: &Secret, body: &str, now: Timestamp) -> String {
    let at = now.micros() / MICROS;
    format!("t={at},v1={}", tag(secret, at, body))
}

/// Makes sure that one of `secrets` signed `body` not long before or after `now`. There may be several
/// secrets, and several signatures, while one secret is replaced by the next.
pub(crate) fn verify(
    secrets: &[Secret],
    header: Option<&str>,
    body: &str,
    now: Timestamp,
) -> Result<(), Forged> {
    let header = header.ok_or(Forged("there is none"))?;
    let fields = || header.split(',').filter_map(|field| field.trim().split_once('='));
    let at = fields().find(|(name, _)| *name == "t").and_then(|(_, at)| at.parse::<i64>().ok());
    let at = at.ok_or(Forged("it has no time"))?;
    let expected: Vec<String> = secrets.iter().map(|secret| tag(secret, at, body)).collect();
    let ours = |given: &str| {
        let same = |tag: &String| verify_slices_are_equal(tag.as_bytes(), given.as_bytes()).is_ok();
        expected.iter().any(same)
    };
    if !fields().any(|(name, given)| name == "v1" && ours(given)) {
        return Err(Forged("it does not fit the body"));
    }
    let apart = (now.micros() / MICROS).abs_diff(at);
    if apart > TOLERANCE.as_secs() {
        return Err(Forged("it is too old"));
    }
    Ok(())
}

fn tag(secret: &Secret, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(at.to_string().as_bytes());
    context.update(b".");
    context.update(body.as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in context.sign().as_ref() {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").unwrap_or_default();
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"id":"evt_1"}"#;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * MICROS)
    }

    #[test]
    fn a_signature_is_good_for_its_body_its_secret_and_five_minutes() {
        let (secret, other) = (Secret::from("whsec_1"), Secret::from("whsec_2"));
        let signed = sign(&secret, BODY, at(1_000_000));
        let check = |secrets: &[Secret], body: &str, now| verify(secrets, Some(&signed), body, now);
        let ours = [secret.clone()];
        assert_eq!(check(&ours, BODY, at(1_000_000)), Ok(()));
        assert_eq!(check(&ours, BODY, at(1_000_300)), Ok(()));
        assert_eq!(check(&ours, BODY, at(1_000_301)), Err(Forged("it is too old")));
        assert_eq!(check(&ours, BODY, at(999_699)), Err(Forged("it is too old")));
        assert!(check(&ours, "{}", at(1_000_000)).is_err());
        assert!(check(std::slice::from_ref(&other), BODY, at(1_000_000)).is_err());
        assert!(check(&[], BODY, at(1_000_000)).is_err());
        assert_eq!(check(&[other, secret], BODY, at(1_000_000)), Ok(()));
    }

    #[test]
    fn while_secrets_are_replaced_one_good_signature_among_several_is_enough() {
        let (old, new) = (Secret::from("old"), Secret::from("new"));
        let now = at(1_700_000_000);
        let second = sign(&new, BODY, now).split_once(",v1=").unwrap().1.to_owned();
        let both = format!("{},v1={second}, v0=ignored", sign(&old, BODY, now));
        assert_eq!(verify(&[new], Some(&both), BODY, now), Ok(()));
        for nonsense in ["", "t=1", "v1=00", "t=x,v1=00", "t=1700000000,v1="] {
            assert!(
                verify(std::slice::from_ref(&old), Some(nonsense), BODY, now).is_err(),
                "{nonsense}"
            );
        }
        assert!(verify(&[old], None, BODY, now).is_err());
    }

    #[test]
    fn the_signature_is_what_openssl_makes() {
        // printf '1.{}' | openssl dgst -sha256 -hmac whsec
        let signed = sign(&Secret::from("whsec"), "{}", at(1));
        assert_eq!(
            signed,
            "t=1,v1=6ab13b5991724d5a0c7f02d7989ba3425b580e39d5b9a0a6258a7f5d0419173a"
        );
    }
}
