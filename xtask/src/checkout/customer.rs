//! Customers and what they buy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::shop::{ADMIN, Shop};

/// How many different things are on sale.
const PRODUCTS: u64 = 20;
/// How many of each: more than can be sold.
const STOCK: u32 = 1_000_000_000;
const CENTS: i64 = 1999;
/// How much of an unexpected answer is shown, in characters.
const SHOWN: usize = 120;
/// What every customer logs in with.
const PASSWORD: &str = "a long password";
/// How many sign up at once; passwords are hashed one a thread anyway.
const AT_ONCE: usize = 4;

/// Somebody who is logged in.
pub(crate) struct Customer {
    token: String,
}

/// The shop's goods and how to buy them.
pub(crate) struct Market {
    client: Client,
    base: String,
    variants: Vec<String>,
    /// What one of them costs with delivery.
    total: i64,
    purchases: AtomicU64,
}

impl Market {
    /// Puts goods on sale.
    pub(crate) async fn stock(shop: &Shop) -> Result<Self> {
        let client = Client::builder().no_proxy().pool_max_idle_per_host(10_000).build()?;
        let (base, purchases) = (shop.base.clone(), AtomicU64::new(0));
        let mut market = Self { client, base, variants: Vec::new(), total: 0, purchases };
        let (email, password) = ADMIN;
        let admin = market.log_in(email, password).await?;
        for number in 0..PRODUCTS {
            let price = json!({ "minor": CENTS, "currency": "EUR" });
            let variant =
                json!({ "sku": format!("SKU-{number}"), "price": price, "on_hand": STOCK });
            let slug = format!("thing-{number}");
            let product =
                json!({ "slug": slug, "title": slug, "status": "active", "variants": [variant] });
            let product = market.request(Method::POST, "/v1/admin/products", &admin).json(&product);
            let product = answer(product, 201).await?;
            market.variants.push(text(&product["variants"][0]["id"])?.to_owned());
        }
        let path = "/v1/delivery-methods?country=DE&currency=EUR";
        let methods = answer(market.request(Method::GET, path, &admin), 200).await?;
        let methods = methods["items"].as_array().context("no delivery methods")?;
        let standard = methods.iter().find(|method| method["code"] == "standard");
        let delivery = standard.and_then(|method| method["price"]["minor"].as_i64());
        market.total = CENTS + delivery.context("no standard delivery")?;
        Ok(market)
    }

    /// Buys one thing; gives how long placing the order took.
    pub(crate) async fn purchase(&self, customer: &Customer) -> Result<Duration> {
        let number = self.purchases.fetch_add(1, Ordering::Relaxed);
        let variant = &self.variants[usize::try_from(number)? % self.variants.len()];
        let cart = self.request(Method::POST, "/v1/carts", customer).json(&json!({}));
        let cart = text(&answer(cart, 201).await?["id"])?.to_owned();
        let line = format!("/v1/carts/{cart}/lines/{variant}");
        let line = self.request(Method::PUT, &line, customer).json(&json!({ "quantity": 1 }));
        answer(line, 200).await?;
        let order = self.request(Method::POST, "/v1/orders", customer).json(&self.wish(&cart));
        let order = order.header("Idempotency-Key", format!("purchase-{number}"));
        let begun = Instant::now();
        answer(order, 201).await?;
        Ok(begun.elapsed())
    }

    fn wish(&self, cart: &str) -> Value {
        json!({
            "cart_id": cart,
            "expected_total": { "minor": self.total, "currency": "EUR" },
            "address": {
                "recipient": "Ada Lovelace",
                "line1": "Unter den Linden 1",
                "city": "Berlin",
                "postal_code": "10117",
                "country": "DE",
            },
            "delivery_method": "standard",
            "payment": { "token": "pm_card_visa" },
        })
    }

    /// Looks at what is for sale.
    pub(crate) async fn browse(&self) -> Result<()> {
        let list = self.client.get(format!("{}/v1/products?limit=20", self.base));
        answer(list, 200).await.map(drop)
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<Customer> {
        let credentials = json!({ "email": email, "password": password });
        let session = self.client.post(format!("{}/v1/sessions", self.base)).json(&credentials);
        let session = answer(session, 201).await?;
        Ok(Customer { token: text(&session["access_token"])?.to_owned() })
    }

    fn request(&self, method: Method, path: &str, customer: &Customer) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&customer.token)
    }
}

impl Customer {
    /// So many new accounts, logged in.
    pub(crate) async fn sign_up(market: &Arc<Market>, count: usize) -> Result<Vec<Self>> {
        let mut signing_up = JoinSet::new();
        let mut customers = Vec::new();
        for number in 0..count {
            if signing_up.len() >= AT_ONCE {
                customers.extend(signing_up.join_next().await.transpose()?.transpose()?);
            }
            let market = market.clone();
            signing_up.spawn(async move { Self::new(&market, number).await });
        }
        for customer in signing_up.join_all().await {
            customers.push(customer?);
        }
        Ok(customers)
    }

    async fn new(market: &Market, number: usize) -> Result<Self> {
        let account = json!({ "email": email(number), "password": PASSWORD, "name": "Customer" });
        let account = market.client.post(format!("{}/v1/users", market.base)).json(&account);
        answer(account, 201).await?;
        Self::again(market, number).await
    }

    /// The customer of this number logs in.
    pub(crate) async fn again(market: &Market, number: usize) -> Result<Self> {
        market.log_in(&email(number), PASSWORD).await
    }
}

fn email(number: usize) -> String {
    format!("customer-{number}@example.com")
}

/// The body of the answer, if its status is the expected one.
async fn answer(request: RequestBuilder, status: u16) -> Result<Value> {
    let response = request.send().await?;
    let (path, actual) = (response.url().path().to_owned(), response.status());
    let text = response.text().await?;
    let start: String = text.chars().take(SHOWN).collect();
    ensure!(actual.as_u16() == status, "{path} answers {actual}: {start}");
    Ok(serde_json::from_str(&text)?)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value} is not a string"))
}
