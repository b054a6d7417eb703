//! What notifications does when others say that something happened: it writes a mail, or remembers how
//! somebody is reached.

use std::sync::Arc;

use async_trait::async_trait;
use deliveries_api::{ShipmentDelivered, ShipmentDispatched};
use kernel::{Clock, Event, Identifier};
use messaging::{Delivery, Failure, Handle, Subscriptions};
use notifications_api::MailId;
use orders_api::{
    Contact, OrderCancelled, OrderCompleted, OrderExpired, OrderId, OrderNumber, OrderPlaced,
    OrderRejected,
};
use payments_api::PaymentRefunded;
use storage::Tx;
use users_api::{
    EmailVerificationRequested, EmailVerified, PasswordResetRequested, UserErased, UserId,
    UserRegistered,
};

use crate::{
    domain::{Content, Draft, Item},
    store,
};

/// Listens to whatever people want to hear of, and to where they are reached.
pub(crate) fn subscriptions(clock: Arc<dyn Clock>) -> Subscriptions {
    let clerk = Arc::new(Clerk { clock });
    let registrar = Arc::new(Registrar);
    Subscriptions::of("notifications")
        .on::<OrderPlaced>(clerk.clone())
        .on::<OrderCompleted>(clerk.clone())
        .on::<OrderExpired>(clerk.clone())
        .on::<OrderCancelled>(clerk.clone())
        .on::<OrderRejected>(clerk.clone())
        .on::<PaymentRefunded>(clerk.clone())
        .on::<ShipmentDispatched>(clerk.clone())
        .on::<ShipmentDelivered>(clerk.clone())
        .on::<EmailVerificationRequested>(clerk.clone())
        .on::<PasswordResetRequested>(clerk)
        .on::<UserRegistered>(registrar.clone())
        .on::<EmailVerified>(registrar.clone())
        .on::<UserErased>(registrar)
}

/// What an event gives cause to write, and to remember.
struct Notice {
    content: Content,
    person: UserId,
    about: About,
}

/// What a mail is about.
enum About {
    /// An order whose name is told with it, and how to reach its guest.
    Order(OrderId, OrderNumber, Option<Contact>),
    /// An order whose name was told before.
    Known(OrderId),
    /// An account: the secret, the address and the name of whom it is for.
    Account { secret: String, email: String, name: String },
}

/// Writes mails.
struct Clerk {
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl<E: Event + Into<Notice>> Handle<E> for Clerk {
    async fn handle(&self, tx: &mut Tx, event: E, delivery: &Delivery) -> Result<(), Failure> {
        let Notice { content, person, about } = event.into();
        let (order, to, secret) = match about {
            About::Order(order, number, contact) => {
                store::remember_order(tx, order, &number, person, contact).await?;
                (Some(order), None, None)
            }
            About::Known(order) => (Some(order), None, None),
            About::Account { secret, email, name } => (None, Some((email, name)), Some(secret)),
        };
        let id = MailId::from_uuid(delivery.envelope().id);
        let draft = Draft { id, content, secret, person, order, to };
        Ok(store::enqueue(tx, draft, self.clock.now()).await?)
    }
}

/// Remembers how people are reached, and forgets it.
struct Registrar;

#[async_trait]
impl Handle<UserRegistered> for Registrar {
    async fn handle(
        &self,
        tx: &mut Tx,
        event: UserRegistered,
        _: &Delivery,
    ) -> Result<(), Failure> {
        Ok(store::remember_person(tx, event.user, event.email, Some(event.name)).await?)
    }
}

#[async_trait]
impl Handle<EmailVerified> for Registrar {
    async fn handle(&self, tx: &mut Tx, event: EmailVerified, _: &Delivery) -> Result<(), Failure> {
        Ok(store::remember_person(tx, event.user, event.email, None).await?)
    }
}

#[async_trait]
impl Handle<UserErased> for Registrar {
    async fn handle(&self, tx: &mut Tx, event: UserErased, _: &Delivery) -> Result<(), Failure> {
        Ok(store::forget_person(tx, event.user).await?)
    }
}

fn items(lines: Vec<orders_api::Line>) -> Vec<Item> {
    lines.into_iter().map(Item::from).collect()
}

macro_rules! notices {
    ($($event:ident by $person:ident: |$it:ident| $content:expr, $about:expr;)+) => {$(
        impl From<$event> for Notice {
            fn from($it: $event) -> Self {
                let person = $it.$person;
                Self { about: $about, content: $content, person }
            }
        }
    )+};
}

notices! {
    OrderPlaced by customer: |it| Content::OrderPlaced {
        items: items(it.lines),
        shipping: it.totals.shipping.to_string(),
        total: it.totals.grand.to_string(),
        expires_at: it.expires_at,
    }, About::Order(it.order, it.number, it.contact);
    OrderCompleted by customer: |it| Content::OrderPaid {
        items: items(it.lines),
        total: it.total.to_string(),
    }, About::Order(it.order, it.number, it.contact);
    OrderExpired by customer: |it| Content::OrderExpired {},
        About::Order(it.order, it.number, it.contact);
    OrderCancelled by customer: |it| Content::OrderCancelled { reason: it.reason },
        About::Order(it.order, it.number, it.contact);
    OrderRejected by customer: |it| Content::OrderRejected { reason: it.reason },
        About::Order(it.order, it.number, it.contact);
    PaymentRefunded by customer: |it| Content::OrderRefunded { amount: it.amount.to_string() },
        About::Known(it.order);
    ShipmentDispatched by customer: |it| Content::OrderShipped {
        carrier: it.carrier,
        waybill: it.waybill.to_string(),
    }, About::Known(it.order);
    ShipmentDelivered by customer: |it| Content::OrderDelivered {}, About::Known(it.order);
    EmailVerificationRequested by user: |it| Content::EmailVerification {
        expires_at: it.expires_at,
    }, About::Account { secret: it.token.expose().to_owned(), email: it.email, name: it.name };
    PasswordResetRequested by user: |it| Content::PasswordReset { expires_at: it.expires_at },
        About::Account { secret: it.token.expose().to_owned(), email: it.email, name: it.name };
}
