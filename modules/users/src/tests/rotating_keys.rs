//! Keys that rotate while tokens of the old ones are still about.

use std::time::Duration;

use identity::{Issuer, SigningKey};
use users_api::KeyScope;

use super::{PASSWORD, World, attempt, check, on_postgres, on_sqlite};
use crate::{Settings, keys, store::Store};

async fn kids(world: &World) -> Vec<String> {
    let keys = world.users.keys(KeyScope::AccessTokens).await.unwrap();
    keys.into_iter().map(|key| key.kid).collect()
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_logs_nobody_out() {
    check(async |world| {
        world.ada().await;
        let old = kids(&world).await;
        world.users.rotate_keys(KeyScope::AccessTokens).await.unwrap();
        let published = kids(&world).await;
        assert_eq!((published.len(), &published[0]), (2, &old[0]), "the old one signs");
        world.users.rotate_keys(KeyScope::AccessTokens).await.unwrap();
        assert_eq!(kids(&world).await, published, "one waits already");
        assert!(world.verifier().await.verify(&world.log_in().await.access_token).is_ok());
    })
    .await;
}

#[tokio::test]
async fn replicas_over_one_database_agree_on_the_key_that_signs() {
    for db in [on_sqlite().await, on_postgres().await] {
        let one = World::open(db.clone(), Settings::default()).await;
        one.ada().await;
        let (store, settings) = (Store::new(db.clone()), Settings::default());
        let issuer =
            || Issuer::new(Vec::<SigningKey>::new(), "rialto", "rialto", one.clock.clone());
        let (left, right) = (issuer(), issuer());
        let turn = async || {
            let now = kernel::Clock::now(&*one.clock);
            let turned = tokio::join!(
                keys::turn(&store, &left, &settings, now),
                keys::turn(&store, &right, &settings, now)
            );
            turned.0.unwrap();
            turned.1.unwrap();
            // A process that looked before the other wrote looks again a minute later.
            keys::turn(&store, &left, &settings, now).await.unwrap();
            keys::turn(&store, &right, &settings, now).await.unwrap();
            assert_eq!(left.jwks(), right.jwks());
            left.jwks().keys
        };
        let signer = |keys: &[identity::Jwk]| keys.last().unwrap().kid.clone();
        let first = turn().await;
        assert_eq!(first.len(), 1);
        one.clock.advance(settings.key_life);
        let second = turn().await;
        assert_eq!((second.len(), signer(&second)), (2, signer(&first)), "the next one waits");
        one.clock.advance(settings.key_notice);
        let third = turn().await;
        assert_eq!(third.len(), 2, "tokens of the old one are about");
        assert_ne!(signer(&third), signer(&first));
        one.clock.advance(identity::LIFETIME + Duration::from_mins(5));
        let fourth = turn().await;
        assert_eq!((fourth.len(), signer(&fourth)), (1, signer(&third)), "the old one is gone");
        let started_later = World::open(db, Settings::default()).await;
        assert_eq!(kids(&started_later).await, [signer(&third)]);
        let log_in = started_later.users.log_in(attempt("ada@example.com", PASSWORD)).await;
        assert!(log_in.is_ok());
    }
}
