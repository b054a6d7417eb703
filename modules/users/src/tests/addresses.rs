//! Address books: whose they are, and what fits in.

use futures::future::join_all;
use users_api::{AddAddress, Address, AddressOf, Error, PostalAddress, UserId};

use super::{check, sign_up};

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
    AddAddress { owner, label: " home ".into(), address }
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
        assert_eq!(world.users.addresses(ada.id).await, Ok(vec![kept]));
        assert_eq!(world.users.addresses(bob.id).await, Ok(vec![]));
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
        assert_eq!(world.users.addresses(ada.id).await.unwrap().len(), Address::MAX);
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
