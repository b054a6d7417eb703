//! Passwords that are changed and passwords that were forgotten.

use futures::future::join_all;
use users_api::{
    ChangePassword, Error, OneTimeToken, Password, Refresh, RequestReset, ResetPassword, Tokens,
};

use super::{PASSWORD, World, attempt, check, mailbox::Mailbox};
use crate::Settings;

const OTHER: &str = "battery staple correct";

fn change(tokens: &Tokens, current: &str, new: &str) -> ChangePassword {
    ChangePassword {
        user: tokens.user,
        session: Some(tokens.session),
        current: Password::new(current),
        new: Password::new(new),
    }
}

async fn goes_on(world: &World, tokens: &Tokens) -> bool {
    let token = tokens.refresh_token.clone();
    world.users.refresh(Refresh { token, user_agent: None, ip: None }).await.is_ok()
}

async fn reset(world: &World, token: &OneTimeToken, password: &str) -> users_api::Result<()> {
    let (token, password) = (token.clone(), Password::new(password));
    world.users.reset_password(ResetPassword { token, password }).await
}

fn forgotten(email: &str) -> RequestReset {
    RequestReset { email: email.into(), ip: Some("192.0.2.7".into()) }
}

#[tokio::test]
async fn who_knows_the_old_password_sets_a_new_one_and_is_the_only_one_left() {
    check(async |world| {
        world.ada().await;
        let (here, elsewhere) = (world.log_in().await, world.log_in().await);
        let wrong = world.users.change_password(change(&here, OTHER, OTHER)).await;
        let Err(Error::Invalid(violations)) = wrong else { panic!("{wrong:?}") };
        assert_eq!(violations[0].pointer, "/current_password");
        let short = world.users.change_password(change(&here, PASSWORD, "short")).await;
        let Err(Error::Invalid(violations)) = short else { panic!("{short:?}") };
        assert_eq!(violations[0].pointer, "/new_password");

        world.users.change_password(change(&here, PASSWORD, OTHER)).await.unwrap();
        let old = world.users.log_in(attempt("ada@example.com", PASSWORD)).await;
        assert_eq!(old, Err(Error::WrongCredentials));
        assert!(world.users.log_in(attempt("ada@example.com", OTHER)).await.is_ok());
        assert!(goes_on(&world, &here).await);
        assert!(!goes_on(&world, &elsewhere).await);
    })
    .await;
}

#[tokio::test]
async fn of_two_who_change_a_password_at_once_one_does() {
    check(async |world| {
        world.ada().await;
        let tokens = world.log_in().await;
        let wishes = [OTHER, "a third password"];
        let wishes = wishes.map(|new| world.users.change_password(change(&tokens, PASSWORD, new)));
        let done = join_all(wishes).await;
        assert_eq!(done.iter().filter(|it| it.is_ok()).count(), 1, "{done:?}");
    })
    .await;
}

#[tokio::test]
async fn a_mailed_token_sets_a_new_password_once_and_ends_every_log_in() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        let ada = world.ada().await;
        let before = world.log_in().await;
        world.users.request_reset(forgotten("ADA@example.com")).await.unwrap();
        let token = mailbox.reset().await;
        let short = reset(&world, &token, "short").await;
        assert!(matches!(short, Err(Error::Invalid(_))), "the token is good for another try");
        let tries = join_all([OTHER, OTHER].map(|new| reset(&world, &token, new))).await;
        assert_eq!(tries.iter().filter(|it| it.is_ok()).count(), 1, "{tries:?}");
        assert!(tries.contains(&Err(Error::UnknownToken)));
        assert!(world.users.log_in(attempt("ada@example.com", OTHER)).await.is_ok());
        assert!(world.users.log_in(attempt("ada@example.com", PASSWORD)).await.is_err());
        assert!(!goes_on(&world, &before).await);
        let ada = world.users.user(ada.id).await.unwrap();
        assert!(ada.email_verified_at.is_some(), "whoever has the token reads the mail");
        mailbox.close().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_for_a_reset_cannot_tell_whether_there_is_an_account() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        world.ada().await;
        for email in ["nobody@example.com", "ada@example.com"] {
            assert_eq!(world.users.request_reset(forgotten(email)).await, Ok(()));
        }
        let token = mailbox.reset().await;
        assert!(reset(&world, &token, OTHER).await.is_ok(), "the first mail is for who exists");
        let invalid = world.users.request_reset(forgotten("nobody")).await;
        assert!(matches!(invalid, Err(Error::Invalid(_))));
        mailbox.close().await;
    })
    .await;
}

#[tokio::test]
async fn asking_for_a_reset_costs_the_same_whether_there_is_an_account() {
    check(async |world| {
        world.ada().await;
        let mut costs = Vec::new();
        for email in ["nobody@example.com", "ada@example.com"] {
            let before = world.db.statements();
            world.users.request_reset(forgotten(email)).await.unwrap();
            costs.push(world.db.statements() - before);
        }
        assert_eq!(costs[0], costs[1]);
    })
    .await;
}

#[tokio::test]
async fn a_reset_token_ends_after_its_time() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        world.ada().await;
        world.users.request_reset(forgotten("ada@example.com")).await.unwrap();
        let token = mailbox.reset().await;
        world.clock.advance(Settings::default().reset_life);
        assert_eq!(reset(&world, &token, OTHER).await, Err(Error::UnknownToken));
        mailbox.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_for_one_purpose_is_none_for_the_other() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        world.ada().await;
        let token = mailbox.verification().await;
        assert_eq!(reset(&world, &token, OTHER).await, Err(Error::UnknownToken));
        mailbox.close().await;
    })
    .await;
}
