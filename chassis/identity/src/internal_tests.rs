//! What an internal token proves, and every way of forging one that we know.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Clock, ManualClock, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    Grant, Insider, InternalTokens, Issuer, Principal, Role, SigningKey, TokenError, Verifier,
    WeakSecret,
};

const NOW: i64 = 1_800_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

struct Deployment {
    clock: Arc<ManualClock>,
    tokens: InternalTokens,
}

fn deployment() -> Deployment {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(NOW * 1_000_000)));
    let tokens = InternalTokens::new(&SECRET.into(), clock.clone()).unwrap();
    Deployment { clock, tokens }
}

impl Deployment {
    fn refusal(&self, token: &str) -> Option<TokenError> {
        self.tokens.verify(token, "orders").err()
    }
}

fn header() -> Value {
    json!({ "typ": "rialto-internal+jwt", "alg": "HS256" })
}

fn claims() -> Value {
    json!({
        "iss": "rialto", "aud": "orders", "sub": "carts",
        "iat": NOW, "nbf": NOW, "exp": NOW + 60,
    })
}

fn with(mut value: Value, member: &str, other: Value) -> Value {
    value[member] = other;
    value
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member);
    value
}

fn message(header: &str, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Signed with our own secret, whatever it says.
fn signed(header: &str, claims: &Value) -> String {
    signed_with(SECRET, header, claims)
}

fn signed_with(secret: &str, header: &str, claims: &Value) -> String {
    let message = message(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

const HEADER: &str = r#"{"typ":"rialto-internal+jwt","alg":"HS256"}"#;

fn principal() -> Principal {
    Principal {
        subject: "usr_1".into(),
        roles: vec![Role::Customer, Role::Finance],
        session: Some("ses_1".into()),
        token: "tok_1".into(),
        expires_at: Timestamp::from_micros((NOW + 300) * 1_000_000 + 7),
    }
}

#[test]
fn a_token_says_who_asks_until_it_expires() {
    let Deployment { clock, tokens } = deployment();
    let token = tokens.sign("carts", "orders");
    let insider = Insider { caller: "carts".into(), principal: None };
    assert_eq!(tokens.verify(&token, "orders"), Ok(insider.clone()));
    clock.advance(Duration::from_secs(89));
    assert_eq!(tokens.verify(&token, "orders"), Ok(insider), "clocks may differ by half a minute");
    clock.advance(Duration::from_secs(1));
    assert_eq!(tokens.verify(&token, "orders"), Err(TokenError::Expired));
}

#[test]
fn a_token_brings_the_user_along_as_the_gateway_knew_it() {
    let Deployment { tokens, .. } = deployment();
    let plain = Principal { roles: vec![], session: None, ..principal() };
    for user in [principal(), plain] {
        let token = tokens.sign_for("gateway", "orders", &user);
        let insider = Insider { caller: "gateway".into(), principal: Some(user) };
        assert_eq!(tokens.verify(&token, "orders"), Ok(insider));
    }
}

#[test]
fn a_token_is_signed_once_for_half_of_its_life_and_each_pair() {
    let Deployment { clock, tokens } = deployment();
    let first = tokens.sign("carts", "orders");
    assert_ne!(first, tokens.sign("carts", "products"));
    assert_ne!(first, tokens.sign("payments", "orders"));
    clock.advance(Duration::from_secs(29));
    assert!(Arc::ptr_eq(&first, &tokens.sign("carts", "orders")));
    clock.advance(Duration::from_secs(1));
    let second = tokens.sign("carts", "orders");
    assert_ne!(first, second);
    assert!(Arc::ptr_eq(&second, &tokens.sign("carts", "orders")));
}

#[test]
fn two_processes_with_one_secret_believe_each_other() {
    let (one, other) = (deployment(), deployment());
    assert!(other.tokens.verify(&one.tokens.sign("carts", "orders"), "orders").is_ok());
}

#[test]
fn a_short_secret_is_refused_with_advice() {
    let clock: Arc<dyn Clock> = deployment().clock;
    for secret in ["", "secret", &SECRET[1..]] {
        let weak = InternalTokens::new(&secret.into(), clock.clone()).unwrap_err();
        assert_eq!(weak, WeakSecret { bytes: secret.len() });
        assert!(weak.to_string().contains("openssl rand"), "{weak}");
    }
}

#[test]
fn a_hand_made_token_of_the_right_shape_is_the_control_of_the_forgeries() {
    assert_eq!(deployment().refusal(&signed(HEADER, &claims())), None);
}

#[test]
fn no_claim_may_be_missing_foreign_or_of_another_shape() {
    let deployment = deployment();
    for claim in ["iss", "aud", "sub", "exp", "nbf", "iat"] {
        let token = signed(HEADER, &without(claims(), claim));
        assert_eq!(deployment.refusal(&token), Some(TokenError::Malformed), "without {claim}");
    }
    let wrong = [
        ("aud", json!("products"), TokenError::Foreign),
        ("aud", json!(["orders"]), TokenError::Malformed),
        ("aud", json!(""), TokenError::Foreign),
        ("iss", json!("shop"), TokenError::Foreign),
        ("sub", json!(""), TokenError::Foreign),
        ("exp", json!(NOW - 30), TokenError::Expired),
        ("exp", json!(i64::MIN), TokenError::Expired),
        ("exp", json!((NOW + 60).to_string()), TokenError::Malformed),
        ("exp", json!(NOW + 61), TokenError::LivesTooLong),
        ("exp", json!(i64::MAX), TokenError::LivesTooLong),
        ("iat", json!(NOW - 1), TokenError::LivesTooLong),
        ("iat", json!(NOW + 31), TokenError::NotYetValid),
        ("nbf", json!(NOW + 31), TokenError::NotYetValid),
        ("principal", json!("usr_1"), TokenError::Malformed),
        ("principal", json!({ "sub": "usr_1" }), TokenError::Malformed),
    ];
    for (claim, value, expected) in wrong {
        let token = signed(HEADER, &with(claims(), claim, value.clone()));
        assert_eq!(deployment.refusal(&token), Some(expected), "{claim} = {value}");
    }
}

#[test]
fn no_header_may_choose_the_algorithm_the_key_or_the_rules() {
    let deployment = deployment();
    let wrong = [
        with(header(), "typ", json!("JWT")),
        with(header(), "typ", json!("at+jwt")),
        without(header(), "typ"),
        with(header(), "alg", json!("none")),
        with(header(), "alg", json!("HS512")),
        with(header(), "alg", json!("EdDSA")),
        without(header(), "alg"),
        with(header(), "crit", json!(["exp"])),
        with(header(), "crit", json!([])),
        with(header(), "kid", json!("1")),
        with(header(), "jku", json!("https://evil/jwks.json")),
        with(header(), "jwk", json!({ "kty": "oct", "k": "AAAA" })),
    ];
    for header in wrong {
        let token = signed(&header.to_string(), &claims());
        assert_eq!(deployment.refusal(&token), Some(TokenError::Malformed), "{header}");
    }
}

#[test]
fn nobody_signs_for_us_with_nothing_or_with_another_secret() {
    let deployment = deployment();
    let other = signed_with("another secret of thirty-two bytes", HEADER, &claims());
    assert_eq!(deployment.refusal(&other), Some(TokenError::Forged));
    let empty = signed_with("", HEADER, &claims());
    assert_eq!(deployment.refusal(&empty), Some(TokenError::Forged));
    let good = signed(HEADER, &claims());
    let (head, tag) = good.rsplit_once('.').unwrap();
    let more = message(HEADER, &with(claims(), "sub", json!("gateway")));
    let none = message(r#"{"typ":"rialto-internal+jwt","alg":"none"}"#, &claims());
    let forged = [
        head.to_owned(),
        format!("{head}."),
        format!("{head}.{}", &tag[..40]),
        format!("{head}.{tag}="),
        format!("{more}.{tag}"),
        format!("{none}."),
        none,
    ];
    let nonsense = ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "\u{1f980}.\u{1f980}"];
    for token in forged.iter().map(String::as_str).chain(nonsense) {
        assert!(deployment.refusal(token).is_some(), "{token}");
    }
}

#[test]
fn an_oversized_token_is_not_even_read() {
    let token = signed(HEADER, &with(claims(), "more", json!("m".repeat(4096))));
    assert_eq!(deployment().refusal(&token), Some(TokenError::Malformed));
}

#[test]
fn an_access_token_opens_no_inner_door_and_an_internal_one_no_outer() {
    let Deployment { clock, tokens } = deployment();
    let key = SigningKey::generate().unwrap();
    let issuer = Issuer::new(vec![key.clone()], "rialto", "orders", clock.clone());
    let verifier = Verifier::new(&issuer.jwks(), "rialto", "orders", clock);
    let grant = Grant { subject: "usr_1".into(), roles: vec![], token: "1".into(), session: None };
    let access = issuer.issue(grant).unwrap().token;
    assert_eq!(
        tokens.verify(access.expose_secret(), "orders"),
        Err(TokenError::Malformed),
        "an access token"
    );
    let internal = tokens.sign_for("gateway", "orders", &principal());
    assert_eq!(verifier.verify(&internal), Err(TokenError::Malformed), "an internal token");
    // Not even when the secret of the deployment is the public key that everybody can read.
    let public = SecretString::from(key.public().x.clone());
    let careless = InternalTokens::new(&public, deployment().clock).unwrap();
    let internal = careless.sign_for("gateway", "orders", &principal());
    assert_eq!(verifier.verify(&internal), Err(TokenError::Malformed), "the public key as secret");
}

#[test]
fn the_secret_is_not_printed() {
    assert_eq!(format!("{:?}", deployment().tokens), "InternalTokens");
}
