//! What the mail server gets, whatever it does.

use std::time::Duration;

use deliveries_api::{ShipmentDelivered, ShipmentDispatched, Waybill};
use kernel::{Identifier, Ids, Version};
use notifications_api::{MailId, Status};
use orders_api::{DeliveryStatus, OrderCancelled, OrderCompleted, OrderExpired, OrderRejected};
use payments_api::PaymentRefunded;
use storage::Database;
use users_api::PostalAddress;

use super::{
    server::Server,
    world::{LIMIT, Place, World, ada, another_sender, euros, now, placed, quick},
};
use crate::{
    Settings,
    domain::{Content, Draft},
    store,
};

async fn a_customer_hears_of_everything_that_happens_to_an_order(place: Place) {
    let mut server = Server::start(&[]).await;
    let world = World::open(place, quick(&server.url())).await;
    let ada = ada();
    world.tell(&ada).await;
    let placed = placed(ada.user, None);
    let (order, customer, number) = (placed.order, ada.user, placed.number.clone());
    world.tell(&placed).await;
    let mail = server.next().await;
    assert_eq!(
        (mail.from.as_str(), &mail.to[..]),
        ("shop@rialto.example", &["ada@example.com".into()][..])
    );
    assert_eq!(mail.subject(), format!("Your order {number}"));
    assert_eq!(mail.headers["to"], "Ada Lovelace <ada@example.com>");
    assert_eq!(mail.headers["auto-submitted"], "auto-generated");
    assert!(mail.text.contains("2 x Tea & <pot>, 19.99 EUR each"), "{}", mail.text);
    assert!(mail.text.contains("Total: 44.88 EUR"), "{}", mail.text);
    assert!(mail.html.contains("2 × Tea &amp; &lt;pot&gt;"), "{}", mail.html);
    let sent = world.mail(Status::Sent).await;
    assert_eq!(mail.headers["message-id"], format!("<{}@rialto.example>", sent.id));
    assert_eq!((sent.attempts, sent.address.as_deref()), (1, Some("ada@example.com")));

    let (version, at, contact) = (Version(2), now(), None);
    world
        .tell(&OrderCompleted {
            order,
            number: number.clone(),
            customer,
            contact: contact.clone(),
            lines: placed.lines.clone(),
            ship_to: nowhere(),
            delivery_method: "standard".to_owned(),
            total: euros(4488),
            version,
            at,
        })
        .await;
    let (shipment, overall) = (Ids::system().next(), DeliveryStatus::InTransit);
    let (carrier, waybill) = ("post".to_owned(), Waybill::new(7));
    world
        .tell(&ShipmentDispatched {
            shipment,
            order,
            customer,
            carrier,
            waybill,
            lines: Vec::new(),
            overall,
            version,
            at,
        })
        .await;
    let lines = Vec::new();
    world.tell(&ShipmentDelivered { shipment, order, customer, lines, overall, version, at }).await;
    let (payment, amount) = (placed.payment, euros(100));
    let (refunded, captured) = (100, 4488);
    world
        .tell(&PaymentRefunded {
            payment,
            order,
            customer,
            amount,
            refunded,
            captured,
            version,
            at,
        })
        .await;
    let (reason, number_again) = ("a whim".to_owned(), number.clone());
    world
        .tell(&OrderCancelled {
            order,
            number: number_again,
            customer,
            contact: contact.clone(),
            reason: reason.clone(),
            version,
            at,
        })
        .await;
    world
        .tell(&OrderRejected {
            order,
            number: number.clone(),
            customer,
            contact: contact.clone(),
            reason,
            version,
            at,
        })
        .await;
    world
        .tell(&OrderExpired { order, number: number.clone(), customer, contact, version, at })
        .await;
    let mut subjects = Vec::new();
    for _ in 0..7 {
        let mail = server.next().await;
        assert!(mail.text.contains("Hello Ada Lovelace,") && mail.text.contains("The Shop"));
        subjects.push(mail.subject().to_owned());
    }
    subjects.sort_unstable();
    let mut expected = [
        "is paid",
        "is on its way",
        "has arrived",
        "is cancelled",
        "cannot be fulfilled",
        "has expired",
    ]
    .map(|what| format!("Your order {number} {what}"))
    .to_vec();
    expected.push(format!("Money for your order {number}"));
    expected.sort_unstable();
    assert_eq!(subjects, expected);
    assert_eq!(server.rest().await.len(), 0, "each is sent once");
}

#[tokio::test]
async fn a_customer_hears_of_everything_on_sqlite() {
    a_customer_hears_of_everything_that_happens_to_an_order(Place::Sqlite).await;
}

