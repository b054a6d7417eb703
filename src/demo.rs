//! A small shop to look at: fills an empty catalogue and creates a customer to log in as.

#[cfg(all(test, feature = "products", feature = "users"))]
mod tests;

use std::{collections::BTreeMap, fmt};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use kernel::{Currency, Money};
use products_api::{
    Attribute, Error, NewCategory, NewProduct, NewVariant, OptionValue, ProductRef, ProductStatus,
    Products,
};
use serde::Deserialize;
use users_api::{AddAddress, Defaults, Password, PostalAddress, SignUp, UserId, Users};

use crate::admin;

/// Who can log in to the demonstration.
pub struct Customer {
    /// The e-mail address.
    pub email: &'static str,
    /// The random password, in the only moment when anybody knows it: when the customer was made.
    pub password: Option<String>,
}

impl fmt::Display for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { email, password } = self;
        match password {
            Some(password) => {
                writeln!(f, "  customer  {email}, password {password} (shown this once)")
            }
            None => writeln!(f, "  customer  {email}, with the password shown at the first start"),
        }
    }
}

const EMAIL: &str = "demo@rialto.example";
const CATALOGUE: &str = include_str!("demo/catalogue.json");
/// Prices of the demo catalogue are in minor units of this.
const CURRENCY: Currency = Currency::EUR;
/// Products put on sale at once: those that wait for the disk together wait once.
const AT_ONCE: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    categories: Vec<Shelf>,
    products: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    slug: String,
    name: String,
    parent: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    slug: String,
    title: String,
    description: String,
    categories: Vec<String>,
    attributes: BTreeMap<String, String>,
    variants: Vec<Choice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    sku: String,
    options: BTreeMap<String, String>,
    price: i64,
    compare_at: Option<i64>,
    weight_g: u32,
    stock: u32,
}

/// Fills the catalogue unless it was filled before. Started again after it was interrupted, it adds what
/// is missing.
///
/// The last product is put on sale when everything else is there, so that one question tells whether
/// there is anything to do.
///
/// # Errors
/// When products fails.
pub async fn fill(products: &dyn Products) -> Result<()> {
    let Catalogue { categories, products: mut items } =
        serde_json::from_str(CATALOGUE).context("the demo catalogue")?;
    let last = items.pop().context("the demo catalogue is empty")?;
    match products.product(ProductRef::Slug(last.slug.clone())).await {
        Ok(_) => return Ok(()),
        Err(Error::UnknownProduct(_)) => {}
        Err(error) => return Err(error).context("looking for the demo catalogue"),
    }
    for (position, shelf) in (1..).zip(categories) {
        add_category(products, shelf, position).await?;
    }
    let published = stream::iter(items).map(|item| publish(products, item));
    published.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    publish(products, last).await
}

/// The customer, made if there is none yet.
///
/// # Errors
/// When users fails.
pub async fn customer(users: &dyn Users) -> Result<Customer> {
    Ok(Customer { email: EMAIL, password: sign_up(users).await? })
}

async fn add_category(products: &dyn Products, shelf: Shelf, position: i64) -> Result<()> {
    let Shelf { slug, name, parent } = shelf;
    let wish = NewCategory { slug: slug.clone(), name, parent, position };
    match products.add_category(wish).await {
        Ok(_) | Err(Error::SlugTaken(_)) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("the demo category {slug}")),
    }
}

async fn publish(products: &dyn Products, item: Item) -> Result<()> {
    let slug = item.slug.clone();
    match products.add_product(item.into()).await {
        Ok(_) | Err(Error::SlugTaken(_)) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("the demo product {slug}")),
    }
}

/// Makes the demo customer; nothing when there is one, whose password nobody here knows.
async fn sign_up(users: &dyn Users) -> Result<Option<String>> {
    let password = admin::random();
    let wish = SignUp {
        email: EMAIL.to_owned(),
        password: Password::new(&password),
        name: "Dora Demo".to_owned(),
    };
    match users.sign_up(wish).await {
        Ok(customer) => {
            users.add_address(home_of(customer.id)).await.context("the demo address")?;
            Ok(Some(password))
        }
        Err(users_api::Error::EmailTaken) => Ok(None),
        Err(error) => Err(error).context("the demo customer"),
    }
}

fn home_of(owner: UserId) -> AddAddress {
    let address = PostalAddress {
        recipient: "Dora Demo".to_owned(),
        phone: None,
        line1: "Musterstraße 12".to_owned(),
        line2: None,
        city: "Hamburg".to_owned(),
        region: None,
        postal_code: "20095".to_owned(),
        country: "DE".to_owned(),
    };
    let defaults = Defaults { shipping: true, billing: true };
    AddAddress { owner, label: "home".to_owned(), address, defaults }
}

impl From<Item> for NewProduct {
    fn from(item: Item) -> Self {
        let attribute = |(name, value)| Attribute { name, value };
        Self {
            slug: item.slug,
            title: item.title,
            description: item.description,
            status: ProductStatus::Active,
            categories: item.categories,
            attributes: item.attributes.into_iter().map(attribute).collect(),
            media: Vec::new(),
            variants: item.variants.into_iter().map(NewVariant::from).collect(),
        }
    }
}

impl From<Choice> for NewVariant {
    fn from(choice: Choice) -> Self {
        let price = |minor| Money::new(minor, CURRENCY);
        let option = |(name, value)| OptionValue { name, value };
        Self {
            sku: choice.sku,
            options: choice.options.into_iter().map(option).collect(),
            price: price(choice.price),
            compare_at: choice.compare_at.map(price),
            weight_g: choice.weight_g,
            barcode: None,
            track_stock: true,
            for_sale: true,
            on_hand: choice.stock,
        }
    }
}
