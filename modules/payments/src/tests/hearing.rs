//! What a provider tells of its own accord: twice, late, out of order, before its answer, or not at all.

use std::time::Duration;

use kernel::Clock;
use payments_api::{Error, Status, Webhook};
use serde_json::json;

use super::{
    told_everywhere,
    world::{Stage, World, quick},
};
use crate::{Secret, Settings, signature};

const SECRET: &str = "whsec_test";
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

/// A shop that Stripe may tell things, and that looks at nothing unasked.
fn deaf() -> Settings {
    let mut settings = Settings { reconcile_after: NEVER, ..quick() };
    settings.stripe.api_key = Some(Secret::from("sk_test_1"));
    settings.stripe.webhook_secret = vec![Secret::from("whsec_old"), Secret::from(SECRET)];
    settings
}

/// A shop whose sandbox tells what becomes of charges.
fn told(delay: Duration) -> Settings {
    let mut settings = Settings { reconcile_after: NEVER, ..quick() };
    settings.sandbox.webhooks.send = true;
    settings.sandbox.webhooks.delay = delay;
    settings
}

fn event(id: &str) -> String {
    json!({ "id": id, "type": "charge.updated", "data": { "object": {} } }).to_string()
}

fn webhook(body: &str, signature: Option<String>) -> Webhook {
    Webhook { provider: "stripe".to_owned(), signature, body: body.to_owned() }
}

async fn kept(world: &World) -> i64 {
    world.number("SELECT COUNT(*) AS n FROM webhook").await
}

async fn all_are_looked_into(world: &World) {
    let waiting = "SELECT COUNT(*) AS n FROM webhook WHERE processed_at IS NULL";
    let none = async || world.number(waiting).await == 0;
    testkit::eventually("webhooks are looked into", Duration::from_secs(20), none).await;
}

async fn a_webhook_is_kept_once_and_only_if_it_is_the_providers(stage: Stage) {
    let world = stage.open(deaf()).await;
    let (secret, body, now) = (Secret::from(SECRET), event("evt_1"), world.clock.now());
    let tell = async |signature| world.payments.notice(webhook(&body, signature)).await;
    let good = signature::sign(&secret, &body, now);
    let forged = [
        None,
        Some("nonsense".to_owned()),
        Some(signature::sign(&Secret::from("guessed"), &body, now)),
        Some(signature::sign(&secret, &event("evt_2"), now)),
        Some(signature::sign(&secret, &body, world.in_seconds(600))),
    ];
    for signature in forged {
        assert!(matches!(tell(signature).await, Err(Error::Forged(_))));
    }
    assert_eq!(kept(&world).await, 0);
    assert!(!tell(Some(good.clone())).await.unwrap().again);
    assert!(tell(Some(good)).await.unwrap().again);
    let old = signature::sign(&Secret::from("whsec_old"), &body, now);
    assert!(tell(Some(old)).await.unwrap().again, "the secret is being replaced");
    assert_eq!(kept(&world).await, 1);

    let body = "no event";
    let signed = signature::sign(&secret, body, now);
    let nonsense = world.payments.notice(webhook(body, Some(signed))).await;
    assert!(matches!(nonsense, Err(Error::Forged(_))));
    let nobody = Webhook { provider: "nobody".to_owned(), ..webhook(body, None) };
    let unknown = world.payments.notice(nobody).await;
    assert_eq!(unknown, Err(Error::UnknownProvider("nobody".to_owned())));
    all_are_looked_into(&world).await;
}

async fn an_event_that_is_a_day_late_is_good_and_a_signature_that_is_a_day_old_is_not(
    stage: Stage,
) {
    let world = stage.open(deaf()).await;
    let (secret, body) = (Secret::from(SECRET), event("evt_1"));
    let signed_then = signature::sign(&secret, &body, world.clock.now());
    world.clock.advance(Duration::from_secs(24 * 3600));
    let replayed = world.payments.notice(webhook(&body, Some(signed_then))).await;
    assert!(matches!(replayed, Err(Error::Forged(_))));
    let signed_again = signature::sign(&secret, &body, world.clock.now());
    let delayed = world.payments.notice(webhook(&body, Some(signed_again))).await;
    assert!(!delayed.unwrap().again);
    all_are_looked_into(&world).await;
}

async fn a_charge_whose_answer_is_lost_is_known_by_its_webhook(stage: Stage) {
    let mut settings = told(Duration::ZERO);
    settings.sandbox.silent = 1;
    let world = stage.open(settings).await;
    let wish = world.collect("pm_card_visa", Status::Captured).await;
    all_are_looked_into(&world).await;
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn a_webhook_before_the_answer_to_the_charge_is_news_and_the_answer_is_none(stage: Stage) {
    let mut settings = told(Duration::ZERO);
    settings.sandbox.answers_after = Duration::from_millis(300);
    let world = stage.open(settings).await;
    let wish = world.wish("pm_card_visa");
    world.send(&wish).await;
    world.until(&wish, Status::Captured).await;
    assert_eq!(kept(&world).await, 1);
    assert_eq!(world.heard(2).await.len(), 2);
    assert_eq!((world.charges(&wish).await, world.ledger(&wish).await), (1, (2, 0)));
}

async fn webhooks_twice_shuffled_and_between_forged_ones_change_nothing(stage: Stage) {
    let mut settings = told(Duration::from_millis(200));
    settings.sandbox.webhooks.twice_percent = 60;
    settings.sandbox.webhooks.forged_percent = 60;
    let world = stage.open(settings).await;
    let mut wishes = Vec::new();
    for _ in 0..10 {
        wishes.push(world.collect("pm_card_visa", Status::Captured).await);
    }
    for wish in &wishes {
        world.give_back(wish, 999).await.unwrap();
        world.void(wish).await;
    }
    for wish in &wishes {
        world.until(wish, Status::Voided).await;
    }
    let unsent = async || {
        world.clock.advance(Duration::from_millis(20));
        world.banked("SELECT COUNT(*) AS n FROM sandbox_webhook").await == 0
    };
    testkit::eventually("all webhooks are sent", Duration::from_secs(20), unsent).await;
    all_are_looked_into(&world).await;
    assert_eq!(kept(&world).await, 30, "one charge and two refunds each");
    for wish in &wishes {
        assert_eq!(world.kept(wish).await, 0);
        assert_eq!((world.charges(wish).await, world.ledger(wish).await), (1, (6, 0)));
    }
}

async fn old_webhooks_are_forgotten(stage: Stage) {
    let settings = told(Duration::ZERO);
    let long = settings.webhooks_kept + Duration::from_secs(1);
    let world = stage.open(settings).await;
    world.collect("pm_card_visa", Status::Captured).await;
    let one = async || kept(&world).await == 1;
    testkit::eventually("a webhook came", Duration::from_secs(20), one).await;
    all_are_looked_into(&world).await;
    world.clock.advance(long);
    let world = world.crash().await.open(quick()).await;
    let none = async || kept(&world).await == 0;
    testkit::eventually("it is forgotten", Duration::from_secs(20), none).await;
}

told_everywhere!(
    a_webhook_is_kept_once_and_only_if_it_is_the_providers,
    an_event_that_is_a_day_late_is_good_and_a_signature_that_is_a_day_old_is_not,
    a_charge_whose_answer_is_lost_is_known_by_its_webhook,
    a_webhook_before_the_answer_to_the_charge_is_news_and_the_answer_is_none,
    webhooks_twice_shuffled_and_between_forged_ones_change_nothing,
    old_webhooks_are_forgotten,
);
