//! Random shopping against a model that fits on one page.

use std::collections::HashMap;

use kernel::SystemClock;
use products_api::{Adjust, Adjustment};
use proptest::prelude::*;

use super::*;
use crate::store::{Books, Committed};

/// How many variants and owners there are, few enough to get in each other's way.
const VARIANTS: usize = 3;
const OWNERS: usize = 6;

#[derive(Clone, Debug)]
enum Act {
    Reserve(usize, Vec<(usize, u32)>),
    Release(usize),
    Commit(usize),
    Adjust(usize, i64),
}

fn act() -> impl Strategy<Value = Act> {
    let lines = proptest::collection::btree_map(0..VARIANTS, 1_u32..4, 1..=VARIANTS);
    let lines = lines.prop_map(|lines| lines.into_iter().collect());
    prop_oneof![
        4 => (0..OWNERS, lines).prop_map(|(owner, lines)| Act::Reserve(owner, lines)),
        2 => (0..OWNERS).prop_map(Act::Release),
        2 => (0..OWNERS).prop_map(Act::Commit),
        2 => (0..VARIANTS, -4_i64..5).prop_map(|(variant, change)| Act::Adjust(variant, change)),
    ]
}

/// What the shop should be like.
#[derive(Default)]
struct Model {
    on_hand: [i64; VARIANTS],
    reserved: [i64; VARIANTS],
    owners: HashMap<usize, Held>,
}

#[derive(Clone)]
struct Held {
    lines: Vec<(usize, u32)>,
    live: bool,
}

impl Model {
    fn take(&mut self, lines: &[(usize, u32)]) -> bool {
        let enough = |(variant, quantity): &(usize, u32)| {
            self.on_hand[*variant] - self.reserved[*variant] >= i64::from(*quantity)
        };
        let all = lines.iter().all(enough);
        if all {
            lines
                .iter()
                .for_each(|(variant, quantity)| self.reserved[*variant] += i64::from(*quantity));
        }
        all
    }

    /// Plays `act`; tells whether it succeeds.
    fn play(&mut self, act: &Act) -> bool {
        match act {
            Act::Reserve(owner, lines) => match self.owners.get(owner) {
                Some(held) => held.live && held.lines == *lines,
                None => {
                    let taken = self.take(lines);
                    if taken {
                        self.owners.insert(*owner, Held { lines: lines.clone(), live: true });
                    }
                    taken
                }
            },
            Act::Release(owner) => {
                let held = self.owners.entry(*owner).or_insert(Held { lines: vec![], live: false });
                if std::mem::take(&mut held.live) {
                    for (variant, quantity) in &held.lines {
                        self.reserved[*variant] -= i64::from(*quantity);
                    }
                }
                true
            }
            Act::Commit(owner) => match self.owners.get(owner) {
                Some(held) => held.live,
                None => false,
            },
            Act::Adjust(variant, change) => {
                let after = self.on_hand[*variant] + change;
                let possible = *change != 0 && after >= self.reserved[*variant];
                if possible {
                    self.on_hand[*variant] = after;
                }
                possible
            }
        }
    }
}

/// Does `act` in the shop; tells whether it succeeded. A sale is made as its message would make it,
/// without the retries, which depend on time.
async fn perform(shop: &Shop, variants: &[VariantId], number: usize, act: &Act) -> bool {
    match act {
        Act::Reserve(who, lines) => {
            let lines: Vec<_> =
                lines.iter().map(|(index, many)| (variants[*index], *many)).collect();
            shop.products.reserve(hold(&who.to_string(), &lines)).await.is_ok()
        }
        Act::Release(who) => shop.products.release(owner(&who.to_string())).await.is_ok(),
        Act::Commit(who) => {
            let books = Books::new(Arc::new(SystemClock), Ids::system());
            let mut tx = shop.db.begin().await.unwrap();
            let sold = books.commit(&mut tx, &owner(&who.to_string())).await.unwrap();
            match sold {
                Committed::Sold => tx.commit().await.unwrap(),
                _ => tx.rollback().await.unwrap(),
            }
            sold == Committed::Sold
        }
        Act::Adjust(variant, change) => {
            let (variant, cause) = (variants[*variant], format!("act {number}"));
            let kind = Adjustment::Adjusted;
            let wish = Adjust { variant, kind, change: *change, reason: "a count".into(), cause };
            shop.products.adjust(wish).await.is_ok()
        }
    }
}

async fn compare(acts: Vec<Act>) {
    let shop = Shop::open(on_sqlite().await);
    let mut model = Model { on_hand: [5; VARIANTS], ..Model::default() };
    let mut variants = Vec::new();
    for number in 0..VARIANTS {
        variants.push(shop.stocked(&format!("p{number}"), 5).await);
    }
    for (number, act) in acts.iter().enumerate() {
        let expected = model.play(act);
        assert_eq!(perform(&shop, &variants, number, act).await, expected, "act {number}: {act:?}");
        for (index, variant) in variants.iter().enumerate() {
            let expected = model.on_hand[index] - model.reserved[index];
            assert_eq!(shop.available(*variant).await, expected, "after act {number}: {act:?}");
        }
        shop.adds_up().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_books_add_up_and_agree_with_the_model(
        acts in proptest::collection::vec(act(), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(compare(acts));
    }
}
