//! Address books: whose they are, and what fits in.

use futures::future::join_all;
use kernel::{PageRequest, Version};
use users_api::{
    AddAddress, Address, AddressOf, AddressesOf, Defaults, Error, PostalAddress, RemoveAddress,
    ReplaceAddress, UserId,
};

use super::{World, check, sign_up};

fn home(owner: UserId) -> AddAddress {
    let address = PostalAddress {
        recipient: "Ada Lovelace".into(),
        phone: None,
        line1: "12 St James's Square".into(),
        line2: Some("  ".into()),
        city: "London".into(),
        region: None,
        postal_code: "SW1Y 4JH".into(),
        country: "GB".into(),
    };
    AddAddress { owner, label: " home ".into(), address, defaults: Defaults::default() }
}

/// All of somebody's address book.
async fn book(world: &World, owner: UserId) -> Vec<Address> {
    let page = PageRequest { limit: PageRequest::MAX_LIMIT, after: None };
    world.users.addresses(AddressesOf { owner, page }).await.unwrap().page.items
}

fn replacement(owner: UserId, address: &Address, defaults: Defaults) -> ReplaceAddress {
    ReplaceAddress {
        which: AddressOf { owner, address: address.id },
        version: address.version,
        label: address.label.clone(),
        address: address.address.clone(),
        defaults,
    }
}

#[tokio::test]
async fn an_address_is_kept_without_the_space_around_it_and_belongs_to_its_owner() {
    check(async |world| {
        let (ada, bob) =
            (world.ada().await, world.users.sign_up(sign_up("bob@x.de")).await.unwrap());
        let kept = world.users.add_address(home(ada.id)).await.unwrap();
        assert_eq!((kept.label.as_str(), &kept.address.line2), ("home", &None));
        let of = |owner| AddressOf { owner, address: kept.id };
        assert_eq!(world.users.address(of(ada.id)).await, Ok(kept.clone()));
        assert_eq!(world.users.address(of(bob.id)).await, Err(Error::UnknownAddress(kept.id)));
        assert_eq!(book(&world, ada.id).await, [kept]);
        assert_eq!(book(&world, bob.id).await, []);
    })
    .await;
}

#[tokio::test]
async fn an_address_is_told_everything_that_is_wrong_with_it() {
    check(async |world| {
        let mut wish = home(world.ada().await.id);
        wish.address.country = "gb".into();
        wish.address.city = String::new();
        wish.address.phone = Some("0\n1".into());
        let Err(Error::Invalid(violations)) = world.users.add_address(wish).await else {
            panic!("it is not valid");
        };
        let pointers: Vec<_> = violations.iter().map(|it| it.pointer.as_str()).collect();
        assert_eq!(pointers, ["/address/phone", "/address/city", "/address/country"]);
    })
    .await;
}

#[tokio::test]
async fn an_address_book_has_room_for_fifty_however_many_come_at_once() {
    check(async |world| {
        let ada = world.ada().await;
        let wishes = (0..Address::MAX + 5).map(|_| world.users.add_address(home(ada.id)));
        let answers = join_all(wishes).await;
        let refused = answers.iter().filter(|it| **it == Err(Error::TooManyAddresses)).count();
        assert_eq!(refused, 5);
        assert_eq!(book(&world, ada.id).await.len(), Address::MAX);
        let page = PageRequest::default();
        let book = world.users.addresses(AddressesOf { owner: ada.id, page }).await.unwrap();
        assert!(!book.has_room && book.page.next.is_some());
    })
    .await;
}

#[tokio::test]
async fn nobody_has_no_address_book() {
    check(async |world| {
        let nobody: UserId = kernel::Ids::system().next();
        let refused = world.users.add_address(home(nobody)).await;
        assert_eq!(refused, Err(Error::UnknownUser(nobody)));
    })
    .await;
}

#[tokio::test]
async fn a_book_has_one_default_of_each_kind_however_many_want_to_be_it() {
    check(async |world| {
        let ada = world.ada().await;
        let both = Defaults { shipping: true, billing: true };
        let wishes =
            (0..8).map(|_| world.users.add_address(AddAddress { defaults: both, ..home(ada.id) }));
        assert!(join_all(wishes).await.iter().all(Result::is_ok));
        let entries = book(&world, ada.id).await;
        let defaults = |is: fn(&Address) -> bool| entries.iter().filter(|it| is(it)).count();
        assert_eq!(defaults(|it| it.defaults.shipping), 1);
        assert_eq!(defaults(|it| it.defaults.billing), 1);

        let other = entries.iter().find(|it| !it.defaults.billing).unwrap();
        let billing = Defaults { shipping: false, billing: true };
        let wish = replacement(ada.id, other, billing);
        let replaced = world.users.replace_address(wish).await.unwrap();
        assert_eq!((replaced.defaults, replaced.version), (billing, other.version.next()));
        let entries = book(&world, ada.id).await;
        let heirs = entries.iter().filter(|it| it.defaults.billing);
        assert_eq!(heirs.map(|it| it.id).collect::<Vec<_>>(), [other.id]);
        let again = replacement(ada.id, &replaced, billing);
        assert!(world.users.replace_address(again).await.is_ok(), "it may stay what it is");
    })
    .await;
}

#[tokio::test]
async fn an_address_is_changed_and_removed_only_as_it_was_read_and_by_its_owner() {
    check(async |world| {
        let ada = world.ada().await;
        let bob = world.users.sign_up(sign_up("bob@x.de")).await.unwrap();
        let kept = world.users.add_address(home(ada.id)).await.unwrap();
        let stale = Err(Error::Stale { current: Version::FIRST });
        let unknown = Error::UnknownAddress(kept.id);

        let mut wish = replacement(ada.id, &kept, kept.defaults);
        wish.version = Version(7);
        assert_eq!(world.users.replace_address(wish).await, stale);
        let foreign = replacement(bob.id, &kept, kept.defaults);
        assert_eq!(world.users.replace_address(foreign).await, Err(unknown.clone()));

        let which = AddressOf { owner: ada.id, address: kept.id };
        let foreign = AddressOf { owner: bob.id, ..which };
        let remove = |which, version| world.users.remove_address(RemoveAddress { which, version });
        assert_eq!(remove(foreign, kept.version).await, Err(unknown.clone()));
        let current = Err(Error::Stale { current: Version::FIRST });
        assert_eq!(remove(which, Version(7)).await, current);
        assert_eq!(remove(which, kept.version).await, Ok(()));
        assert_eq!(remove(which, kept.version).await, Err(unknown));
        assert_eq!(book(&world, ada.id).await, []);
        let wishes = (0..Address::MAX).map(|_| world.users.add_address(home(ada.id)));
        let refused = join_all(wishes).await.into_iter().find_map(Result::err);
        assert_eq!(refused, None, "the room is free again");
    })
    .await;
}

#[tokio::test]
async fn a_book_is_read_page_by_page() {
    check(async |world| {
        let ada = world.ada().await;
        for _ in 0..5 {
            world.users.add_address(home(ada.id)).await.unwrap();
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let whose = AddressesOf { owner: ada.id, page: PageRequest { limit: 2, after } };
            let page = world.users.addresses(whose).await.unwrap().page;
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, book(&world, ada.id).await);
    })
    .await;
}
