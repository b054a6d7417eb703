//! The OpenAPI document of everything this process answers, and a page to read it.

use actix_web::web::ServiceConfig;
use host::Routes;
use utoipa::{
    OpenApi,
    openapi::{
        self,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

#[derive(OpenApi)]
#[openapi(info(
    title = "Rialto",
    description = "A commerce backend. Errors are application/problem+json (RFC 9457) with a code from \
                   a closed list; times are RFC 3339 in UTC; money is minor units with a currency; \
                   `_links` hold what is related and what may be done now.",
    license(name = "MIT OR Apache-2.0")
))]
struct Frame;

/// One document from the documents of all modules.
pub fn merge(routes: &[Routes]) -> openapi::OpenApi {
    let mut whole = Frame::openapi();
    for part in routes.iter().filter_map(Routes::openapi) {
        whole.merge(part.clone());
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = whole.components.get_or_insert_default();
    components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    whole
}

/// Mounts `/openapi.json` and `/docs`, which works without internet.
pub fn mount(document: openapi::OpenApi, app: &mut ServiceConfig) {
    let page = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json"));
    app.service(page.url("/openapi.json", document));
}
