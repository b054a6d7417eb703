//! What happened to an order, and who is told when.

use std::time::{Duration, Instant};

use kernel::{PageRequest, Version};
use orders_api::{OrderOf, Search, Status, Wait};

use super::{
    DECLINED,
    shop::{check, on_both_databases},
};

#[tokio::test]
async fn every_change_of_an_order_is_a_moment_and_copies_are_told_what_was_announced() {
    on_both_databases(async |shop| {
        let order = shop.place(&shop.wish(1).await).await.unwrap().order;
        let order = shop.until(&order, Status::Completed).await;
        let record = shop.record(&order).await;
        let told: Vec<_> =
            record.timeline.iter().map(|it| (it.version.0, it.what.as_str())).collect();
        assert_eq!(told, [(1, "order-placed"), (2, "payment-collected"), (3, "order-completed")]);
        assert_eq!((order.version, order.position().version), (Version(3), Version(3)));

        let page = shop.orders.records(PageRequest::default()).await.unwrap();
        let copied: Vec<_> =
            page.items[0].timeline.iter().map(|it| (it.version.0, it.what.as_str())).collect();
        assert_eq!(copied, [(1, "order-placed"), (3, "order-completed")]);
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_an_order_hears_of_it_at_once_and_not_for_ever() {
    check(async |shop| {
        let mut wish = shop.wish(1).await;
        wish.payment_token = DECLINED.into();
        let order = shop.place(&wish).await.unwrap().order;
        let which = OrderOf { customer: shop.customer, order: order.id };
        let wait = |after, patience| shop.orders.progress(Wait { which, after, patience });
        let heard = wait(Some(Version(1)), Duration::from_secs(5)).await.unwrap();
        assert_eq!(heard.timeline[1].what, "payment-declined");
        assert_eq!(heard.order.status, Status::Pending);

        let began = Instant::now();
        let quiet = wait(Some(Version(2)), Duration::from_millis(300)).await.unwrap();
        assert_eq!(quiet.order.version, Version(2));
        assert!(began.elapsed() >= Duration::from_millis(300));

        let now = wait(None, Duration::from_secs(5)).await.unwrap();
        assert_eq!(now, quiet);
    })
    .await;
}

#[tokio::test]
async fn staff_find_orders_by_what_they_are_page_by_page() {
    on_both_databases(async |shop| {
        let mut ids = Vec::new();
        for _ in 0..3 {
            let order = shop.place(&shop.wish(1).await).await.unwrap().order;
            shop.until(&order, Status::Completed).await;
            ids.insert(0, order.id);
        }
        let mut wish = shop.wish_of_a_stranger(1).await;
        wish.payment_token = DECLINED.into();
        let pending = shop.place(&wish).await.unwrap().order;

        let page = |limit, after| PageRequest { limit, after };
        let mine = |page| Search { customer: Some(shop.customer), page, ..Search::default() };
        let first = shop.orders.search(mine(page(2, None))).await.unwrap();
        let second = shop.orders.search(mine(page(2, first.next))).await.unwrap();
        let found: Vec<_> = first.items.iter().chain(&second.items).map(|it| it.id).collect();
        assert_eq!((found, second.next), (ids, None));

        let open = Search { status: Some(Status::Pending), ..Search::default() };
        let open = shop.orders.search(open).await.unwrap().items;
        assert_eq!(open.iter().map(|it| it.id).collect::<Vec<_>>(), [pending.id]);
        let later = Search { placed_from: Some(pending.placed_at), ..Search::default() };
        assert_eq!(shop.orders.search(later).await.unwrap().items.len(), 1);
        let before = Search { placed_before: Some(pending.placed_at), ..Search::default() };
        assert_eq!(shop.orders.search(before).await.unwrap().items.len(), 3);
    })
    .await;
}
