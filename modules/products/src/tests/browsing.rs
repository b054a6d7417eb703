//! What shoppers find.

use products_api::{Browse, CategoryScope, ProductRef, ProductSummary, Sort};

use super::*;
use kernel::PageRequest;

async fn names(shop: &Shop, browse: Browse) -> Vec<String> {
    let found = shop.products.browse(browse).await.unwrap();
    found.page.items.into_iter().map(|item| item.slug).collect()
}

fn sorted(sort: Sort) -> Browse {
    Browse { sort, ..Browse::default() }
}

fn text(text: &str) -> Browse {
    Browse { text: Some(text.into()), ..Browse::default() }
}

#[tokio::test]
async fn a_published_product_is_found_by_id_and_by_slug() {
    check(async |shop| {
        shop.products.add_category(category("kitchen", None, 1)).await.unwrap();
        let mut mug = wish("mug", &[("mug-blue", 1200, 3), ("mug-red", 900, 0)]);
        mug.categories = vec!["kitchen".into()];
        mug.variants[0].compare_at = Some(eur(1500));
        let made = shop.products.add_product(mug).await.unwrap();
        assert_eq!(made.variants.len(), 2);
        let by_id = shop.products.product(ProductRef::Id(made.id)).await;
        assert_eq!(by_id, Ok(made.clone()));
        let by_slug = shop.products.product(ProductRef::Slug("mug".into())).await;
        assert_eq!(by_slug, Ok(made));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_product_is_named_in_the_error() {
    check(async |shop| {
        let found = shop.products.product(ProductRef::Slug("unicorn".into())).await;
        assert_eq!(found, Err(Error::UnknownProduct("unicorn".into())));
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_the_lowest_price_and_whether_anything_is_left() {
    check(async |shop| {
        let mug = wish("mug", &[("mug-blue", 1200, 3), ("mug-red", 900, 0)]);
        let mug = shop.products.add_product(mug).await.unwrap();
        shop.stocked("pot", 0).await;
        let page = shop.products.browse(Browse::default()).await.unwrap().page;
        let expected = ProductSummary {
            id: mug.id,
            slug: "mug".into(),
            title: "The mug".into(),
            status: ProductStatus::Active,
            price_from: Some(eur(900)),
            in_stock: true,
            media: vec!["/media/mug.jpg".into()],
        };
        assert_eq!(page.items[0], expected);
        assert!(!page.items[1].in_stock);

        let hold = hold("order", &[(mug.variants[0].id, 3)]);
        shop.products.reserve(hold).await.unwrap();
        let page = shop.products.browse(Browse::default()).await.unwrap().page;
        assert!(!page.items[0].in_stock, "what is reserved cannot be bought");
    })
    .await;
}

#[tokio::test]
async fn every_order_shows_every_product_once_however_it_is_cut() {
    check(async |shop| {
        for (slug, price) in [("c", 300), ("a", 100), ("e", 100), ("b", 300), ("d", 200)] {
            shop.products.add_product(wish(slug, &[(slug, price, 1)])).await.unwrap();
            shop.clock.advance(Duration::from_secs(1));
        }
        let cases = [
            (Sort::Title, "abcde"),
            (Sort::Newest, "dbeac"),
            (Sort::Price, "aedcb"),
            (Sort::PriceDown, "bcdea"),
            (Sort::Relevance, "abcde"),
        ];
        for (sort, expected) in cases {
            let mut seen = String::new();
            let mut page = PageRequest { limit: 2, after: None };
            loop {
                let wish = Browse { page, ..sorted(sort) };
                let part = shop.products.browse(wish).await.unwrap().page;
                seen.extend(part.items.into_iter().map(|item| item.slug));
                let Some(next) = part.next else { break };
                page = PageRequest { limit: 2, after: Some(next) };
            }
            assert_eq!(seen, expected, "{sort:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_of_another_order_or_of_nobody_is_refused() {
    check(async |shop| {
        for slug in ["a", "b"] {
            shop.stocked(slug, 1).await;
        }
        let first = Browse { page: PageRequest { limit: 1, after: None }, ..Browse::default() };
        let next = shop.products.browse(first).await.unwrap().page.next;
        for (sort, after) in [(Sort::Price, next), (Sort::Title, Some("nonsense".into()))] {
            let wish = Browse { page: PageRequest { limit: 1, after }, ..sorted(sort) };
            assert_eq!(shop.products.browse(wish).await, Err(Error::BadCursor));
        }
    })
    .await;
}

#[tokio::test]
async fn text_is_found_whatever_its_case_and_accents() {
    check(async |shop| {
        for (slug, title, description) in [
            ("one", "Crème brûlée SET", "Four dishes, 100% stoneware."),
            ("two", "Tea_pot", "Holds a litre."),
            ("three", "Notebook", "Paper as smooth as CRÈME."),
        ] {
            let mut product = wish(slug, &[(slug, 100, 1)]);
            (product.title, product.description) = (title.into(), description.into());
            shop.products.add_product(product).await.unwrap();
        }
        assert_eq!(names(&shop, text("crème")).await, ["one", "three"]);
        assert_eq!(names(&shop, text("DISHES Brûlée")).await, ["one"]);
        assert_eq!(names(&shop, text("100%")).await, ["one"]);
        assert_eq!(names(&shop, text("creme bru")).await, ["one"], "words may be begun only");
        assert_eq!(names(&shop, text("te PO")).await, ["two"]);
        assert_eq!(names(&shop, text("rème")).await, [""; 0], "a word begins at its beginning");
        assert_eq!(names(&shop, text("' \"*) &|!:\\")).await.len(), 3, "signs are no words");
        let relevant = Browse { sort: Sort::Relevance, ..text("note") };
        assert_eq!(names(&shop, relevant).await, ["three"]);
    })
    .await;
}

#[tokio::test]
async fn a_category_holds_what_lies_below_it() {
    check(async |shop| {
        let tree = [
            ("home", None),
            ("kitchen", Some("home")),
            ("cups", Some("kitchen")),
            ("garden", None),
        ];
        for (slug, parent) in tree {
            shop.products.add_category(category(slug, parent, 1)).await.unwrap();
        }
        for (slug, shelf) in [("mug", "cups"), ("pan", "kitchen"), ("spade", "garden")] {
            let mut product = wish(slug, &[(slug, 100, 1)]);
            product.categories = vec![shelf.into()];
            shop.products.add_product(product).await.unwrap();
        }
        let within = |slug: &str| Browse { category: Some(slug.into()), ..Browse::default() };
        assert_eq!(names(&shop, within("home")).await, ["mug", "pan"]);
        assert_eq!(names(&shop, within("cups")).await, ["mug"]);
        let unknown = shop.products.browse(within("attic")).await;
        assert_eq!(unknown, Err(Error::UnknownCategory("attic".into())));
    })
    .await;
}

#[tokio::test]
async fn categories_come_parents_first_and_then_by_position() {
    check(async |shop| {
        for (slug, parent, position) in
            [("b", None, 2), ("a", None, 1), ("b1", Some("b"), 2), ("a1", Some("a"), 1)]
        {
            shop.products.add_category(category(slug, parent, position)).await.unwrap();
        }
        let all = shop.products.categories(CategoryScope::All).await.unwrap();
        let all: Vec<_> = all.iter().map(|it| (it.slug.as_str(), it.parent.as_deref())).collect();
        assert_eq!(all, [("a", None), ("b", None), ("a1", Some("a")), ("b1", Some("b"))]);
    })
    .await;
}

#[tokio::test]
async fn a_tree_of_categories_is_at_most_eight_deep() {
    check(async |shop| {
        let mut parent: Option<String> = None;
        for depth in 1..=8 {
            let slug = format!("c{depth}");
            shop.products.add_category(category(&slug, parent.as_deref(), 1)).await.unwrap();
            parent = Some(slug);
        }
        let ninth = shop.products.add_category(category("c9", parent.as_deref(), 1)).await;
        assert_eq!(pointers(ninth.unwrap_err()), ["/parent"]);
    })
    .await;
}

#[tokio::test]
async fn a_category_needs_a_free_slug_and_a_known_parent() {
    check(async |shop| {
        shop.products.add_category(category("home", None, 1)).await.unwrap();
        let again = shop.products.add_category(category("home", None, 1)).await;
        assert_eq!(again, Err(Error::SlugTaken("home".into())));
        let orphan = shop.products.add_category(category("cups", Some("attic"), 1)).await;
        assert_eq!(orphan, Err(Error::UnknownCategory("attic".into())));
    })
    .await;
}

#[tokio::test]
async fn a_slug_and_a_sku_are_used_once() {
    check(async |shop| {
        shop.stocked("mug", 1).await;
        let again = shop.products.add_product(wish("mug", &[("other", 900, 1)])).await;
        assert_eq!(again, Err(Error::SlugTaken("mug".into())));
        let sku = shop.products.add_product(wish("cup", &[("cup", 900, 1), ("mug", 900, 1)])).await;
        assert_eq!(sku, Err(Error::SkuTaken("mug".into())));
        assert_eq!(names(&shop, Browse::default()).await, ["mug"], "nothing of it was kept");
        let mut lost = wish("cup", &[("cup", 900, 1)]);
        lost.categories = vec!["attic".into()];
        let lost = shop.products.add_product(lost).await;
        assert_eq!(lost, Err(Error::UnknownCategory("attic".into())));
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_product_is_told_at_once() {
    check(async |shop| {
        let mut wrong = wish("Not A Slug", &[("", 0, 1), ("twice", 5, 1), ("twice", 5, 1)]);
        wrong.title = "  ".into();
        wrong.variants[1].compare_at = Some(eur(5));
        wrong.variants[2].price = Money::new(5, Currency::USD);
        let blamed = pointers(shop.products.add_product(wrong).await.unwrap_err());
        let expected = [
            "/slug",
            "/title",
            "/variants/0/sku",
            "/variants/0/price",
            "/variants/1/compare_at",
            "/variants/2/sku",
            "/variants/2/price",
            "/variants/2/options",
        ];
        assert_eq!(blamed, expected);
        let none = shop.products.add_product(wish("mug", &[])).await;
        assert_eq!(pointers(none.unwrap_err()), ["/variants"]);
    })
    .await;
}

#[tokio::test]
async fn unknown_variants_are_left_out() {
    check(async |shop| {
        let mug = shop.stocked("mug", 4).await;
        let unknown = Ids::system().next();
        let found = shop.products.variants(vec![unknown, mug, mug]).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].id, found[0].available), (mug, 4));
        assert_eq!(shop.products.variants(Vec::new()).await, Ok(Vec::new()));
    })
    .await;
}
