//! What a token proves, and every way of forging one that we know.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{Clock, ManualClock, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{Grant, Issuer, Jwks, Role, SigningKey, TokenError, Verifier};

const NOW: i64 = 1_800_000_000;

struct Desk {
    clock: Arc<ManualClock>,
    key: SigningKey,
    issuer: Issuer,
    verifier: Verifier,
}

fn desk() -> Desk {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(NOW * 1_000_000)));
    let shared: Arc<dyn Clock> = clock.clone();
    let key = SigningKey::generate().unwrap();
    let issuer = Issuer::new(vec![key.clone()], "https://shop", "shop", shared.clone());
    let verifier = Verifier::new(&issuer.jwks(), "https://shop", "shop", shared);
    Desk { clock, key, issuer, verifier }
}

impl Desk {
    fn token(&self) -> String {
        let grant = Grant {
            subject: "usr_1".into(),
            roles: vec![Role::Customer, Role::Support],
            token: "tok_1".into(),
            session: Some("ses_1".into()),
        };
        self.issuer.issue(grant).unwrap().token.expose_secret().to_owned()
    }

    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.key.id() })
    }

    /// Signed by our own key, whatever it says.
    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let pair =
            aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(self.key.to_pkcs8().expose_secret());
        let signature = pair.unwrap().sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://shop", "aud": "shop", "sub": "usr_1", "jti": "tok_1",
        "iat": NOW, "nbf": NOW, "exp": NOW + 600, "roles": ["customer"],
    })
}

fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn with(mut value: Value, member: &str, other: Value) -> Value {
    value[member] = other;
    value
}

fn without(mut value: Value, member: &str) -> Value {
    value.as_object_mut().unwrap().remove(member);
    value
}

#[test]
fn a_token_speaks_for_its_user_until_it_expires() {
    let desk = desk();
    let token = desk.token();
    let principal = desk.verifier.verify(&token).unwrap();
    assert_eq!(&*principal.subject, "usr_1");
    assert_eq!(principal.roles, [Role::Customer, Role::Support]);
    assert_eq!(principal.session.as_deref(), Some("ses_1"));
    assert_eq!(principal.expires_at.seconds(), NOW + 600);
    desk.clock.advance(Duration::from_secs(629));
    assert!(desk.verifier.verify(&token).is_ok(), "clocks may differ by half a minute");
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.verifier.verify(&token), Err(TokenError::Expired));
}

#[test]
fn a_hand_made_token_of_the_right_shape_is_the_control_of_the_forgeries() {
    let desk = desk();
    assert!(desk.verifier.verify(&desk.signed(&desk.header(), &claims())).is_ok());
}

#[test]
fn no_claim_may_be_missing_foreign_or_of_another_shape() {
    let desk = desk();
    for claim in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "roles"] {
        let token = desk.signed(&desk.header(), &without(claims(), claim));
        assert_eq!(desk.verifier.verify(&token), Err(TokenError::Malformed), "without {claim}");
    }
    let wrong = [
        ("aud", json!(["shop"]), TokenError::Malformed),
        ("aud", json!("another"), TokenError::Foreign),
        ("iss", json!("https://elsewhere"), TokenError::Foreign),
        ("iss", json!(["https://shop"]), TokenError::Malformed),
        ("sub", json!(""), TokenError::Foreign),
        ("exp", json!(NOW - 31), TokenError::Expired),
        ("exp", json!((NOW + 600).to_string()), TokenError::Malformed),
        ("exp", json!(i64::MAX), TokenError::LivesTooLong),
        ("exp", json!(NOW + 901), TokenError::LivesTooLong),
        ("nbf", json!(NOW + 31), TokenError::NotYetValid),
        ("iat", json!(NOW + 31), TokenError::NotYetValid),
    ];
    for (claim, value, expected) in wrong {
        let token = desk.signed(&desk.header(), &with(claims(), claim, value.clone()));
        assert_eq!(desk.verifier.verify(&token), Err(expected), "{claim} = {value}");
    }
}