#[tokio::test]
async fn a_customer_hears_of_everything_on_postgres() {
    a_customer_hears_of_everything_that_happens_to_an_order(Place::Postgres).await;
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_sent_later_and_once() {
    let mut server = Server::start(&["--later", "2"]).await;
    let world = World::with(&server).await;
    let ada = ada();
    world.tell(&ada).await;
    world.tell(&placed(ada.user, None)).await;
    assert!(server.next().await.subject().starts_with("Your order"));
    let sent = world.mail(Status::Sent).await;
    assert_eq!((sent.attempts, sent.reason), (3, None));
    assert_eq!(server.rest().await.len(), 0);
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_is_written_to_once_and_holds_nobody_back() {
    let mut server = Server::start(&["--unknown", "nobody@example.com"]).await;
    let world = World::with(&server).await;
    world.tell(&placed(Ids::system().next(), Some("nobody@example.com"))).await;
    world.tell(&placed(Ids::system().next(), Some("grace@example.com"))).await;
    assert_eq!(server.next().await.to, ["grace@example.com"]);
    let refused = async || world.outbox().await[0].status == Status::Failed;
    testkit::eventually("the first mail is given up", LIMIT, refused).await;
    let refused = world.outbox().await.remove(0);
    assert_eq!(refused.attempts, 1);
    assert!(refused.reason.unwrap().contains("no such mailbox here"));
}

#[tokio::test]
async fn mail_waits_for_a_server_that_is_down() {
    let server = Server::start(&[]).await;
    let url = server.url();
    let port = server.stop().await;
    let world = World::open(Place::Sqlite, quick(&url)).await;
    world.tell(&placed(Ids::system().next(), Some("grace@example.com"))).await;
    let waiting = world.tried(2).await;
    assert_eq!(waiting.status, Status::Queued);
    let mut server = Server::again(port).await;
    assert_eq!(server.next().await.to, ["grace@example.com"]);
    assert!(world.mail(Status::Sent).await.attempts > 2);
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_comes_again_under_the_same_name() {
    let mut server = Server::start(&["--silent", "1"]).await;
    let world = World::with(&server).await;
    world.tell(&placed(Ids::system().next(), Some("grace@example.com"))).await;
    let (first, again) = (server.next().await, server.next().await);
    for header in ["message-id", "date", "subject"] {
        assert_eq!(first.headers[header], again.headers[header]);
    }
    assert_eq!(world.mail(Status::Sent).await.attempts, 2);
    assert_eq!(server.rest().await.len(), 0);
}

#[tokio::test]
async fn a_mail_is_given_up_when_its_time_is_over() {
    let server = Server::start(&["--later", "1000"]).await;
    let give_up_after = Duration::from_millis(200);
    let settings = Settings { give_up_after, ..quick(&server.url()) };
    let world = World::open(Place::Sqlite, settings).await;
    world.tell(&placed(Ids::system().next(), Some("grace@example.com"))).await;
    let given_up = world.mail(Status::Failed).await;
    assert!(given_up.reason.unwrap().starts_with("given up: "));
}

#[tokio::test]
async fn without_a_server_mail_is_written_to_the_log() {
    let world = World::open(Place::Sqlite, quick("")).await;
    world.tell(&placed(Ids::system().next(), Some("grace@example.com"))).await;
    let sent = world.mail(Status::Sent).await;
    assert_eq!(sent.address.as_deref(), Some("grace@example.com"));
}

async fn enqueue(db: &Database, id: MailId, address: String) {
    let content = Content::EmailVerification { expires_at: now() };
    let (person, to) = (Ids::system().next(), Some((address, "Ada".to_owned())));
    let draft = Draft { id, content, secret: Some("s".to_owned()), person, order: None, to };
    let tx = db.begin().await.unwrap();
    store::enqueue(&tx, draft.clone(), now()).await.unwrap();
    store::enqueue(&tx, draft, now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn many_senders_send_each_mail_once_however_often_it_was_ordered() {
    const MAILS: usize = 40;
    let server = Server::start(&[]).await;
    let settings = quick(&server.url());
    let world = World::open(Place::Postgres, settings.clone()).await;
    for number in 0..MAILS {
        let id = MailId::from_uuid(Ids::system().uuid());
        enqueue(&world.db, id, format!("reader-{number}@example.com")).await;
    }
    let _others: Vec<_> = (0..3).map(|_| another_sender(&world.db, settings.clone())).collect();
    let sent = async || {
        let page = kernel::PageRequest { limit: 100, after: None };
        let status = Some(Status::Sent);
        let wish = notifications_api::Mails { status, person: None, order: None, page };
        world.notifications.mails(wish).await.unwrap().items.len() == MAILS
    };
    testkit::eventually("all mails are sent", LIMIT, sent).await;
    let mut readers: Vec<_> = server.rest().await.into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(readers.len(), MAILS);
    readers.sort_unstable();
    readers.dedup();
    assert_eq!(readers.len(), MAILS);
}

fn nowhere() -> PostalAddress {
    PostalAddress {
        recipient: "Ada Lovelace".to_owned(),
        phone: None,
        line1: "Unter den Linden 1".to_owned(),
        line2: None,
        city: "Berlin".to_owned(),
        region: None,
        postal_code: "10117".to_owned(),
        country: "DE".to_owned(),
    }
}
