//! How a problem looks in an OpenAPI document.

use std::{borrow::Cow, collections::BTreeMap};

use kernel::Code;
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Array, ContentBuilder, Object, ObjectBuilder, Ref, RefOr, ResponseBuilder, Schema, Type,
        response::Response,
    },
};

use crate::problem::{PROBLEM_JSON, Problem};

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = |about: &str| typed(Type::String).description(Some(about.to_owned()));
        let code =
            typed(Type::String).enum_values(Some(Code::ALL.iter().map(|code| code.as_str())));
        let violation = typed(Type::Object)
            .property("pointer", text("A JSON Pointer (RFC 6901) into the request body."))
            .property("code", text("What is wrong, in kebab case."))
            .property("detail", text("What is wrong and what would be right."));
        typed(Type::Object)
            .description(Some("Why a request failed (RFC 9457)."))
            .property("type", text("A URI reference, the same for every problem of this kind."))
            .property("title", text("A short sentence, the same for every problem of this kind."))
            .property("status", typed(Type::Integer))
            .property("detail", text("What happened this time."))
            .property("instance", text("The path of the request."))
            .property("code", code)
            .property("retryable", typed(Type::Boolean))
            .property("trace_id", text("Quote it when you ask for help."))
            .property("errors", Array::new(violation))
            .required("type")
            .required("title")
            .required("status")
            .required("detail")
            .required("code")
            .required("retryable")
            .into()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

/// `responses((status = 200, …), Problem)`: anything else is a problem.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(Self::name());
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new()
            .description("The request failed.")
            .content(PROBLEM_JSON, content)
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(response))])
    }
}

fn typed(schema: Type) -> ObjectBuilder {
    Object::builder().schema_type(schema)
}