#[test]
fn no_header_may_choose_the_algorithm_the_key_or_the_rules() {
    let desk = desk();
    let jwk = serde_json::to_value(desk.key.public()).unwrap();
    let wrong = [
        with(desk.header(), "typ", json!("JWT")),
        without(desk.header(), "typ"),
        without(desk.header(), "kid"),
        with(desk.header(), "kid", json!("")),
        with(desk.header(), "kid", json!("../../etc/passwd")),
        with(desk.header(), "kid", json!("k".repeat(65))),
        with(desk.header(), "kid", json!("unknown")),
        with(desk.header(), "crit", json!(["exp"])),
        with(desk.header(), "crit", json!([])),
        with(desk.header(), "jwk", jwk),
        with(desk.header(), "jku", json!("https://evil/jwks.json")),
        with(desk.header(), "x5u", json!("https://evil/cert")),
        with(desk.header(), "x5c", json!(["AAAA"])),
        with(desk.header(), "alg", json!("none")),
        with(desk.header(), "alg", json!("ES256")),
        without(desk.header(), "alg"),
    ];
    for header in wrong {
        let token = desk.signed(&header, &claims());
        assert!(desk.verifier.verify(&token).is_err(), "{header}");
    }
}

#[test]
fn nobody_signs_for_us_with_nothing_with_the_public_key_or_with_another_key() {
    let desk = desk();
    let none = message(&with(desk.header(), "alg", json!("none")), &claims());
    let hs256 = message(&with(desk.header(), "alg", json!("HS256")), &claims());
    let public = [desk.key.public().x.clone().into_bytes(), {
        URL_SAFE_NO_PAD.decode(&desk.key.public().x).unwrap()
    }];
    let mut forged = vec![format!("{none}."), none];
    for secret in public {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), hs256.as_bytes());
        forged.push(format!("{hs256}.{}", URL_SAFE_NO_PAD.encode(tag)));
    }
    let stranger = Desk { key: SigningKey::generate().unwrap(), ..self::desk() };
    forged.push(stranger.signed(&desk.header(), &claims()));
    let good = desk.token();
    let (head, signature) = good.rsplit_once('.').unwrap();
    forged.push(format!("{head}."));
    forged.push(format!("{head}.{}", &signature[..80]));
    forged.push(format!(
        "{}.{signature}",
        message(&desk.header(), &with(claims(), "sub", json!("usr_2")))
    ));
    forged.extend(["", ".", "..", "...", "a.b.c", "e30.e30.e30"].map(String::from));
    for token in forged {
        assert!(desk.verifier.verify(&token).is_err(), "{token}");
    }
}

#[test]
fn an_oversized_token_is_not_even_read() {
    let desk = desk();
    let token = desk.signed(&desk.header(), &with(claims(), "jti", json!("j".repeat(4096))));
    assert_eq!(desk.verifier.verify(&token), Err(TokenError::Malformed));
}

#[test]
fn rotation_keeps_the_old_tokens_valid_until_their_key_is_retired() {
    let desk = desk();
    let old = desk.token();
    let next = SigningKey::generate().unwrap();
    desk.issuer.rotate(vec![desk.key.clone(), next.clone()]);
    desk.verifier.rotate(&desk.issuer.jwks());
    let new = desk.token();
    assert!(desk.verifier.verify(&old).is_ok() && desk.verifier.verify(&new).is_ok());
    desk.issuer.rotate(vec![next]);
    desk.verifier.rotate(&desk.issuer.jwks());
    assert_eq!(desk.verifier.verify(&old), Err(TokenError::UnknownKey));
    assert!(desk.verifier.verify(&new).is_ok());
}

#[test]
fn a_key_survives_its_storage_and_a_set_its_publication() {
    let desk = desk();
    let stored = desk.key.to_pkcs8();
    let read = SigningKey::from_pkcs8(stored.expose_secret()).unwrap();
    assert_eq!(read.public(), desk.key.public());
    assert!(SigningKey::from_pkcs8(b"not a key").is_err());
    let mut published = serde_json::to_value(desk.issuer.jwks()).unwrap();
    let foreign = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa" });
    published["keys"].as_array_mut().unwrap().push(foreign);
    let parsed: Jwks = serde_json::from_value(published).unwrap();
    desk.verifier.rotate(&parsed);
    assert!(desk.verifier.verify(&desk.token()).is_ok());
}

#[test]
fn a_role_of_a_later_version_grants_nothing() {
    let desk = desk();
    let token =
        desk.signed(&desk.header(), &with(claims(), "roles", json!(["emperor", "finance"])));
    assert_eq!(desk.verifier.verify(&token).unwrap().roles, [Role::Finance]);
}
