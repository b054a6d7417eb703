//! Keys that verify tokens: they come late, they change, and nobody is called a liar meanwhile.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use gateway::Keys;
use host::Background;
use identity::{Jwks, SigningKey};
use kernel::Code;
use testkit::eventually;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    split::{LIMIT, Process, Setting, Shop},
    toys,
    world::problem,
};

/// Where keys are published, by whoever has them.
#[derive(Clone, Default)]
struct Publisher {
    published: Arc<Mutex<Option<Jwks>>>,
    asked: Arc<AtomicUsize>,
}

impl Publisher {
    fn publish(&self, keys: Jwks) {
        *self.published.lock().unwrap() = Some(keys);
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    /// Has `keys` look here.
    fn answer(&self, keys: &Keys) -> DropGuard {
        let publisher = self.clone();
        let looking = keys.background(move || {
            publisher.asked.fetch_add(1, SeqCst);
            let found = publisher.published.lock().unwrap().clone();
            async move { found.ok_or("nobody is there") }
        });
        let stop = CancellationToken::new();
        tokio::spawn(Background::run_all(vec![looking], stop.clone()));
        stop.drop_guard()
    }
}

async fn shop(keys: fn(identity::Verifier) -> Keys) -> (Shop, Process) {
    let process = Process::hosting(vec![toys::routes(&Arc::default())]).await;
    let remote = vec![("toys", vec![process.address.to_string()])];
    (Shop::open(Setting { remote, keys, ..Setting::default() }).await, process)
}

async fn status(shop: &Shop, token: &str) -> u16 {
    shop.get("/v1/toys/7").bearer_auth(token).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn until_the_keys_are_known_nobody_is_told_that_their_token_is_wrong() {
    let (shop, _process) = shop(Keys::awaited).await;
    let (token, keys) = (shop.token(&[]), shop.issuer.jwks());
    shop.verifier.rotate(&Jwks::default());
    let response = shop.get("/v1/toys/7").bearer_auth(&token).send().await.unwrap();
    assert!(response.headers().contains_key("retry-after"));
    problem(response, Code::DependencyUnavailable).await;
    assert_eq!(shop.get("/v1/toys/7").send().await.unwrap().status(), 200, "a guest needs no key");

    let publisher = Publisher::default();
    let _looking = publisher.answer(&shop.keys);
    eventually("they are asked for again", LIMIT, async || publisher.asked() > 2).await;
    assert_eq!(status(&shop, &token).await, 503);
    publisher.publish(keys);
    eventually("the keys are known", LIMIT, async || status(&shop, &token).await == 200).await;
    assert_eq!(status(&shop, "nonsense").await, 401);
}

#[tokio::test]
async fn a_token_of_a_new_key_waits_until_the_key_is_looked_up() {
    let (shop, _process) = shop(Keys::from).await;
    let (old, publisher) = (shop.token(&[]), Publisher::default());
    publisher.publish(shop.issuer.jwks());
    let _looking = publisher.answer(&shop.keys);
    eventually("the keys are looked up", LIMIT, async || publisher.asked() == 1).await;

    let mut keys = shop.issuer.jwks();
    let new = SigningKey::generate().unwrap();
    keys.keys.push(new.public().clone());
    publisher.publish(keys);
    shop.issuer.rotate(vec![new]);
    let token = shop.token(&[]);
    let all = (0..8).map(|_| status(&shop, &token));
    let all = futures::future::join_all(all).await;
    assert_eq!(all, [200; 8], "a token that is good was called wrong");
    assert_eq!(status(&shop, &old).await, 200);
    assert_eq!(publisher.asked(), 2, "the keys are looked up once for all of them");
}

#[tokio::test]
async fn invented_keys_are_not_looked_up_again_and_again() {
    let (shop, _process) = shop(Keys::from).await;
    let publisher = Publisher::default();
    publisher.publish(shop.issuer.jwks());
    let _looking = publisher.answer(&shop.keys);
    eventually("the keys are looked up", LIMIT, async || publisher.asked() == 1).await;
    let started = Instant::now();
    for _ in 0..20 {
        shop.issuer.rotate(vec![SigningKey::generate().unwrap()]);
        let refused = shop.get("/v1/toys/7").bearer_auth(shop.token(&[])).send().await.unwrap();
        problem(refused, Code::Unauthenticated).await;
    }
    assert_eq!(publisher.asked(), 2, "at most every 30 s");
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for what is not looked up");
}

#[tokio::test]
async fn when_the_keys_cannot_be_looked_up_a_new_one_is_not_called_wrong_and_the_old_ones_stay() {
    let (shop, _process) = shop(Keys::from).await;
    let (old, publisher) = (shop.token(&[]), Publisher::default());
    let _looking = publisher.answer(&shop.keys);
    shop.issuer.rotate(vec![SigningKey::generate().unwrap()]);
    let new = shop.token(&[]);
    let refused = shop.get("/v1/toys/7").bearer_auth(&new).send().await.unwrap();
    problem(refused, Code::DependencyUnavailable).await;
    assert_eq!(status(&shop, &old).await, 200);
    publisher.publish(shop.issuer.jwks());
    eventually("the new key is known", LIMIT, async || status(&shop, &new).await == 200).await;
}
