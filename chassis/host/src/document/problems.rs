//! The problems that an operation may be answered with.

use kernel::Code;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Components, ContentBuilder, Ref, RefOr, ResponseBuilder, path, path::ParameterIn},
};

use super::{headers, takes};
use crate::{Operation, Policy, problem::PROBLEM_JSON, problem::Problem};

/// Defines what a problem is.
pub(super) fn describe(components: &mut Components) {
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let schema = Ref::from_schema_name(Problem::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response =
        ResponseBuilder::new().description("The request failed.").content(PROBLEM_JSON, content);
    components.responses.insert("Problem".to_owned(), headers::of_problem(response).into());
}

/// Says which problems may follow, unless the module has said more.
pub(super) fn may_follow(described: &mut path::Operation, operation: &Operation) {
    let mut statuses: Vec<u16> =
        codes(described, operation).into_iter().map(Code::status).collect();
    statuses.dedup();
    let problem = || RefOr::Ref(Ref::new("#/components/responses/Problem"));
    let all = &mut described.responses.responses;
    all.insert("default".to_owned(), problem());
    for status in statuses {
        all.entry(status.to_string()).or_insert_with(problem);
    }
}

fn codes(described: &path::Operation, operation: &Operation) -> Vec<Code> {
    let has = |place: &ParameterIn| {
        let mut all = described.parameters.iter().flatten();
        all.any(|parameter| matches!(parameter, RefOr::T(found) if found.parameter_in == *place))
    };
    let policy = operation.policy;
    let changes = !operation.method.is_safe();
    let body = described.request_body.is_some();
    let conditional = takes(described, "If-Match");
    let possible = [
        (Code::MalformedRequest, true),
        (Code::Unauthenticated, policy != Some(Policy::Public)),
        (Code::Forbidden, matches!(policy, Some(Policy::Permission(_)))),
        (Code::NotFound, has(&ParameterIn::Path)),
        (Code::Conflict, changes),
        (Code::PreconditionFailed, conditional),
        (Code::PayloadTooLarge, body),
        (Code::UnsupportedMediaType, body),
        (Code::ValidationFailed, changes || has(&ParameterIn::Query)),
        (Code::PreconditionRequired, conditional),
        (Code::RateLimited, true),
        (Code::Internal, true),
        (Code::DependencyUnavailable, true),
        (Code::DeadlineExceeded, true),
    ];
    possible.into_iter().filter_map(|(code, may)| may.then_some(code)).collect()
}
