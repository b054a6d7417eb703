//! Both databases give the same answers.

use kernel::{Page, PageRequest};
use products_api::{Attribute, Browse, Facet, Import, ProductSummary, Sort};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::*;

const WORDS: [&str; 14] = [
    "Tea", "teapot", "Crème", "creme", "brûlée", "GRÜN", "große", "Łódź", "日本", "x-100", "100%",
    "ﬁne", "Œuvre", "naïve",
];
const MATERIALS: [&str; 4] = ["clay", "Clay", "oak, oiled", "brass"];

/// Title, description, material, colour, price, stock and shelf of a product.
type Drawn = (Vec<&'static str>, Vec<&'static str>, usize, usize, i64, u32, usize);

/// A catalogue of 300 products, always the same.
fn catalogue(runner: &mut TestRunner) -> Vec<NewProduct> {
    let words = || proptest::collection::vec(proptest::sample::select(&WORDS[..]), 1..4);
    let one = (words(), words(), 0..4_usize, 0..3_usize, 1..20_i64, 0..3_u32, 0..4_usize);
    let all = proptest::collection::vec(one, 300).new_tree(runner).unwrap().current();
    let product = |(number, it): (usize, Drawn)| {
        let (title, description, material, colour, price, on_hand, shelf) = it;
        let mut product = wish(&format!("p{number}"), &[]);
        product.variants = wish("x", &[(&format!("s{number}"), price * 100, on_hand)]).variants;
        product.title = title.join(" ");
        product.description = description.join(", ");
        product.categories = vec![["a", "a/b", "a/b/c", "d"][shelf].to_owned()];
        let attribute =
            |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        product.attributes = vec![attribute("material", MATERIALS[material])];
        if colour > 0 {
            product.attributes.push(attribute("colour", ["red", "blue"][colour - 1]));
        }
        product
    };
    all.into_iter().enumerate().map(product).collect()
}

fn wishes() -> impl Strategy<Value = Browse> {
    let text = proptest::option::of(proptest::collection::vec(
        proptest::sample::select(
            &["te", "tea", "CREME", "br", "grun", "gross", "日", "10", "fi", "'", "%"][..],
        ),
        1..3,
    ));
    let sort = proptest::sample::select(
        &[Sort::Title, Sort::Price, Sort::PriceDown, Sort::Newest, Sort::Relevance][..],
    );
    let category = proptest::option::of(proptest::sample::select(&["a", "b", "c", "d"][..]));
    let attribute = proptest::sample::select(&["clay", "oak, oiled", "brass"][..]);
    let attributes = proptest::collection::vec(attribute, 0..3);
    let price = proptest::option::of(1..20_i64);
    (text, sort, category, attributes, price, any::<bool>(), 1..40_u32).prop_map(
        |(text, sort, category, attributes, price, in_stock, limit)| Browse {
            text: text.map(|words| words.join(" ")),
            category: category.map(str::to_owned),
            price_min: price.map(|price| price * 50),
            price_max: price.map(|price| price * 150),
            in_stock,
            attributes: attributes
                .into_iter()
                .map(|value| Attribute { name: "material".into(), value: value.into() })
                .collect(),
            facets: true,
            sort,
            page: PageRequest { limit, after: None },
            ..Browse::default()
        },
    )
}

/// What a shopper sees, page by page.
async fn seen(shop: &Shop, wish: &Browse) -> (Vec<String>, Vec<Facet>) {
    let (mut slugs, mut facets, mut wish) = (Vec::new(), Vec::new(), wish.clone());
    loop {
        let found = shop.products.browse(wish.clone()).await.unwrap();
        let Page { items, next } = found.page;
        slugs.extend(items.into_iter().map(|it: ProductSummary| it.slug));
        facets = if facets.is_empty() { found.facets } else { facets };
        match next {
            Some(next) => wish.page.after = Some(next),
            None => return (slugs, facets),
        }
    }
}

#[tokio::test]
async fn a_generated_catalogue_is_searched_alike_on_both_databases() {
    let (sqlite, postgres) = (Shop::open(on_sqlite().await), Shop::open(on_postgres().await));
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let products = catalogue(&mut runner);
    for shop in [&sqlite, &postgres] {
        let wish = Import { products: products.clone() };
        assert_eq!(shop.products.import(wish).await.unwrap().len(), 300);
    }
    let mut found = 0;
    for _ in 0..150 {
        let wish = wishes().new_tree(&mut runner).unwrap().current();
        // Ids differ from shop to shop, so what is otherwise equal is compared in any order.
        let (one, other) = (seen(&sqlite, &wish).await, seen(&postgres, &wish).await);
        let sorted = |slugs: &[String]| {
            let mut slugs = slugs.to_vec();
            slugs.sort();
            slugs
        };
        assert_eq!(sorted(&one.0), sorted(&other.0), "{wish:?}");
        assert_eq!(one.1, other.1, "{wish:?}");
        let keys = |slugs: &[String]| -> Vec<(i64, String)> {
            let key = |slug: &String| {
                let number: usize = slug[1..].parse().unwrap();
                let product = &products[number];
                match wish.sort {
                    Sort::Price | Sort::PriceDown => {
                        (product.variants[0].price.minor, String::new())
                    }
                    Sort::Newest => (0, String::new()),
                    _ => (0, crate::domain::words::sort_key(&product.title)),
                }
            };
            slugs.iter().map(key).collect()
        };
        assert_eq!(keys(&one.0), keys(&other.0), "{wish:?}");
        found += one.0.len();
    }
    assert!(found > 1_000, "the wishes find too little to compare: {found}");
}
