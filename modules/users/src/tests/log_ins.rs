//! Log-ins: who gets in, what that costs, and what is remembered of it.

use std::time::Duration;

use identity::Role;
use kernel::Ids;
use sea_orm::{ConnectionTrait, Statement};
use users_api::{Error, KeyScope, LogIn, SessionsOf, Tokens};

use super::{NOON, PASSWORD, World, attempt, check, check_with, on_sqlite, sign_up};
use crate::{Needs, Rate, Settings};

#[tokio::test]
async fn a_log_in_gives_a_token_that_speaks_for_the_user_for_ten_minutes() {
    check(async |world| {
        let ada = world.ada().await;
        let tokens = world.users.log_in(attempt("ADA@example.COM", PASSWORD)).await.unwrap();
        let verifier = world.verifier().await;
        let principal = verifier.verify(&tokens.access_token).unwrap();
        assert_eq!(*principal.subject, *ada.id.to_string());
        assert_eq!(principal.roles, [Role::Customer]);
        assert_eq!(principal.session.as_deref(), Some(&*tokens.session.to_string()));
        assert_eq!(tokens.expires_at, NOON.plus(Duration::from_mins(10)));
        world.clock.advance(Duration::from_mins(11));
        assert!(verifier.verify(&tokens.access_token).is_err());
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_answer_at_the_same_cost() {
    check(async |world| {
        world.ada().await;
        let attempts = [
            attempt("ada@example.com", "wrong horse battery"),
            attempt("bob@example.com", PASSWORD),
            attempt("not an e-mail address", PASSWORD),
        ];
        for attempt in attempts {
            let before = world.passwords.computed();
            let refused = world.users.log_in(attempt).await.unwrap_err();
            assert_eq!(refused, Error::WrongCredentials);
            assert_eq!(world.passwords.computed() - before, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn an_account_is_throttled_after_failures_and_the_throttle_wears_off() {
    let settings = Settings {
        failures_per_account: Rate { burst: 2, interval: Duration::from_secs(30) },
        ..Settings::default()
    };
    check_with(settings, async |world| {
        world.ada().await;
        let log_in = async |email, password| world.users.log_in(attempt(email, password)).await;
        for email in ["ada@example.com", "nobody@example.com"] {
            for _ in 0..2 {
                let refused = log_in(email, "wrong horse").await.unwrap_err();
                assert_eq!(refused, Error::WrongCredentials);
            }
            let before = world.passwords.computed();
            let refused = log_in(email, PASSWORD).await.unwrap_err();
            assert_eq!(refused, Error::Throttled { seconds: 30 });
            assert_eq!(world.passwords.computed(), before, "a throttled attempt costs nothing");
        }
        world.clock.advance(Duration::from_secs(30));
        for _ in 0..3 {
            log_in("ada@example.com", PASSWORD).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_stored_as_a_hash_in_a_family_of_its_own() {
    check(async |world| {
        let ada = world.ada().await;
        let tokens = world.users.log_in(attempt("ada@example.com", PASSWORD)).await.unwrap();
        let reader = world.db.reader();
        let all = Statement::from_string(reader.get_database_backend(), "SELECT * FROM session");
        let row = reader.query_one_raw(all).await.unwrap().unwrap();
        let text = |column: &str| row.try_get::<Option<String>>("", column).unwrap();
        let id = Some(tokens.session.to_string());
        assert_eq!((text("id"), text("family"), text("parent")), (id.clone(), id, None));
        assert_eq!(text("account"), Some(ada.id.to_string()));
        assert_eq!(text("refresh_hash").unwrap().len(), 43, "SHA-256 in base64url");
        assert_ne!(text("refresh_hash").unwrap(), tokens.refresh_token.expose());
        assert_eq!(text("user_agent").as_deref(), Some("a browser"));
        let expires_at = NOON.plus(Settings::default().session_life);
        assert_eq!(row.try_get::<i64>("", "expires_at").unwrap(), expires_at.micros());
    })
    .await;
}

#[tokio::test]
async fn keys_outlive_the_process_and_processes_that_start_together_share_them() {
    let db = on_sqlite().await;
    let open = || World::open(db.clone(), Settings::default());
    let (one, other) = tokio::join!(open(), open());
    let keys = one.users.keys(KeyScope::AccessTokens).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(other.users.keys(KeyScope::AccessTokens).await.unwrap(), keys);
    one.ada().await;
    let tokens = one.users.log_in(attempt("ada@example.com", PASSWORD)).await.unwrap();
    assert!(other.verifier().await.verify(&tokens.access_token).is_ok());
}

#[tokio::test]
async fn log_ins_that_wait_for_a_hash_do_not_hold_up_others() {
    let settings = Settings { hashing_threads: 1, ..Settings::default() };
    let world = World::open(on_sqlite().await, settings).await;
    let ada = world.ada().await;
    let log_ins = (0..4).map(|_| world.users.log_in(attempt("ada@example.com", PASSWORD)));
    let log_ins = futures::future::join_all(log_ins);
    let before = world.passwords.computed();
    let reads = async {
        for _ in 0..100 {
            world.users.user(ada.id).await.unwrap();
        }
        world.passwords.computed() - before
    };
    let (log_ins, hashed_meanwhile) = tokio::join!(log_ins, reads);
    assert!(log_ins.iter().all(Result::is_ok));
    assert!(hashed_meanwhile < 4, "a hundred reads were answered before the last log-in");
}

#[tokio::test]
async fn what_a_developer_prints_holds_no_secret() {
    let world = World::open(on_sqlite().await, Settings::default()).await;
    world.ada().await;
    let credentials = crate::store::Store::new(world.db.clone());
    let stored = credentials.credentials("ada@example.com").await.unwrap().unwrap();
    let printed = format!("{stored:?} {:?} {:?}", sign_up("a@b.c"), attempt("a@b.c", PASSWORD));
    assert!(!printed.contains("argon2") && !printed.contains(PASSWORD), "{printed}");
}

#[tokio::test]
async fn the_module_opens_with_the_numbers_of_the_configuration() {
    let clock = std::sync::Arc::new(kernel::SystemClock);
    let needs = Needs {
        clock: clock.clone(),
        ids: Ids::new(clock),
        meters: ports::Meters::default(),
        settings: Settings::default(),
    };
    let hosted = crate::open(on_sqlite().await, needs).await.unwrap();
    hosted.routes.check().unwrap();
    assert!(hosted.port.sign_up(sign_up("ada@example.com")).await.is_ok());
}

#[tokio::test]
async fn under_one_key_the_right_password_opens_one_session_however_often_it_is_sent() {
    check(async |world| {
        let ada = world.ada().await;
        let keyed =
            |password| LogIn { key: Some("a key".into()), ..attempt("ada@example.com", password) };
        let twins =
            futures::future::join_all((0..3).map(|_| world.users.log_in(keyed(PASSWORD)))).await;
        let twins: Vec<Tokens> = twins.into_iter().map(Result::unwrap).collect();
        assert_eq!(twins.iter().filter(|twin| !twin.replayed).count(), 1);
        assert!(twins.iter().all(|twin| twin.refresh_token == twins[0].refresh_token));
        assert!(twins.iter().all(|twin| twin.access_token == twins[0].access_token));
        let page = kernel::PageRequest::default();
        let sessions = world.users.sessions(SessionsOf { user: ada.id, page }).await.unwrap();
        assert_eq!(sessions.items.len(), 1);
        let refused = world.users.log_in(keyed("wrong horse battery")).await;
        assert_eq!(refused, Err(Error::WrongCredentials), "a key is no password");
        let kept = everything(&world, "idempotency").await;
        let secrets = [twins[0].refresh_token.expose(), &twins[0].access_token, PASSWORD];
        assert!(secrets.iter().all(|secret| !kept.contains(secret)), "{kept}");
    })
    .await;
}

/// All that a table holds, as text.
pub(super) async fn everything(world: &World, table: &str) -> String {
    let reader = world.db.reader();
    let sql = format!("SELECT scope, key, fingerprint, body FROM {table}");
    let all = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(all).await.unwrap();
    let text = |row: &sea_orm::QueryResult| {
        let column = |name: &str| row.try_get::<String>("", name).unwrap();
        ["scope", "key", "fingerprint", "body"].map(column).join(" ")
    };
    rows.iter().map(text).collect()
}
