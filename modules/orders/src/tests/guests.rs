//! Orders of shoppers without an account.

use identity::GuestToken;
use orders_api::{Contact, Error, NumberOf, Status};

use super::shop::{check, eur};

#[tokio::test]
async fn a_guest_orders_with_an_e_mail_address_and_finds_the_order_by_its_number() {
    check(async |shop| {
        let guest = GuestToken::fresh();
        let mut wish = shop.wish_of_a_guest(&guest).await;
        assert!(matches!(shop.place(&wish).await, Err(Error::Invalid(_))));
        assert_eq!(shop.available().await, 10, "nothing is held");
        wish.contact = Some(Contact { email: "ada@example.com".into() });
        let order = shop.place(&wish).await.unwrap().order;
        assert_eq!(order.contact, wish.contact);
        let order = shop.until(&order, Status::Completed).await;
        assert_eq!(shop.payment(&order).await.captured, eur(1_990).minor);

        let customer = guest.subject().parse().unwrap();
        let number = order.number.clone();
        let mine = NumberOf { customer, number: number.clone() };
        assert_eq!(shop.orders.numbered(mine).await, Ok(order));
        let customer = GuestToken::fresh().subject().parse().unwrap();
        let theirs = NumberOf { customer, number: number.clone() };
        assert_eq!(shop.orders.numbered(theirs).await, Err(Error::UnknownNumber(number)));
    })
    .await;
}

#[tokio::test]
async fn an_order_is_billed_to_where_it_goes_unless_somebody_else_pays() {
    check(async |shop| {
        let order = shop.place(&shop.wish(1).await).await.unwrap().order;
        assert_eq!(order.bill_to, order.ship_to);
        let mut wish = shop.wish(1).await;
        let company = users_api::PostalAddress { city: "Hamburg".into(), ..order.ship_to };
        wish.bill_to = Some(orders_api::ShipTo::Here(company.clone()));
        assert_eq!(shop.place(&wish).await.unwrap().order.bill_to, company);
    })
    .await;
}

#[tokio::test]
async fn an_order_without_an_address_is_none() {
    check(async |shop| {
        let mut wish = shop.wish(1).await;
        wish.ship_to = orders_api::ShipTo::Default;
        match shop.place(&wish).await {
            Err(Error::Unmet(unmet)) => {
                assert_eq!(unmet[0].kind, carts_api::RequirementKind::AddressMissing);
            }
            other => panic!("expected a requirement, got {other:?}"),
        }
    })
    .await;
}
