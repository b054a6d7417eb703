//! Query strings.

use host::Problem;
use kernel::{PageRequest, Violation};
use products_api::{
    Attribute, Browse, MovementKind, ProductStatus, ReservationState, Shown, Stock, StockMovements,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What a shopper is looking for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Search {
    /// Words, at most 10; each must begin a word of the product.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The slug of a category; what lies below it belongs to it.
    category: Option<String>,
    /// The least a variant costs, in minor units.
    price_min: Option<i64>,
    /// The most a variant costs, in minor units.
    price_max: Option<i64>,
    /// Only what can be bought now.
    in_stock: Option<bool>,
    /// Attributes a product must have: `material:stoneware,colour:blue`. Several values of one attribute
    /// are alternatives. A comma in a value is written `\,`.
    attributes: Option<String>,
    /// Whether the values of attributes are counted.
    pub(in crate::http) facets: Option<bool>,
    /// title (A first), price (cheapest first), price-down (dearest first), newest, or relevance (all words
    /// in the title first).
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
}

/// What staff are looking for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct KeptSearch {
    /// Words, at most 10; each must begin a word of the product.
    #[param(max_length = 200)]
    q: Option<String>,
    /// draft, active or archived; all when it is not said.
    #[param(inline)]
    status: Option<Status>,
    /// title, price, price-down, newest or relevance.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
}

/// Which levels are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct LevelSearch {
    /// The id of a product: only its variants.
    product: Option<String>,
    /// Only the variant with this SKU.
    sku: Option<String>,
    /// Only what is counted and of which at most so many can be bought.
    available_max: Option<i64>,
}

/// Which movements are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct MovementSearch {
    /// The id of a variant: only its movements.
    variant: Option<String>,
    /// received, reserved, released, shipped, returned or adjusted.
    #[param(inline)]
    kind: Option<Kind>,
}

/// Which reservations are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ReservationSearch {
    /// held, committed, consumed, released or expired.
    #[param(inline)]
    pub(in crate::http) state: Option<State>,
}

/// The words of a query string, each the same as one of the contract's.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident as $schema:ident = $theirs:ident { $($(#[$first:meta])? $word:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        #[schema(as = $schema)]
        pub(in crate::http) enum $name {
            $($(#[$first])? $word,)+
        }

        impl From<$name> for $theirs {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$word => Self::$word,)+
                }
            }
        }
    )+};
}

use products_api::Sort as Order;

words! {
    /// The order of a list.
    #[derive(Default)]
    Sort as ProductSort = Order { #[default] Title, Price, PriceDown, Newest, Relevance, }
    /// How far products are in their lives.
    Status as SearchedStatus = ProductStatus { Draft, Active, Archived, }
    /// What happened to stock.
    Kind as SearchedKind = MovementKind { Received, Reserved, Released, Shipped, Returned, Adjusted, }
    /// How far reservations have got.
    State as SearchedState = ReservationState { Held, Committed, Consumed, Released, Expired, }
}

impl Search {
    pub(in crate::http) fn wish(self, page: PageRequest) -> Result<Browse, Problem> {
        Ok(Browse {
            text: self.q,
            category: self.category,
            price_min: self.price_min,
            price_max: self.price_max,
            in_stock: self.in_stock.unwrap_or_default(),
            attributes: self.attributes.as_deref().map(attributes).transpose()?.unwrap_or_default(),
            facets: self.facets.unwrap_or_default(),
            shown: Shown::OnSale,
            sort: self.sort.into(),
            page,
        })
    }
}

impl KeptSearch {
    pub(in crate::http) fn wish(self, page: PageRequest) -> Browse {
        let shown = self.status.map_or(Shown::Any, |status| Shown::Only(status.into()));
        Browse { text: self.q, shown, sort: self.sort.into(), page, ..Browse::default() }
    }
}

impl LevelSearch {
    pub(in crate::http) fn wish(self, page: PageRequest) -> Result<Stock, Problem> {
        let Self { product, sku, available_max } = self;
        let product = product.map(|id| id_of(&id, "/product")).transpose()?;
        Ok(Stock { product, sku, available_max, page })
    }
}

impl MovementSearch {
    pub(in crate::http) fn wish(self, page: PageRequest) -> Result<StockMovements, Problem> {
        let variant = self.variant.map(|id| id_of(&id, "/variant")).transpose()?;
        Ok(StockMovements { variant, kind: self.kind.map(Into::into), page })
    }
}

fn id_of<I: std::str::FromStr>(text: &str, pointer: &str) -> Result<I, Problem> {
    let invalid = |_| Problem::invalid(Violation::new(pointer, "invalid", "an id is wanted"));
    text.parse().map_err(invalid)
}

/// Reads `material:stoneware,colour:blue`.
fn attributes(text: &str) -> Result<Vec<Attribute>, Problem> {
    let detail = "pairs of name:value are wanted, with commas between them";
    let invalid = || Problem::invalid(Violation::new("/attributes", "invalid", detail));
    let mut all = Vec::new();
    for pair in split(text) {
        let (name, value) = pair.split_once(':').ok_or_else(invalid)?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if name.is_empty() || value.is_empty() {
            return Err(invalid());
        }
        all.push(Attribute { name, value });
    }
    Ok(all)
}

/// The parts between commas; one after a backslash is no end.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => parts.last_mut().map(|part| part.extend(signs.next())).unwrap_or_default(),
            ',' => parts.push(String::new()),
            other => parts.last_mut().map(|part| part.push(other)).unwrap_or_default(),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_pairs_and_a_comma_may_be_escaped() {
        let read = |text| attributes(text).map_err(drop);
        let pair = |name: &str, value: &str| Attribute { name: name.into(), value: value.into() };
        let two = vec![pair("material", "clay, grey"), pair("colour", "a:b")];
        assert_eq!(read(r"material:clay\, grey, colour:a:b"), Ok(two));
        for wrong in ["", "material", "material:", ":clay", "a:b,,c:d"] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }
}
