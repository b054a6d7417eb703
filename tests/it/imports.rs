//! A list of products that is taken in although the command is killed in the middle of it.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use crate::world::{eventually, rialto};

const PRODUCTS: usize = 2_000;
/// Products whose price is no number, one at each end.
const WRONG: [usize; 2] = [7, PRODUCTS - 7];
/// How long the first part of the list may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_import_that_was_killed_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (list, notes) = (folder.path().join("list.csv"), folder.path().join("list.csv.progress"));
    fs::write(&list, table()).unwrap();
    let command = |words: &[&str]| rialto().args(words).settings(folder.path(), &[]);
    let migrated = command(&["migrate"]).run().await;
    assert!(migrated.status.success(), "{migrated:?}");

    let log = fs::File::create(folder.path().join("first.log")).unwrap();
    let mut first = command(&["import", "products", "list.csv"]).spawn(&log);
    let begun = async || (done(&notes) > 0).then_some(());
    eventually("some of the list is taken", PATIENCE, begun).await;
    first.kill().await.unwrap();
    let size = fs::metadata(&list).unwrap().len();
    assert!(done(&notes) < size, "it was killed too late to show anything");

    let second = command(&["import", "products", "list.csv"]).run().await;
    let told = String::from_utf8_lossy(&second.stdout);
    assert_eq!(second.status.code(), Some(1), "two are missing: {second:?}");
    assert!(told.starts_with("went on where it was stopped; "), "{told}");
    assert!(told.contains(" 2 refused; "), "{told}");
    let mistakes = fs::read_to_string(folder.path().join("list.csv.errors.csv")).unwrap();
    for wrong in WRONG {
        let told = mistakes.matches(&format!("\"thing-{wrong}\"")).count();
        assert_eq!(told, 2, "each of its variants is told once: {mistakes}");
    }
    assert!(!notes.exists(), "nothing is left to go on with");

    let exported = command(&["export", "products", "all.csv"]).run().await;
    assert!(exported.status.success(), "{exported:?}");
    let all = fs::read_to_string(folder.path().join("all.csv")).unwrap();
    let slugs: Vec<_> = all.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    let distinct: BTreeSet<_> = slugs.iter().collect();
    assert_eq!(
        (slugs.len(), distinct.len()),
        ((PRODUCTS - WRONG.len()) * 2, PRODUCTS - WRONG.len())
    );
}

/// Two variants of each product.
fn table() -> String {
    let header =
        "slug,title,description,categories,attributes,sku,options,price,currency,on_hand\n";
    let product = |number: usize| {
        let price = if WRONG.contains(&number) { "cheap" } else { "9.50" };
        let variant = |size: &str| {
            format!(
                "thing-{number},Thing {number},,,,T-{number}-{size},size={size},{price},EUR,5\n"
            )
        };
        variant("small") + &variant("large")
    };
    header.to_owned() + &(0..PRODUCTS).map(product).collect::<String>()
}

/// How many bytes of the list are known to be taken.
fn done(notes: &Path) -> u64 {
    let text = fs::read_to_string(notes).unwrap_or_default();
    let notes: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    notes["done"].as_u64().unwrap_or_default()
}
