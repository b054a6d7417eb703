//! What staff do with the accounts of others.

use std::collections::BTreeSet;

use futures::future::join_all;
use kernel::{PageRequest, Patch, Version};
use users_api::{
    ChangeProfile, Error, Refresh, SetLocked, SetRoles, Status, User, UserId, UsersWhere,
};

use super::{PASSWORD, World, attempt, check, sign_up};

fn roles(user: &User, roles: &[&str]) -> SetRoles {
    let roles = roles.iter().map(|&role| role.to_owned()).collect();
    SetRoles { user: user.id, version: user.version, roles }
}

async fn found(world: &World, wish: UsersWhere) -> BTreeSet<UserId> {
    world.users.users(wish).await.unwrap().items.iter().map(|user| user.id).collect()
}

#[tokio::test]
async fn roles_are_given_as_somebody_was_read_and_are_in_the_next_token() {
    check(async |world| {
        let ada = world.ada().await;
        let given = world.users.set_roles(roles(&ada, &["support", "customer"])).await.unwrap();
        assert_eq!(given.roles, ["customer", "support"]);
        let stale = world.users.set_roles(roles(&ada, &["finance"])).await;
        assert_eq!(stale, Err(Error::Stale { current: given.version }));
        let unknown = world.users.set_roles(roles(&given, &["emperor"])).await;
        assert!(matches!(unknown, Err(Error::Invalid(_))));
        let token = world.log_in().await.access_token;
        let principal = world.verifier().await.verify(&token).unwrap();
        assert!(principal.may(identity::Permission::UserRead));
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_stays_one_however_many_leave_at_once() {
    check(async |world| {
        let names = ["a@x.de", "b@x.de", "c@x.de"];
        let admins = join_all(names.map(|it| world.users.create_admin(sign_up(it)))).await;
        let admins: Vec<User> = admins.into_iter().map(Result::unwrap).collect();
        let lock = |user: UserId| world.users.set_locked(SetLocked { user, locked: true });
        let leave = |user: &User| world.users.set_roles(roles(user, &["customer"]));
        let erase = |user: &User| {
            let (user, version) = (user.id, user.version);
            world.users.erase(users_api::Erase { user, version })
        };
        let (left, locked, erased) =
            tokio::join!(leave(&admins[0]), lock(admins[1].id), erase(&admins[2]));
        let outcomes = [left.map(drop), locked.map(drop), erased];
        let refused = outcomes.iter().filter(|it| **it == Err(Error::LastAdmin)).count();
        assert_eq!(refused, 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 2);
        let wish = UsersWhere {
            role: Some("admin".into()),
            status: Some(Status::Active),
            ..UsersWhere::default()
        };
        assert_eq!(found(&world, wish).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_locked_account_is_out_until_it_is_unlocked() {
    check(async |world| {
        let ada = world.ada().await;
        let tokens = world.log_in().await;
        let set = |locked| world.users.set_locked(SetLocked { user: ada.id, locked });
        let locked = set(true).await.unwrap();
        assert_eq!((locked.status, locked.version), (Status::Locked, ada.version.next()));
        assert_eq!(set(true).await, Ok(locked), "twice changes nothing");
        let log_in = || world.users.log_in(attempt("ada@example.com", PASSWORD));
        assert_eq!(log_in().await, Err(Error::WrongCredentials));
        let token = tokens.refresh_token;
        let refresh = || Refresh { token: token.clone(), user_agent: None, ip: None };
        assert_eq!(world.users.refresh(refresh()).await, Err(Error::SessionOver));
        assert_eq!(set(false).await.unwrap().status, Status::Active);
        assert!(log_in().await.is_ok());
        let ended = world.users.refresh(refresh()).await;
        assert_eq!(ended, Err(Error::SessionOver), "an old session stays ended");
    })
    .await;
}

#[tokio::test]
async fn people_are_found_by_status_role_and_the_beginning_of_their_address() {
    check(async |world| {
        let ada = world.ada().await;
        let bob = world.users.sign_up(sign_up("bob_1@x.de")).await.unwrap();
        let root = world.users.create_admin(sign_up("root@x.de")).await.unwrap();
        world.users.set_locked(SetLocked { user: bob.id, locked: true }).await.unwrap();
        let all = || UsersWhere::default();
        assert_eq!(found(&world, all()).await, BTreeSet::from([ada.id, bob.id, root.id]));
        let locked = UsersWhere { status: Some(Status::Locked), ..all() };
        assert_eq!(found(&world, locked).await, BTreeSet::from([bob.id]));
        let admins = UsersWhere { role: Some("admin".into()), ..all() };
        assert_eq!(found(&world, admins).await, BTreeSet::from([root.id]));
        for (beginning, hits) in [("ADA@", 1), ("bob_1", 1), ("bob%", 0), ("b_b", 0), ("x.de", 0)] {
            let wish = UsersWhere { email: Some(beginning.into()), ..all() };
            assert_eq!(found(&world, wish).await.len(), hits, "{beginning}");
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit: 1, after };
            let page = world.users.users(UsersWhere { page, ..all() }).await.unwrap();
            seen.extend(page.items.iter().map(|user| user.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 3);
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_profile_is_changed_as_it_was_read() {
    check(async |world| {
        let ada = world.ada().await;
        let wish = |version, name: Option<&str>, phone| ChangeProfile {
            user: ada.id,
            version,
            name: name.map(str::to_owned),
            phone,
        };
        let phone = Patch::Value(" +44 20 ".to_owned());
        let named = wish(ada.version, Some(" Ada King "), phone);
        let changed = world.users.change_profile(named).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.phone.as_deref()), ("Ada King", Some("+44 20")));
        let stale = world.users.change_profile(wish(ada.version, None, Patch::Null)).await;
        assert_eq!(stale, Err(Error::Stale { current: Version(2) }));
        let same = world.users.change_profile(wish(Version(2), None, Patch::Absent)).await;
        assert_eq!(same, Ok(changed), "what is absent stays, and nothing has changed");
        let without =
            world.users.change_profile(wish(Version(2), None, Patch::Null)).await.unwrap();
        assert_eq!((without.phone, without.version), (None, Version(3)));
        let wrong = world.users.change_profile(wish(Version(3), Some(" "), Patch::Absent)).await;
        assert!(matches!(wrong, Err(Error::Invalid(_))));
    })
    .await;
}
