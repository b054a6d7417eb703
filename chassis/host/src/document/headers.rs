//! The headers of answers.

use utoipa::openapi::{
    Components, Header, HeaderBuilder, Object, Ref, RefOr, Response, ResponseBuilder, Type,
};

/// On every answer.
const ALWAYS: [&str; 4] = ["RateLimit", "RateLimit-Policy", "X-Request-Id", "traceparent"];

/// Defines the headers that answers have.
pub(super) fn describe(components: &mut Components) {
    let text = |about| header(Object::builder().schema_type(Type::String), about);
    let defined = [
        (
            "RateLimit",
            text(
                "What is left, of which limit, until when: `\"user\";r=399;t=1` \
                 (draft-ietf-httpapi-ratelimit-headers). Absent when there is no limit.",
            ),
        ),
        (
            "RateLimit-Policy",
            text("The limit: `\"user\";q=400;w=4` are 400 requests in 4 seconds."),
        ),
        ("X-Request-Id", text("Yours, or the id of the trace. Quote it when you ask for help.")),
        ("traceparent", text("The position in the trace (W3C Trace Context).")),
        ("ETag", text("The version of the representation, for `If-None-Match` and `If-Match`.")),
        ("Location", text("Where the new resource is.")),
        (
            "Idempotent-Replayed",
            text("`true` when the answer was given before, to the same `Idempotency-Key`."),
        ),
        (
            "Retry-After",
            header(
                Object::builder().schema_type(Type::Integer).minimum(Some(0)),
                "Seconds after which asking again makes sense.",
            ),
        ),
    ];
    for (name, header) in defined {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
}

/// The headers of an answer with this status.
pub(super) fn add(response: &mut Response, status: &str, repeatable: bool) {
    ALWAYS.into_iter().for_each(|name| refer(response, name));
    if status == "201" {
        refer(response, "Location");
    }
    if repeatable && status.starts_with('2') {
        refer(response, "Idempotent-Replayed");
    }
}

/// The headers of a problem.
pub(super) fn of_problem(response: ResponseBuilder) -> Response {
    let mut response = response.build();
    add(&mut response, "default", false);
    refer(&mut response, "Retry-After");
    response
}

/// The answer has an entity tag.
pub(super) fn tag(response: &mut Response) {
    refer(response, "ETag");
}

fn refer(response: &mut Response, name: &str) {
    let place = Ref::new(format!("#/components/headers/{name}"));
    response.headers.insert(name.to_owned(), RefOr::Ref(place));
}

fn header(schema: utoipa::openapi::ObjectBuilder, about: &str) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).build()
}
