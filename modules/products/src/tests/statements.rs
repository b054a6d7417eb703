//! How many SQL statements each request costs, BEGIN and COMMIT included.

use kernel::SystemClock;
use products_api::{Browse, CategoryScope, ProductRef};

use super::*;
use crate::store::{Books, Committed};

async fn cost<T>(shop: &Shop, work: impl Future<Output = products_api::Result<T>>) -> (u64, T) {
    let before = shop.db.statements();
    let answer = work.await;
    let cost = shop.db.statements() - before;
    (cost, answer.unwrap_or_else(|error| panic!("{error}")))
}

#[tokio::test]
async fn reading_costs_one_statement_a_list_two_with_facets_and_three_a_product() {
    check(async |shop| {
        shop.products.add_category(category("home", None, 1)).await.unwrap();
        let mut ids = Vec::new();
        for number in 0..20 {
            let mut product = wish(&format!("p{number}"), &[(&format!("s{number}"), 100, 1)]);
            product.categories = vec!["home".into()];
            ids.push(shop.products.add_product(product).await.unwrap().variants[0].id);
        }
        let all = Browse {
            text: Some("the p".into()),
            category: Some("home".into()),
            ..Browse::default()
        };
        let (browsing, found) = cost(&shop, shop.products.browse(all.clone())).await;
        assert_eq!((browsing, found.page.items.len()), (1, 20));
        let counted = Browse { facets: true, ..all };
        let (browsing, _) = cost(&shop, shop.products.browse(counted)).await;
        assert_eq!(browsing, 2);
        let (finding, _) = cost(&shop, shop.products.product(ProductRef::Slug("p1".into()))).await;
        assert_eq!(finding, 3);
        let (variants, found) = cost(&shop, shop.products.variants(ids)).await;
        assert_eq!((variants, found.len()), (1, 20));
        let (categories, _) = cost(&shop, shop.products.categories(CategoryScope::All)).await;
        assert_eq!(categories, 1);
    })
    .await;
}

#[tokio::test]
async fn a_hold_of_one_line_costs_five_statements_and_one_more_for_each_further_line() {
    check(async |shop| {
        let (mug, pot) = (shop.stocked("mug", 9).await, shop.stocked("pot", 9).await);
        let (one, _) = cost(&shop, shop.products.reserve(hold("a", &[(mug, 1)]))).await;
        let (two, _) = cost(&shop, shop.products.reserve(hold("b", &[(mug, 1), (pot, 1)]))).await;
        assert_eq!((one, two), (5, 6));
        let (release, ()) = cost(&shop, shop.products.release(owner("a"))).await;
        assert_eq!(release, 5);
    })
    .await;
}

/// With BEGIN, the mark, the heads of streams, the outbox and COMMIT, which messaging sends, a sale is
/// six statements.
#[tokio::test]
async fn selling_what_is_held_is_one_statement_of_ours() {
    check(async |shop| {
        let mug = shop.stocked("mug", 9).await;
        shop.products.reserve(hold("order", &[(mug, 1)])).await.unwrap();
        let books = Books::new(Arc::new(SystemClock), Ids::system());
        let mut tx = shop.db.begin().await.unwrap();
        let before = shop.db.statements();
        assert_eq!(books.commit(&mut tx, &owner("order")).await.unwrap(), Committed::Sold);
        assert_eq!(shop.db.statements() - before, 1);
        tx.commit().await.unwrap();
    })
    .await;
}
