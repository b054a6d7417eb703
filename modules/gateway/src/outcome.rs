//! Answers as they leave.

use actix_web::{body::EitherBody, dev::ServiceResponse};
use host::{
    Problem,
    door::{self, TRACEPARENT, value},
};
use ports::Trace;

use crate::{admission::Visit, headers::REQUEST_ID};

/// The answer as it leaves: a problem if it is a failure, and with the headers that every answer has.
pub(crate) fn finished<B>(
    mut response: ServiceResponse<EitherBody<B>>,
    visit: &Visit,
    trace: Trace,
) -> ServiceResponse<EitherBody<B>> {
    if let Some(problem) = door::instead(response.response(), &visit.path, trace) {
        response = ServiceResponse::new(response.into_parts().0, problem.map_into_right_body());
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, visit.request_id.clone());
    headers.insert(TRACEPARENT, value(&trace.traceparent()));
    for (name, value) in visit.allowance.into_iter().flat_map(|allowance| allowance.headers()) {
        headers.insert(name, value);
    }
    response
}

/// A failure that left no answer behind, such as a panic.
pub(crate) fn broken(problem: Problem, visit: &Visit, trace: Trace) -> actix_web::Error {
    problem
        .about(&visit.path, trace)
        .header(REQUEST_ID, visit.request_id.clone())
        .header(TRACEPARENT, value(&trace.traceparent()))
        .into()
}
