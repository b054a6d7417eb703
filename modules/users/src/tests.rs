//! Stories about users, told in process and over the wire format, on SQLite and on Postgres.

mod accounts;
mod addresses;
mod erasing;
mod log_ins;
mod mailbox;
mod over_http;
mod passwords;
mod refreshing;
mod rotating_keys;
mod staff;
mod verifying;

use std::sync::Arc;

use host::Hosted;
use identity::{Jwks, Verifier};
use kernel::{Clock, Ids, ManualClock, Timestamp};
use serde_json::json;
use storage::{Database, Options};
use users_api::{KeyScope, LogIn, Password, PublicKey, RemoteUsers, SignUp, Tokens, User, Users};

use crate::{Needs, Settings, hashers::Hashers, passwords::Passwords};

const NOON: Timestamp = Timestamp::from_micros(1_780_000_000_000_000);
const PASSWORD: &str = "correct horse battery";

/// Users over a database of their own, and what a story needs beside the port.
struct World {
    users: Arc<dyn Users>,
    hosted: Hosted<dyn Users>,
    db: Database,
    clock: Arc<ManualClock>,
    passwords: Arc<Passwords>,
}

/// Runs `story` in process, then over the wire format, then in process on Postgres.
async fn check(story: impl AsyncFn(World)) {
    check_with(Settings::default(), story).await;
}

async fn check_with(settings: Settings, story: impl AsyncFn(World)) {
    story(World::open(on_sqlite().await, settings.clone()).await).await;
    let mut there = World::open(on_sqlite().await, settings.clone()).await;
    there.users = RemoteUsers::over(there.hosted.wire.clone());
    story(there).await;
    story(World::open(on_postgres().await, settings).await).await;
}

async fn on_sqlite() -> Database {
    migrated(Options::new("sqlite::memory:")).await
}

async fn on_postgres() -> Database {
    migrated(Options::new(testkit::postgres().await)).await
}

async fn migrated(options: Options) -> Database {
    let db = Database::open(&options).await.unwrap();
    db.migrate(migrations::of("users").unwrap()).await.unwrap();
    db
}

impl World {
    async fn open(db: Database, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::at(NOON));
        let hashers = Hashers::start(settings.hashing_threads, 0);
        let passwords = Arc::new(Passwords::new(hashers));
        let needs = Needs {
            clock: clock.clone(),
            ids: Ids::new(clock.clone()),
            meters: ports::Meters::default(),
            settings,
        };
        let hosted = crate::open_with(db.clone(), needs, passwords.clone()).await.unwrap();
        Self { users: hosted.port.clone(), hosted, db, clock, passwords }
    }

    async fn ada(&self) -> User {
        self.users.sign_up(sign_up("Ada@Example.com")).await.unwrap()
    }

    /// Ada logs in.
    async fn log_in(&self) -> Tokens {
        self.users.log_in(attempt("ada@example.com", PASSWORD)).await.unwrap()
    }

    /// Whoever a token that was issued here speaks for, as others find out.
    async fn verifier(&self) -> Verifier {
        let keys = self.users.keys(KeyScope::AccessTokens).await.unwrap();
        let jwk =
            |key: PublicKey| json!({ "kty": "OKP", "crv": "Ed25519", "kid": key.kid, "x": key.x });
        let keys: Vec<_> = keys.into_iter().map(jwk).collect();
        let jwks: Jwks = serde_json::from_value(json!({ "keys": keys })).unwrap();
        let clock: Arc<dyn Clock> = self.clock.clone();
        Verifier::new(&jwks, "rialto", "rialto", clock)
    }
}

fn sign_up(email: &str) -> SignUp {
    SignUp { email: email.into(), password: Password::new(PASSWORD), name: "Ada Lovelace".into() }
}

fn attempt(email: &str, password: &str) -> LogIn {
    LogIn {
        email: email.into(),
        password: Password::new(password),
        user_agent: Some("a browser".into()),
        ip: Some("192.0.2.7".into()),
        key: None,
    }
}
