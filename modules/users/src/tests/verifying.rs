//! E-mail addresses whose mail is read.

use std::time::Duration;

use users_api::{Error, OneTimeToken, VerifyEmail};

use super::{
    check,
    mailbox::{Heard, Mailbox},
};
use crate::{Rate, Settings};

#[tokio::test]
async fn a_mailed_token_verifies_an_address_once_and_the_world_hears_of_it() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        let ada = world.ada().await;
        assert_eq!(ada.email_verified_at, None);
        let token = mailbox.verification().await;
        assert!(!format!("{token:?}").contains(token.expose()), "a token does not print itself");
        let verify =
            |token: &OneTimeToken| world.users.verify_email(VerifyEmail { token: token.clone() });
        let verified = verify(&token).await.unwrap();
        assert!(verified.email_verified_at.is_some());
        assert_eq!(verified.version, ada.version.next());
        assert_eq!(world.users.user(ada.id).await, Ok(verified.clone()));
        assert_eq!(verify(&token).await, Err(Error::UnknownToken), "it works once");
        let Heard::Verified(heard) = mailbox.next().await else { panic!("nobody heard of it") };
        assert_eq!((heard.user, heard.email), (ada.id, ada.email));
        mailbox.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_ends_and_another_one_can_be_asked_for_but_not_without_limit() {
    let mails_per_account = Rate { burst: 2, interval: Duration::from_mins(10) };
    let settings = Settings { mails_per_account, ..Settings::default() };
    super::check_with(settings, async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        let ada = world.ada().await;
        let first = mailbox.verification().await;
        world.clock.advance(Settings::default().verification_life);
        let late = world.users.verify_email(VerifyEmail { token: first }).await;
        assert_eq!(late, Err(Error::UnknownToken));
        world.users.request_verification(ada.id).await.unwrap();
        let token = mailbox.verification().await;
        world.users.request_verification(ada.id).await.unwrap();
        let refused = world.users.request_verification(ada.id).await;
        assert!(matches!(refused, Err(Error::Throttled { .. })), "{refused:?}");
        assert!(world.users.verify_email(VerifyEmail { token }).await.is_ok());
        let left = mailbox.verification().await;
        let useless = world.users.verify_email(VerifyEmail { token: left }).await;
        assert_eq!(useless, Err(Error::UnknownToken), "one of them was enough");
        assert_eq!(world.users.request_verification(ada.id).await, Ok(()), "and no more is sent");
        mailbox.close().await;
    })
    .await;
}
