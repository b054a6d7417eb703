//! Lists of products, read in pieces of any size.

use kernel::{Currency, Money};
use products_api::{Attribute, NewVariant, OptionValue, ProductStatus};

use super::*;

const TABLE: &str = "\u{feff}slug,title,description,categories,attributes,sku,options,price,currency,on_hand\r\n\
mug,Mug,\"Holds tea,\nor coffee.\",kitchen/cups|gifts,material=stone\\|ware,M-S,size=small,9.5,EUR,3\r\n\
mug,,,,,M-L,size=large,12,EUR,\r\n\
\r\n\
pot,Pot,,,,P,,1500,JPY,1\n\
pan,Pan,,,,X,size,abc,EUR,many\n\
pan,,,,,Y,,1,QQQ,\n\
lid,Lid,,,,L,,1,EUR,1";

fn read(format: Format, text: &str, size: usize) -> Vec<Item> {
    let mut feed = Feed::new(format);
    let mut items = Vec::new();
    for piece in text.as_bytes().chunks(size) {
        items.extend(feed.take(piece).unwrap());
    }
    items.extend(feed.finish().unwrap());
    items
}

#[test]
fn a_table_is_read_the_same_however_it_arrives() {
    let whole = read(Format::Csv, TABLE, usize::MAX);
    for size in [1, 2, 7, 64] {
        assert_eq!(read(Format::Csv, TABLE, size), whole);
    }
    let slugs: Vec<_> = whole.iter().map(|item| (&*item.slug, item.line)).collect();
    assert_eq!(slugs, [("mug", 2), ("pot", 6), ("pan", 7), ("lid", 9)]);
    assert_eq!(whole[3].end, TABLE.len() as u64);
    let mug = whole[0].product.as_ref().unwrap();
    assert_eq!(mug.description, "Holds tea,\nor coffee.");
    assert_eq!(mug.categories, ["kitchen/cups", "gifts"]);
    let stoneware = Attribute { name: "material".into(), value: "stone|ware".into() };
    assert_eq!((&mug.attributes[..], mug.variants.len()), (&[stoneware][..], 2));
    assert_eq!(mug.variants[0].price, Money::new(950, Currency::EUR));
    assert_eq!((mug.variants[0].on_hand, mug.variants[1].on_hand), (3, 0));
    assert_eq!(whole[1].product.as_ref().unwrap().variants[0].price.minor, 1500);
}

#[test]
fn every_mistake_of_a_product_is_told_with_its_line() {
    let items = read(Format::Csv, TABLE, 5);
    let mistakes = items[2].product.as_ref().unwrap_err();
    let told: Vec<_> = mistakes.iter().map(|it| (&*it.pointer, &it.detail[..6])).collect();
    let expected = [
        ("/options", "line 7"),
        ("/price", "line 7"),
        ("/on_hand", "line 7"),
        ("/currency", "line 8"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_table_with_foreign_columns_is_no_list_of_products() {
    for (head, culprit) in [("slug,title,colour\n", "colour"), ("title\n", "slug")] {
        let no = Feed::new(Format::Csv).take(head.as_bytes()).unwrap_err();
        assert!(no.detail.contains(culprit), "{}", no.detail);
    }
}

#[test]
fn a_line_of_json_that_cannot_be_read_harms_no_other() {
    let text = "{\"slug\":\"mug\",\"title\":\"Mug\",\"status\":\"draft\"}\n\
        {\"slug\":\"pot\"}\nnonsense\n\n{\"slug\":\"pan\",\"title\":\"Pan\"}";
    let items = read(Format::Ndjson, text, 3);
    let slugs: Vec<_> =
        items.iter().map(|item| (&*item.slug, item.line, item.product.is_ok())).collect();
    assert_eq!(slugs, [("mug", 1, true), ("pot", 2, false), ("", 3, false), ("pan", 5, true)]);
}

#[test]
fn what_is_written_reads_back_the_same() {
    let variant = |sku: &str, minor, currency| NewVariant {
        sku: sku.into(),
        options: vec![OptionValue { name: "size".into(), value: "a|b\\c".into() }],
        price: Money::new(minor, currency),
        compare_at: Some(Money::new(minor * 2, currency)),
        weight_g: 5,
        barcode: Some("4006381333931".into()),
        track_stock: false,
        for_sale: false,
        on_hand: 7,
    };
    let product = |slug: &str, variants| NewProduct {
        slug: slug.into(),
        title: "Tea, \"green\"".into(),
        description: "Two\nlines; and a ünïcode.".into(),
        status: ProductStatus::Archived,
        categories: vec!["a/b".into(), "c".into()],
        attributes: vec![Attribute { name: "leaf".into(), value: "whole = best".into() }],
        media: vec!["/m/a|b.jpg".into()],
        variants,
    };
    let some = vec![variant("A", 5, Currency::EUR), variant("B", 1_234, Currency::EUR)];
    let products = [
        product("tea", some),
        product("none", vec![]),
        product("yen", vec![variant("C", 900, Currency::JPY)]),
        product("dinar", vec![variant("D", 1, Currency::KWD)]),
    ];
    for format in [Format::Csv, Format::Ndjson] {
        let lines = products.iter().map(|product| line(format, product).unwrap());
        let text: String = std::iter::once(head(format)).chain(lines).collect();
        let read: Vec<_> =
            read(format, &text, 11).into_iter().map(|it| it.product.unwrap()).collect();
        assert_eq!(read, products, "{text}");
    }
}
