//! What shoppers see.

use actix_web::web::Data;
use host::{Answer, Paging, Param, Problem, Query};
use products_api::{Browse, ProductRef, Products};

use super::{
    shown::{Product, Results},
    wishes::Search,
};

/// Searches what is on sale.
///
/// All words must be found, each as the beginning of a word of title, description, attributes, options or
/// SKU; capitals and accents do not matter. With `facets`, the values of attributes are counted, those of
/// an attribute that is filtered by as if it were not.
#[utoipa::path(get, path = "/v1/products", tag = "products",
    params(Search, ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Results, description = "What was found."), Problem))]
pub(super) async fn list(
    products: Data<dyn Products>,
    search: Query<Search>,
    paging: Paging,
) -> Result<Answer<Results>, Problem> {
    let facets = search.0.facets.unwrap_or_default();
    let wish: Browse = search.0.wish(paging.page.clone())?;
    let found = products.browse(wish).await?;
    Ok(Answer::ok(Results::of(&paging, found, facets)))
}

/// Shows one product with its variants and how many of each can be had.
#[utoipa::path(get, path = "/v1/products/{id_or_slug}", tag = "products",
    params(("id_or_slug" = String, Path)),
    responses((status = 200, body = Product, description = "The product."), Problem))]
pub(super) async fn find(
    products: Data<dyn Products>,
    which: Param<String>,
) -> Result<Answer<Product>, Problem> {
    let which = match which.0.parse() {
        Ok(id) => ProductRef::Id(id),
        Err(_) => ProductRef::Slug(which.0),
    };
    let product = products.product(which).await?;
    // By what it says, not by its version: whoever asks again wants to know that the last one is gone.
    Ok(Answer::ok(Product::from(product)))
}
