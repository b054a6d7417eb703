//! What every documented operation says, so that no module has to: who may use it, which headers go in
//! and out, and which problems it may be answered with.
//!
//! All of it follows from the route and from what the module has documented, so that document and behaviour
//! cannot say different things.

mod headers;
mod problems;

use std::sync::Arc;

use actix_web::http::Method;
use utoipa::openapi::{
    Object, OpenApi, RefOr, Required, Response, ResponseBuilder, Schema, Type,
    extensions::Extensions,
    path::{self, Parameter, ParameterBuilder, ParameterIn, PathItem},
    security::{
        ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
    },
};

use crate::{Operation, Policy, door::GUEST_TOKEN};
use kernel::PageRequest;

/// The security scheme of access tokens.
const ACCESS_TOKEN: &str = "access_token";
/// The security scheme of guest tokens.
const GUEST: &str = "guest_token";
/// The largest body of an operation, in bytes.
const BODY_LIMIT: &str = "x-body-limit";

/// Adds to the document of a module what follows from its routes.
pub(crate) fn complete(document: &mut OpenApi, table: &[Arc<Operation>]) {
    let components = document.components.get_or_insert_default();
    problems::describe(components);
    headers::describe(components);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let guest = ApiKeyValue::with_description(
        GUEST_TOKEN.as_str(),
        "By which a shopper without an account is the same one as before.",
    );
    components.add_security_scheme(ACCESS_TOKEN, SecurityScheme::Http(bearer));
    components.add_security_scheme(GUEST, SecurityScheme::ApiKey(ApiKey::Header(guest)));
    for operation in table.iter().filter(|operation| operation.documented) {
        let item = document.paths.paths.get_mut(&super::routes::plain(&operation.pattern));
        let Some(described) = item.and_then(|item| of(item, &operation.method)) else { continue };
        describe(described, operation);
    }
}

/// The description of a method.
fn of<'a>(item: &'a mut PathItem, method: &Method) -> Option<&'a mut path::Operation> {
    match method.as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

fn describe(described: &mut path::Operation, operation: &Operation) {
    if let Some(id) = described.operation_id.as_mut().filter(|id| !id.contains('.')) {
        *id = format!("{}.{id}", operation.module);
    }
    described.security = Some(security(operation.policy));
    described.parameters.iter_mut().flatten().for_each(narrow);
    let extensions = described.extensions.get_or_insert_default();
    extensions.merge(policy(operation.policy));
    if described.request_body.is_some() {
        extensions.insert(BODY_LIMIT.to_owned(), operation.body_limit.into());
    }
    match operation.method {
        Method::POST | Method::PATCH => accept_key(described, operation.idempotency_key),
        Method::GET => {
            be_in_pages(described);
            be_conditional(described);
        }
        _ => {}
    }
    problems::may_follow(described, operation);
    let repeatable = matches!(operation.method, Method::POST | Method::PATCH);
    for (status, response) in &mut described.responses.responses {
        if let RefOr::T(response) = response {
            headers::add(response, status, repeatable);
        }
    }
}

/// Which tokens let somebody in. An empty requirement is for those who have none.
fn security(policy: Option<Policy>) -> Vec<SecurityRequirement> {
    let token = |scheme: &str| SecurityRequirement::new(scheme, [""; 0]);
    match policy {
        None | Some(Policy::Public) => vec![SecurityRequirement::default()],
        Some(Policy::Optional) => vec![SecurityRequirement::default(), token(ACCESS_TOKEN)],
        Some(Policy::Shopper) => vec![token(ACCESS_TOKEN), token(GUEST)],
        Some(Policy::Customer | Policy::Permission(_)) => vec![token(ACCESS_TOKEN)],
    }
}

