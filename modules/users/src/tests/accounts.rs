//! Accounts: who may have one, and who hears of it.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use kernel::Ids;
use messaging::{Delivery, Failure, Handle, Module, Process, Subscriptions};
use ports::async_trait;
use storage::Tx;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use users_api::{Error, Password, SignUp, UserRegistered};

use super::{World, check, on_sqlite, sign_up};
use crate::Settings;

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_new_account_is_a_customers_and_can_be_found() {
    check(async |world| {
        let ada = world.ada().await;
        assert_eq!((ada.email.as_str(), ada.name.as_str()), ("Ada@Example.com", "Ada Lovelace"));
        assert_eq!(ada.roles, ["customer"]);
        assert_eq!(world.users.user(ada.id).await, Ok(ada));
        let nobody = Ids::system().next();
        assert_eq!(world.users.user(nobody).await, Err(Error::UnknownUser(nobody)));
    })
    .await;
}

#[tokio::test]
async fn an_email_address_belongs_to_one_account_whatever_its_case_and_however_many_want_it() {
    check(async |world| {
        let emails = ["ada@example.com", "ADA@example.com", "Ada@Example.Com"];
        let wishes = emails.map(|email| world.users.sign_up(sign_up(email)));
        let answers = join_all(wishes).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused = |answer: &&users_api::Result<_>| matches!(answer, Err(Error::EmailTaken));
        assert_eq!(answers.iter().filter(refused).count(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_is_told_everything_that_is_wrong_with_it() {
    check(async |world| {
        let wish =
            SignUp { email: "ada".into(), password: Password::new("short"), name: " ".into() };
        let Err(Error::Invalid(violations)) = world.users.sign_up(wish).await else {
            panic!("it is not valid");
        };
        let pointers: Vec<_> = violations.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/email", "/password", "/name"]);
        assert_eq!(world.passwords.computed(), 0, "nothing is hashed for nothing");
    })
    .await;
}

#[tokio::test]
async fn an_administrator_is_made_by_the_operator() {
    check(async |world| {
        let root = world.users.create_admin(sign_up("root@example.com")).await.unwrap();
        assert_eq!(root.roles, ["admin"]);
    })
    .await;
}

struct Heard(UnboundedSender<UserRegistered>);

#[async_trait]
impl Handle<UserRegistered> for Heard {
    async fn handle(&self, _: &mut Tx, it: UserRegistered, _: &Delivery) -> Result<(), Failure> {
        self.0.send(it).map_err(Failure::permanent)
    }
}

#[tokio::test]
async fn a_registration_is_announced_without_the_password() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    let (heard, mut announcements) = unbounded_channel();
    let listener = Subscriptions::of("listener").on::<UserRegistered>(Arc::new(Heard(heard)));
    let users = Subscriptions::of("users");
    let bus = Process::start(vec![
        Module { name: "users", db: world.db.clone(), subscriptions: users },
        Module { name: "listener", db: on_sqlite().await, subscriptions: listener },
    ]);
    let ada = world.ada().await;
    let announced = tokio::time::timeout(LIMIT, announcements.recv()).await.unwrap().unwrap();
    assert_eq!((announced.user, &announced.email), (ada.id, &ada.email));
    assert!(!serde_json::to_string(&announced).unwrap().contains("password"));
    bus.drain(LIMIT).await.unwrap();
}
