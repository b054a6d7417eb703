//! Lists of products.

use kernel::PageRequest;
use products_api::{CategoryRef, ProductRef};

use super::*;
use crate::feed::{Format, Importer, Report, head, line};

const LIST: &str = "slug,title,status,categories,attributes,sku,options,price,currency,on_hand\n\
    mug,Mug,,home/kitchen,material=clay,M-S,size=small,9.50,EUR,3\n\
    mug,,,,,M-L,size=large,12,EUR,5\n\
    pot,Pot,draft,kitchen,,P,,15,EUR,1\n\
    pan,,,,,X,,15,EUR,1\n\
    lid,Lid,,,,M-S,,1,EUR,1\n";

async fn import(shop: &Shop, text: &str) -> (Report, Vec<(u64, String)>) {
    let mut importer = Importer::new(&*shop.products, Format::Csv, 0);
    importer.take(text.as_bytes()).await.unwrap();
    let report = importer.finish().await.unwrap();
    let mistakes = importer.mistakes().into_iter();
    (report, mistakes.map(|it| (it.line, it.violation.pointer)).collect())
}

fn report(created: u64, changed: u64, unchanged: u64, refused: u64) -> Report {
    Report { created, changed, unchanged, refused }
}

#[tokio::test]
async fn good_products_of_a_list_are_taken_and_the_same_list_again_changes_nothing() {
    check(async |shop| {
        let mistakes = vec![(5, "/title".to_owned()), (6, "/variants/0/sku".to_owned())];
        assert_eq!(import(&shop, LIST).await, (report(2, 0, 0, 2), mistakes.clone()));
        let mug = shop.products.product(ProductRef::Slug("mug".into())).await.unwrap();
        assert_eq!((mug.variants.len(), mug.categories), (2, vec!["kitchen".to_owned()]));
        let kitchen = shop.products.category(CategoryRef::Slug("kitchen".into())).await.unwrap();
        assert_eq!((kitchen.parent.as_deref(), &*kitchen.name), (Some("home"), "Kitchen"));
        shop.products.reserve(hold("order", &[(mug.variants[0].id, 2)])).await.unwrap();
        assert_eq!(import(&shop, LIST).await, (report(0, 0, 2, 2), mistakes));
        let dearer = LIST.replace("9.50", "9.90");
        assert_eq!(import(&shop, &dearer).await.0, report(0, 1, 1, 2));
        let mug = shop.products.product(ProductRef::Slug("mug".into())).await.unwrap();
        assert_eq!((mug.variants[0].price, mug.variants[0].available), (eur(990), 1));
        shop.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_exported_can_be_imported_elsewhere_and_is_the_same_there() {
    check(async |shop| {
        import(&shop, LIST).await;
        let there = Shop::open(on_sqlite().await);
        let page = PageRequest { limit: 1, after: None };
        let all = async |shop: &Shop| {
            let (mut all, mut page) = (Vec::new(), page.clone());
            loop {
                let part = shop.products.export(page).await.unwrap();
                all.extend(part.items);
                let Some(after) = part.next else {
                    all.sort_by(|a: &NewProduct, b| a.slug.cmp(&b.slug));
                    return all;
                };
                page = PageRequest { limit: 1, after: Some(after) };
            }
        };
        let exported = all(&shop).await;
        let lines = exported.iter().map(|product| line(Format::Csv, product).unwrap());
        let text: String = std::iter::once(head(Format::Csv)).chain(lines).collect();
        assert_eq!(import(&there, &text).await, (report(2, 0, 0, 0), vec![]));
        assert_eq!(all(&there).await, exported);
        there.adds_up().await;
    })
    .await;
}

#[tokio::test]
async fn a_list_that_was_stopped_goes_on_behind_what_was_taken() {
    check(async |shop| {
        let rows = (0..600).map(|number| format!("p{number},Thing,s{number},1,EUR\n"));
        let text = "slug,title,sku,price,currency\n".to_owned() + &rows.collect::<String>();
        let mut first = Importer::new(&*shop.products, Format::Csv, 0);
        first.take(text.as_bytes()).await.unwrap();
        let (taken, done) = (first.report().created, first.done());
        assert!((1..600).contains(&taken) && done < text.len() as u64);
        drop(first);
        let mut second = Importer::new(&*shop.products, Format::Csv, done);
        second.take(text.as_bytes()).await.unwrap();
        assert_eq!(second.finish().await.unwrap(), report(600 - taken, 0, 0, 0));
        assert_eq!(second.done(), text.len() as u64);
    })
    .await;
}
