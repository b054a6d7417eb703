//! Crowds that want the same thing at the same time.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    books::Books,
    fair,
    world::{Deployment, Goods, Shopper, Stage, VISA, World, fresh_key, text},
};

const BUYERS: usize = 50;
const ROUNDS: usize = 200;

macro_rules! everywhere {
    ($($deployment:ident => $last:ident, $same:ident;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $last() {
            the_last_one_is_sold_once(Deployment::$deployment).await;
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $same() {
            the_same_order_four_times_is_one(Deployment::$deployment).await;
        }
    )+};
}

everywhere! {
    WHOLE_ON_SQLITE => last_one_whole_on_sqlite, same_order_whole_on_sqlite;
    WHOLE_ON_POSTGRES => last_one_whole_on_postgres, same_order_whole_on_postgres;
    SPLIT_OVER_HTTP => last_one_split_on_sqlite, same_order_split_on_sqlite;
    SERVICES_OVER_HTTP => last_one_in_services_on_postgres, same_order_in_services_on_postgres;
}

/// Fifty buyers want the only one there is, two hundred times over.
async fn the_last_one_is_sold_once(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, fair::SETTINGS).await);
    let goods = stage.publish("samovar", 9900, 0).await;
    let buyers = buyers(&stage, BUYERS).await;
    let mut wishes = join_all(buyers.iter().map(|buyer| wish(buyer, &goods))).await;
    let admin = stage.admin().await;
    for round in 0..ROUNDS {
        let one = json!({ "variant": goods.variant, "change": 1, "reason": "one more" });
        let key = format!("round-{round}");
        admin.post_once("/v1/admin/stock-movements", &key, &one).await.expect(200);
        let rush = buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.place(wish));
        let mut winners = Vec::new();
        for (number, answer) in join_all(rush).await.into_iter().enumerate() {
            match answer.status.as_u16() {
                201 => winners.push(number),
                _ => drop(answer.problem(409, "insufficient-stock")),
            }
        }
        assert_eq!(winners.len(), 1, "in round {round}");
        let winner = winners[0];
        wishes[winner] = wish(&buyers[winner], &goods).await;
    }
    let books = Books::of(&stage).await;
    books.quiet().await;
    books.check().await;
    books.check_owners().await;
    assert_eq!(books.orders().await.len(), ROUNDS);
    assert_eq!(admin.available(&goods).await, 0);
    stage.stop_all().await;
}

/// One cart, four requests at once: under one key, and under four.
async fn the_same_order_four_times_is_one(deployment: Deployment) {
    let stage = Stage::alone(World::open(deployment, fair::SETTINGS).await);
    let goods = stage.publish("samovar", 9900, 1000).await;
    let buyers = buyers(&stage, 10).await;
    for buyer in &buyers {
        let (wish, key) = (wish(buyer, &goods).await, fresh_key());
        let answers = join_all((0..4).map(|_| settled(buyer, &key, &wish))).await;
        let orders: Vec<_> = answers.iter().map(placed).collect();
        assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");

        let wish = self::wish(buyer, &goods).await;
        let keys = [(); 4].map(|()| fresh_key());
        let answers = join_all(keys.iter().map(|key| settled(buyer, key, &wish))).await;
        let placed = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(placed, 1, "{answers:?}");
        let refused = answers.iter().filter(|(_, body)| body["code"] == "conflict").count();
        assert_eq!(refused, 3, "{answers:?}");
    }
    let books = Books::of(&stage).await;
    books.quiet().await;
    books.check().await;
    books.check_owners().await;
    assert_eq!(books.orders().await.len(), 2 * buyers.len());
    stage.stop_all().await;
}

async fn buyers(stage: &Stage, count: usize) -> Vec<Shopper> {
    let names: Vec<String> = (0..count).map(|number| format!("Buyer {number}")).collect();
    join_all(names.iter().map(|name| stage.shopper(name))).await
}

/// A cart with one of it, and the wish to have it.
async fn wish(buyer: &Shopper, goods: &Goods) -> Value {
    let cart = buyer.cart_with(goods, 1).await;
    buyer.wish(&cart, VISA).await
}

/// What became of a request, asked again for as long as its twin is being worked on.
async fn settled(buyer: &Shopper, key: &str, wish: &Value) -> (u16, Value) {
    loop {
        let answer = buyer.place_under(key, wish).await;
        let (status, body) = (answer.status.as_u16(), answer.json());
        if body["code"] != "request-in-progress" {
            return (status, body);
        }
        tokio::task::yield_now().await;
    }
}

fn placed((status, order): &(u16, Value)) -> &str {
    assert_eq!(*status, 201, "{order}");
    text(&order["id"])
}
