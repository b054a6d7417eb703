//! People who are forgotten.

use sea_orm::{ConnectionTrait, Statement};
use users_api::{
    AddAddress, Defaults, Erase, Error, LogIn, PostalAddress, Refresh, Status, VerifyEmail,
};

use super::{
    PASSWORD, World, attempt, check,
    mailbox::{Heard, Mailbox},
    sign_up,
};

/// Where something personal could be, except for what is on its way to whoever listens.
const TABLES: [&str; 6] =
    ["account", "address", "session", "one_time_token", "reset_wish", "idempotency"];

/// Everything in these tables, as text.
async fn everything(world: &World) -> String {
    let reader = world.db.reader();
    let mut text = String::new();
    for table in TABLES {
        let sql = format!("SELECT * FROM {table}");
        let all = Statement::from_string(reader.get_database_backend(), sql);
        for row in reader.query_all_raw(all).await.unwrap() {
            for column in row.column_names() {
                let value = row.try_get::<Option<String>>("", &column);
                text.push_str(value.ok().flatten().as_deref().unwrap_or_default());
                text.push('\n');
            }
        }
    }
    text
}

#[tokio::test]
async fn nothing_is_left_of_a_person_but_the_id() {
    check(async |mut world| {
        let mut mailbox = Mailbox::of(&mut world).await;
        let ada = world.ada().await;
        let proof = mailbox.verification().await;
        let keyed = LogIn { key: Some("a key".into()), ..attempt("ada@example.com", PASSWORD) };
        let tokens = world.users.log_in(keyed).await.unwrap();
        let address = PostalAddress {
            recipient: "Ada Lovelace".into(),
            phone: Some("+44 20".into()),
            line1: "12 St James's Square".into(),
            line2: None,
            city: "London".into(),
            region: None,
            postal_code: "SW1Y 4JH".into(),
            country: "GB".into(),
        };
        let home = AddAddress {
            owner: ada.id,
            label: "home".into(),
            address,
            defaults: Defaults::default(),
        };
        world.users.add_address(home.clone()).await.unwrap();
        let before = everything(&world).await;
        for personal in ["Lovelace", "192.0.2.7", "a browser", "St James", "argon2"] {
            assert!(before.contains(personal), "{personal} is looked for in the right place");
        }
        let erase = |version| world.users.erase(Erase { user: ada.id, version });
        let stale = Err(Error::Stale { current: ada.version });
        assert_eq!(erase(ada.version.next()).await, stale);
        erase(ada.version).await.unwrap();

        let left = everything(&world).await.to_lowercase();
        for personal in ["ada@", "lovelace", "192.0.2.7", "a browser", "james", "argon2"] {
            assert!(!left.contains(personal), "{personal} is left: {left}");
        }
        let erased = world.users.user(ada.id).await.unwrap();
        assert_eq!((erased.status, erased.email.as_str()), (Status::Erased, ""));
        assert_eq!(erase(erased.version).await, Err(Error::Erased));
        let log_in = world.users.log_in(attempt("ada@example.com", PASSWORD)).await;
        assert_eq!(log_in, Err(Error::WrongCredentials));
        let token = tokens.refresh_token;
        let refresh = Refresh { token, user_agent: None, ip: None };
        assert_eq!(world.users.refresh(refresh).await, Err(Error::SessionOver));
        let verify = world.users.verify_email(VerifyEmail { token: proof }).await;
        assert_eq!(verify, Err(Error::UnknownToken));
        assert_eq!(world.users.add_address(home).await, Err(Error::UnknownUser(ada.id)));
        let again = world.users.sign_up(sign_up("ada@example.com")).await.unwrap();
        assert_ne!(again.id, ada.id, "the address is free for another account");
        loop {
            if let Heard::Erased(heard) = mailbox.next().await {
                break assert_eq!(heard.user, ada.id);
            }
        }
        mailbox.close().await;
    })
    .await;
}
