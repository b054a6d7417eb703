//! What users announce, as others hear of it; and the work that users do unasked.

use std::{sync::Arc, time::Duration};

use host::Background;
use messaging::{Delivery, Failure, Handle, Module, Process, Running, Subscriptions};
use ports::async_trait;
use storage::Tx;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use users_api::{
    AddressChanged, EmailVerificationRequested, EmailVerified, OneTimeToken,
    PasswordResetRequested, UserErased, UserRegistered,
};

use super::{World, on_sqlite};

const LIMIT: Duration = Duration::from_secs(10);

/// Something that was announced.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    Registered(UserRegistered),
    Verified(EmailVerified),
    Changed(AddressChanged),
    Erased(UserErased),
    Verification(EmailVerificationRequested),
    Reset(PasswordResetRequested),
}

struct Ears(UnboundedSender<Heard>);

macro_rules! hear {
    ($($event:ident as $heard:ident),+) => {$(
        #[async_trait]
        impl Handle<$event> for Ears {
            async fn handle(&self, _: &mut Tx, it: $event, _: &Delivery) -> Result<(), Failure> {
                self.0.send(Heard::$heard(it)).map_err(Failure::permanent)
            }
        }
    )+};
}

hear!(
    UserRegistered as Registered,
    EmailVerified as Verified,
    AddressChanged as Changed,
    UserErased as Erased,
    EmailVerificationRequested as Verification,
    PasswordResetRequested as Reset
);

/// Hears all that users announce while they do what they do unasked.
pub(super) struct Mailbox {
    bus: Running,
    heard: UnboundedReceiver<Heard>,
    stop: CancellationToken,
    unasked: JoinHandle<()>,
}

impl Mailbox {
    pub(super) async fn of(world: &mut World) -> Self {
        let (sender, heard) = unbounded_channel();
        let ears = Arc::new(Ears(sender));
        let listener = Subscriptions::of("listener")
            .on::<UserRegistered>(ears.clone())
            .on::<EmailVerified>(ears.clone())
            .on::<AddressChanged>(ears.clone())
            .on::<UserErased>(ears.clone())
            .on::<EmailVerificationRequested>(ears.clone())
            .on::<PasswordResetRequested>(ears);
        let users = Subscriptions::of("users");
        let bus = Process::start(vec![
            Module { name: "users", db: world.db.clone(), subscriptions: users },
            Module { name: "listener", db: on_sqlite().await, subscriptions: listener },
        ]);
        let stop = CancellationToken::new();
        let tasks = std::mem::take(&mut world.hosted.background);
        let unasked = tokio::spawn(Background::run_all(tasks, stop.clone()));
        Self { bus, heard, stop, unasked }
    }

    /// What was announced next.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::time::timeout(LIMIT, self.heard.recv()).await.unwrap().unwrap()
    }

    /// The token that was mailed next to verify an e-mail address.
    pub(super) async fn verification(&mut self) -> OneTimeToken {
        loop {
            if let Heard::Verification(mail) = self.next().await {
                return mail.token;
            }
        }
    }

    /// The token that was mailed next to set a new password.
    pub(super) async fn reset(&mut self) -> OneTimeToken {
        loop {
            if let Heard::Reset(mail) = self.next().await {
                return mail.token;
            }
        }
    }

    pub(super) async fn close(self) {
        self.stop.cancel();
        self.unasked.await.unwrap();
        self.bus.drain(LIMIT).await.unwrap();
    }
}