/// The policy for programs: `x-policy`, and `x-permission` where there is one.
fn policy(policy: Option<Policy>) -> Extensions {
    let (name, permission) = match policy {
        None | Some(Policy::Public) => ("public", None),
        Some(Policy::Optional) => ("optional", None),
        Some(Policy::Shopper) => ("shopper", None),
        Some(Policy::Customer) => ("customer", None),
        Some(Policy::Permission(permission)) => ("permission", Some(permission.as_str())),
    };
    let permission = permission.map(|permission| ("x-permission", permission));
    std::iter::once(("x-policy", name)).chain(permission).collect()
}

/// The `Idempotency-Key`, with which every POST and PATCH may be repeated.
fn accept_key(described: &mut path::Operation, required: bool) {
    let schema = Object::builder()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"));
    let why = "Names the intention: a repeated request has no further effect and gets the same answer, \
               with `Idempotent-Replayed: true`, for 72 hours.";
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(if required { Required::True } else { Required::False })
        .description(Some(why))
        .schema(Some(schema));
    put(described, key.build());
}

/// `limit` and `cursor`, by which a [`Listing`](crate::Listing) is read.
fn be_in_pages(described: &mut path::Operation) {
    let found = described.responses.responses.get("200");
    let Some(RefOr::T(found)) = found else { return };
    let Some(RefOr::T(content)) = found.content.get("application/json") else { return };
    let listing = match &content.schema {
        Some(RefOr::Ref(schema)) => schema.ref_location.contains("/Listing_"),
        _ => false,
    };
    if !listing {
        return;
    }
    let limit = Object::builder()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PageRequest::MAX_LIMIT))
        .default(Some(PageRequest::DEFAULT_LIMIT.into()));
    let cursor = Object::builder().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]+$"));
    let parameters = [
        ("limit", limit, "How many at most."),
        ("cursor", cursor, "The `next_cursor` of the page before."),
    ];
    for (name, schema, about) in parameters {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(schema));
        put(described, parameter.build());
    }
}

/// `If-None-Match` and 304, which every representation of a resource has. A probe is none: it documents
/// its `Cache-Control: no-store`.
fn be_conditional(described: &mut path::Operation) {
    let Some(RefOr::T(found)) = described.responses.responses.get_mut("200") else { return };
    let stored = !found.headers.contains_key("Cache-Control");
    if !stored || !found.content.keys().any(|media| media == "application/json") {
        return;
    }
    headers::tag(found);
    let schema = Object::builder().schema_type(Type::String);
    let known = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The `ETag` of what is known already: when it is still true, 304."))
        .schema(Some(schema));
    put(described, known.build());
    let mut unchanged: Response =
        ResponseBuilder::new().description("As `If-None-Match` said.").build();
    headers::tag(&mut unchanged);
    described.responses.responses.insert("304".to_owned(), unchanged.into());
}

/// What names something in a path is a plain word, unless the module says more.
fn narrow(parameter: &mut RefOr<Parameter>) {
    let RefOr::T(parameter) = parameter else { return };
    let free = match &parameter.schema {
        Some(RefOr::T(Schema::Object(object))) => {
            object.pattern.is_none() && object.schema_type == Type::String.into()
        }
        _ => parameter.schema.is_none(),
    };
    if parameter.parameter_in == ParameterIn::Path && free {
        let word = Object::builder()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(200))
            .pattern(Some("^[A-Za-z0-9_-]+$"));
        parameter.schema = Some(word.into());
    }
}

/// Documents a parameter, instead of what was said about it.
fn put(described: &mut path::Operation, parameter: Parameter) {
    let all = described.parameters.get_or_insert_default();
    all.retain(|known| !is(known, &parameter.name));
    all.push(RefOr::T(parameter));
}

/// Whether the operation takes the header `name`.
fn takes(described: &path::Operation, name: &str) -> bool {
    described.parameters.iter().flatten().any(|parameter| is(parameter, name))
}

fn is(parameter: &RefOr<Parameter>, name: &str) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name.eq_ignore_ascii_case(name))
}
