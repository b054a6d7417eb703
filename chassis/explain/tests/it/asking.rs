//! Modules are asked until nothing new comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use explain::{Call, Fragment, Gathered, Question, Start, assemble, gather};
use messaging::journal::{Found, Published};

use crate::shop::*;

/// Modules with what each has published, and what was asked of them.
#[derive(Default)]
struct Shop {
    published: Vec<(&'static str, Published)>,
    calls: Vec<Call>,
    asked: Mutex<Vec<Question>>,
}

impl Shop {
    fn of(published: Vec<(&'static str, Published)>) -> Self {
        Self { published, ..Self::default() }
    }

    fn answer(&self, module: &str, question: &Question) -> Fragment {
        self.asked.lock().unwrap().push(question.clone());
        let wanted = &question.wanted;
        let fits = |message: &Published| {
            wanted.keys.contains(&message.key)
                || wanted.messages.contains(&message.id)
                || message.cause.is_some_and(|cause| wanted.caused_by.contains(&cause))
                || message.trace.as_ref().is_some_and(|trace| wanted.traces.contains(trace))
        };
        let own = self.published.iter().filter(|(name, message)| *name == module && fits(message));
        let published = own.map(|(_, message)| message.clone()).collect();
        let calls = match module {
            "payments" => {
                let about = |call: &&Call| !call.about.is_disjoint(&question.things);
                self.calls.iter().filter(about).cloned().collect()
            }
            _ => Vec::new(),
        };
        let numbered = module == "orders" && question.things.contains("4711");
        let ids = numbered.then(|| "ord_1".to_owned()).into_iter().collect();
        Fragment { calls, ids, ..fragment(Found { published, ..Found::default() }) }
    }

    async fn gather(&self, start: Start) -> Gathered<&'static str> {
        let modules = ["orders", "payments", "products", "deliveries"];
        gather(&modules, start, async |module: &str, question: &Question| match module {
            "products" if self.published.is_empty() => Err("it is away"),
            _ => Ok(self.answer(module, question)),
        })
        .await
    }

    async fn told(&self, start: Start) -> BTreeSet<String> {
        let lines = assemble(&self.gather(start).await.fragments);
        outline(&lines).into_iter().map(|(_, name)| name).collect()
    }
}

fn order() -> Start {
    Start::Thing("ord_1".to_owned())
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn consequences_are_found_over_all_modules() {
    let shop = Shop::of(vec![
        ("orders", event(0, "order-placed", "ord_1", None)),
        ("products", event(1, "stock-depleted", "var_1", Some(0))),
        ("deliveries", event(2, "shelf-emptied", "shelf_1", Some(1))),
        ("orders", event(3, "order-placed-by-somebody-else", "ord_2", None)),
        ("products", event(4, "stock-of-somebody-else", "var_1", Some(3))),
    ]);
    let told = shop.told(order()).await;
    assert_eq!(told, names(&["order-placed", "stock-depleted", "shelf-emptied"]));
}

#[tokio::test]
async fn a_cause_is_found_and_not_what_else_it_caused() {
    let shop = Shop::of(vec![
        ("products", event(0, "list-imported", "list_1", None)),
        ("products", event(1, "price-changed", "var_1", Some(0))),
        ("orders", event(2, "order-held", "ord_1", Some(1))),
        ("orders", event(3, "another-held", "ord_2", Some(1))),
    ]);
    assert_eq!(shop.told(order()).await, names(&["list-imported", "price-changed", "order-held"]));
}

#[tokio::test]
async fn answers_are_found_by_the_key_they_come_under() {
    let collect = command(1, "collect", ("checkout:ord_1", 1, "do"), Some(0));
    let shop = Shop::of(vec![
        ("orders", event(0, "order-placed", "ord_1", None)),
        ("orders", collect.clone()),
        ("payments", Published { cause: None, ..answer(5, &collect) }),
    ]);
    assert_eq!(shop.gather(order()).await.fragments["payments"].found.published.len(), 1);
}

#[tokio::test]
async fn what_a_call_is_about_belongs_to_it() {
    let mut shop = Shop::of(vec![
        ("orders", event(0, "order-placed", "ord_1", None)),
        ("payments", event(9, "payment-refunded", "pay_1", None)),
    ]);
    let about = BTreeSet::from(["ord_1".to_owned(), "pay_1".to_owned()]);
    shop.calls.push(Call {
        name: "sandbox: attempt 1".to_owned(),
        asked_at: at(3),
        answered_at: None,
        outcome: "paid".to_owned(),
        because: None,
        about,
    });
    let told = shop.told(order()).await;
    assert_eq!(told, names(&["order-placed", "sandbox: attempt 1", "payment-refunded"]));
}

#[tokio::test]
async fn a_thing_is_found_by_a_name_that_a_module_knows() {
    let shop = Shop::of(vec![("orders", event(0, "order-placed", "ord_1", None))]);
    assert_eq!(shop.told(Start::from("4711")).await, names(&["order-placed"]));
}

#[tokio::test]
async fn everything_in_a_trace_is_found() {
    let trace = "a".repeat(32);
    let traced = |message| Published { trace: Some(trace.clone()), ..message };
    let shop = Shop::of(vec![
        ("orders", traced(event(0, "order-placed", "ord_1", None))),
        ("orders", traced(event(1, "another-placed", "ord_2", None))),
        ("orders", event(2, "a-third-placed", "ord_3", None)),
    ]);
    let told = shop.told(Start::from(&*trace.to_uppercase())).await;
    assert_eq!(told, names(&["order-placed", "another-placed"]));
}

#[tokio::test]
async fn nothing_is_asked_twice() {
    let chain = (0..30).map(|n: u64| {
        let module = if n.is_multiple_of(2) { "orders" } else { "payments" };
        (module, event(n, "next", &format!("k{n}"), n.checked_sub(1)))
    });
    let shop = Shop::of(chain.collect());
    let gathered = shop.gather(Start::Thing("k0".to_owned())).await;
    assert_eq!(assemble(&gathered.fragments).len(), 30);
    assert!(!gathered.cut);
    let asked = shop.asked.lock().unwrap();
    let mut causes = BTreeMap::new();
    for question in asked.iter() {
        for id in &question.wanted.caused_by {
            *causes.entry(*id).or_insert(0) += 1;
        }
    }
    assert!(causes.values().all(|times| *times == 4), "once of each of four modules: {causes:?}");
}

#[tokio::test]
async fn a_chain_without_end_is_cut() {
    let chain =
        (0..500).map(|n: u64| ("orders", event(n, "next", &format!("k{n}"), n.checked_sub(1))));
    let gathered = Shop::of(chain.collect()).gather(Start::Thing("k0".to_owned())).await;
    assert!(gathered.cut);
}

#[tokio::test]
async fn whoever_does_not_answer_is_named_and_hides_nobody_else() {
    let gathered = Shop::default().gather(order()).await;
    let missing: Vec<_> = gathered.missing.iter().map(|it| (&*it.module, it.why)).collect();
    assert_eq!(missing, [("products", "it is away")]);
    assert_eq!(gathered.fragments.len(), 3);
}
