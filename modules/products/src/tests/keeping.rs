//! What staff do to products and shelves.

use kernel::{Patch, Version};
use products_api::{
    AddVariant, Attribute, Browse, CategoryAt, CategoryRef, ChangeCategory, ChangeProduct,
    ChangeVariant, Product, ProductAt, ProductRef, Shown,
};
use sea_orm::{ConnectionTrait, Statement};

use super::*;

fn change(product: &Product) -> ChangeProduct {
    ChangeProduct {
        at: ProductAt { product: product.id, based_on: Some(product.version) },
        slug: None,
        title: None,
        description: None,
        categories: None,
        attributes: None,
        media: None,
    }
}

/// The types of all events, in their order.
async fn announced(shop: &Shop) -> Vec<String> {
    let sql = "SELECT envelope FROM outbox ORDER BY pos";
    let reader = shop.db.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(statement).await.unwrap();
    let envelope = |row: &sea_orm::QueryResult| -> serde_json::Value {
        serde_json::from_str(&row.try_get::<String>("", "envelope").unwrap()).unwrap()
    };
    rows.iter().map(|row| envelope(row)["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_draft_is_seen_by_staff_only_and_goes_on_sale_with_a_variant() {
    check(async |shop| {
        let mut draft = wish("mug", &[]);
        draft.status = ProductStatus::Draft;
        let draft = shop.products.add_product(draft).await.unwrap();
        let slug = ProductRef::Slug("mug".into());
        let hidden = shop.products.product(slug.clone()).await;
        assert_eq!(hidden, Err(Error::UnknownProduct("mug".into())));
        assert_eq!(shop.products.any_product(slug.clone()).await, Ok(draft.clone()));
        let at = ProductAt { product: draft.id, based_on: None };
        let empty = shop.products.publish(at).await;
        assert!(matches!(empty, Err(Error::NotPossible(_))), "{empty:?}");
        let variant = wish("mug", &[("mug", 900, 3)]).variants.remove(0);
        shop.products.add_variant(AddVariant { at, variant }).await.unwrap();
        let sold = shop.products.publish(at).await.unwrap();
        assert_eq!((sold.status, sold.version), (ProductStatus::Active, Version(3)));
        assert_eq!(
            shop.products.publish(at).await,
            Ok(sold.clone()),
            "publishing again is no change"
        );
        assert_eq!(shop.products.product(slug.clone()).await, Ok(sold));
        let archived = shop.products.archive(at).await.unwrap();
        let listed = Browse { shown: Shown::Only(ProductStatus::Archived), ..Browse::default() };
        assert_eq!(shop.products.browse(listed).await.unwrap().page.items[0].id, archived.id);
        assert!(shop.products.browse(Browse::default()).await.unwrap().page.items.is_empty());
        let gone = shop.products.remove_product(at).await;
        assert!(matches!(gone, Err(Error::NotPossible(_))), "{gone:?}");
        assert_eq!(announced(&shop).await, ["product-published", "product-archived"]);
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_change_is_based_on_what_was_seen_and_is_found_by_its_new_words() {
    check(async |shop| {
        let mug = shop.products.add_product(wish("mug", &[("mug", 900, 3)])).await.unwrap();
        let attributes = vec![Attribute { name: "material".into(), value: "Stoneware".into() }];
        let retold = ChangeProduct {
            title: Some("Cup".into()),
            attributes: Some(attributes),
            ..change(&mug)
        };
        let cup = shop.products.change_product(retold.clone()).await.unwrap();
        assert_eq!((cup.version, cup.variants[0].title.as_str()), (Version(2), "Cup"));
        assert_eq!(shop.products.any_product(ProductRef::Id(mug.id)).await, Ok(cup.clone()));
        let stale = shop.products.change_product(retold.clone()).await;
        assert_eq!(stale, Err(Error::StaleProduct(Version(2))));
        let same = ChangeProduct { at: change(&cup).at, ..retold };
        assert_eq!(shop.products.change_product(same).await, Ok(cup.clone()));
        for (text, count) in [("cup", 1), ("stone", 1), ("the", 0)] {
            let wish = Browse { text: Some(text.into()), ..Browse::default() };
            assert_eq!(shop.products.browse(wish).await.unwrap().page.items.len(), count, "{text}");
        }
        let lost = ChangeProduct { categories: Some(vec!["attic".into()]), ..change(&cup) };
        let lost = shop.products.change_product(lost).await;
        assert_eq!(lost, Err(Error::UnknownCategory("attic".into())));
        shop.stocked("pot", 1).await;
        let taken = ChangeProduct { slug: Some("pot".into()), ..change(&cup) };
        let taken = shop.products.change_product(taken).await;
        assert_eq!(taken, Err(Error::SlugTaken("pot".into())));
    })
    .await;
}

#[tokio::test]
async fn a_changed_price_is_announced_and_the_last_variant_stays_for_sale() {
    check(async |shop| {
        let mug = shop.products.add_product(wish("mug", &[("a", 900, 3), ("b", 700, 1)])).await;
        let mug = mug.unwrap();
        let change = |variant: usize, price, for_sale| ChangeVariant {
            at: ProductAt { product: mug.id, based_on: None },
            variant: mug.variants[variant].id,
            price,
            compare_at: Patch::Absent,
            weight_g: None,
            barcode: Patch::Value("4006381333931".into()),
            track_stock: None,
            for_sale,
        };
        shop.products.change_variant(change(0, Some(eur(800)), None)).await.unwrap();
        shop.products.change_variant(change(1, None, Some(false))).await.unwrap();
        let page = shop.products.browse(Browse::default()).await.unwrap().page;
        assert_eq!(page.items[0].price_from, Some(eur(800)), "the cheaper one is not for sale");
        let none = shop.products.change_variant(change(0, None, Some(false))).await;
        assert!(matches!(none, Err(Error::NotPossible(_))), "{none:?}");
        let expected = ["product-published", "price-changed", "product-changed", "product-changed"];
        assert_eq!(announced(&shop).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_category_moves_with_all_below_it_and_never_into_itself_or_too_deep() {
    check(async |shop| {
        let mut parent: Option<String> = None;
        for depth in 1..=7 {
            let slug = format!("c{depth}");
            shop.products.add_category(category(&slug, parent.as_deref(), 1)).await.unwrap();
            parent = Some(slug);
        }
        for (slug, parent) in [("a", None), ("b", Some("a"))] {
            shop.products.add_category(category(slug, parent, 1)).await.unwrap();
        }
        let find = async |slug: &str| {
            shop.products.category(CategoryRef::Slug(slug.into())).await.unwrap()
        };
        let into = async |slug: &str, parent: Patch<String>| {
            let at = CategoryAt { category: find(slug).await.id, based_on: None };
            let wish = ChangeCategory { at, slug: None, name: None, parent, position: None };
            shop.products.change_category(wish).await
        };
        let deep = into("a", Patch::Value("c7".into())).await;
        assert_eq!(pointers(deep.unwrap_err()), ["/parent"]);
        for below in ["c1", "c4"] {
            let circle = into("c1", Patch::Value(below.into())).await;
            assert_eq!(pointers(circle.unwrap_err()), ["/parent"]);
        }
        into("a", Patch::Value("c6".into())).await.unwrap();
        into("c5", Patch::Null).await.unwrap();
        into("c1", Patch::Value("b".into())).await.unwrap();
        assert_eq!(find("c1").await.parent.as_deref(), Some("b"));
        let home = CategoryAt { category: find("b").await.id, based_on: None };
        let full = shop.products.remove_category(home).await;
        assert!(matches!(full, Err(Error::NotPossible(_))), "{full:?}");
        let leaf = find("c7").await;
        let stale = CategoryAt { category: leaf.id, based_on: Some(Version(9)) };
        let stale = shop.products.remove_category(stale).await;
        assert_eq!(stale, Err(Error::StaleCategory(Version(1))));
        let leaf = CategoryAt { category: leaf.id, based_on: Some(Version(1)) };
        shop.products.remove_category(leaf).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn variants_are_told_apart_by_the_same_options() {
    check(async |shop| {
        let mut twins = wish("mug", &[("a", 1, 0), ("b", 1, 0), ("c", 1, 0)]);
        twins.variants[1].options = twins.variants[0].options.clone();
        twins.variants[2].options[0].name = "size".into();
        let blamed = pointers(shop.products.add_product(twins).await.unwrap_err());
        assert_eq!(blamed, ["/variants/1/options", "/variants/2/options"]);
    })
    .await;
}
