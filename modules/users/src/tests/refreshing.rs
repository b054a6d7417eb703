//! Log-ins that go on: tokens that are used once, and thieves who are noticed.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use kernel::PageRequest;
use users_api::{
    EndSessions, Error, Refresh, RefreshToken, Result, Session, SessionOf, SessionsOf, Tokens,
    UserId,
};

use super::{World, check, sign_up};
use crate::{Settings, session::GRACE};

async fn refresh(world: &World, token: &RefreshToken) -> Result<Tokens> {
    let wish =
        Refresh { token: token.clone(), user_agent: Some("a tab".into()), ip: Some("::1".into()) };
    world.users.refresh(wish).await
}

async fn sessions(world: &World, user: UserId) -> Vec<Session> {
    let whose = SessionsOf { user, page: PageRequest::default() };
    world.users.sessions(whose).await.unwrap().items
}

#[tokio::test]
async fn a_session_goes_on_with_new_tokens_and_stays_the_same_session() {
    check(async |world| {
        let ada = world.ada().await;
        let mut tokens = world.log_in().await;
        let verifier = world.verifier().await;
        for _ in 0..3 {
            world.clock.advance(Duration::from_hours(24));
            let next = refresh(&world, &tokens.refresh_token).await.unwrap();
            assert_eq!((next.session, next.user), (tokens.session, ada.id));
            assert_ne!(next.refresh_token, tokens.refresh_token);
            let principal = verifier.verify(&next.access_token).unwrap();
            assert_eq!(principal.session.as_deref(), Some(&*tokens.session.to_string()));
            tokens = next;
        }
        let listed = sessions(&world, ada.id).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].id, listed[0].expires_at),
            (tokens.session, tokens.refresh_expires_at)
        );
        assert_eq!(listed[0].user_agent.as_deref(), Some("a tab"), "as of the last refresh");
        world.clock.advance(Settings::default().session_life);
        assert_eq!(refresh(&world, &tokens.refresh_token).await, Err(Error::SessionOver));
        assert_eq!(sessions(&world, ada.id).await, []);
    })
    .await;
}

#[tokio::test]
async fn ten_tabs_that_refresh_at_once_get_the_same_successor() {
    check(async |world| {
        world.ada().await;
        let tokens = world.log_in().await;
        let tabs = (0..10).map(|_| refresh(&world, &tokens.refresh_token));
        let answers = join_all(tabs).await.into_iter().map(Result::unwrap);
        let successors: BTreeSet<_> =
            answers.map(|answer| answer.refresh_token.expose().to_owned()).collect();
        assert_eq!(successors.len(), 1);
        world.clock.advance(GRACE);
        let late = refresh(&world, &tokens.refresh_token).await.unwrap();
        assert!(successors.contains(late.refresh_token.expose()), "within ten seconds");
        assert!(refresh(&world, &late.refresh_token).await.is_ok(), "and it is good");
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_used_again_later_ends_its_session_and_no_other() {
    check(async |world| {
        let ada = world.ada().await;
        let (stolen, other) = (world.log_in().await, world.log_in().await);
        let next = refresh(&world, &stolen.refresh_token).await.unwrap();
        world.clock.advance(GRACE + Duration::from_secs(1));
        let thief = refresh(&world, &stolen.refresh_token).await;
        assert_eq!(thief, Err(Error::SessionOver));
        let owner = refresh(&world, &next.refresh_token).await;
        assert_eq!(owner, Err(Error::SessionOver), "nobody can tell which of them is the thief");
        let left = sessions(&world, ada.id).await;
        assert_eq!(left.iter().map(|it| it.id).collect::<Vec<_>>(), [other.session]);
        assert!(refresh(&world, &other.refresh_token).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn what_was_never_a_refresh_token_continues_nothing() {
    check(async |world| {
        world.ada().await;
        let tokens = world.log_in().await;
        for text in ["", "AAAA", tokens.access_token.as_str()] {
            let answer = refresh(&world, &RefreshToken::new(text)).await;
            assert_eq!(answer, Err(Error::SessionOver));
        }
    })
    .await;
}

#[tokio::test]
async fn sessions_are_their_owners_to_see_and_to_end() {
    check(async |world| {
        let ada = world.ada().await;
        let bob = world.users.sign_up(sign_up("bob@x.de")).await.unwrap();
        let (one, two, three) = (world.log_in().await, world.log_in().await, world.log_in().await);
        let of = |user, session| SessionOf { user, session };
        let unknown = Err(Error::UnknownSession(one.session));
        assert_eq!(world.users.end_session(of(bob.id, one.session)).await, unknown);
        assert!(world.users.session(of(bob.id, one.session)).await.is_err());
        assert_eq!(world.users.session(of(ada.id, one.session)).await.unwrap().id, one.session);
        assert_eq!(world.users.end_session(of(ada.id, one.session)).await, Ok(()));
        assert_eq!(world.users.end_session(of(ada.id, one.session)).await, unknown);
        assert_eq!(refresh(&world, &one.refresh_token).await, Err(Error::SessionOver));
        let rest = EndSessions { user: ada.id, but: Some(two.session) };
        world.users.end_sessions(rest).await.unwrap();
        assert!(refresh(&world, &three.refresh_token).await.is_err());
        assert!(refresh(&world, &two.refresh_token).await.is_ok());
        assert_eq!(sessions(&world, bob.id).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_while_it_is_refreshed_does_not_go_on() {
    check(async |world| {
        let ada = world.ada().await;
        for _ in 0..10 {
            let tokens = world.log_in().await;
            let end = world.users.end_session(SessionOf { user: ada.id, session: tokens.session });
            let (ended, refreshed) = tokio::join!(end, refresh(&world, &tokens.refresh_token));
            ended.unwrap();
            if let Ok(next) = refreshed {
                let after = refresh(&world, &next.refresh_token).await;
                assert_eq!(after, Err(Error::SessionOver));
            }
        }
    })
    .await;
}
