//! Parameters of the path and of the query.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use kernel::Violation;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The parameters of the path: `Param<OrderId>` for one, `Param<(OrderId, LineId)>` for several.
///
/// What cannot be one names nothing, so it is a 404.
#[derive(Clone, Copy, Debug)]
pub struct Param<T>(pub T);

/// The query string as a struct; what does not fit is a 422.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Param<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::from_request(request, payload).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_| Problem::not_found()))
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request).map(Self))
    }
}

/// The query string as a `T`.
pub(super) fn query<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Problem> {
    let query = web::Query::<T>::from_query(request.query_string());
    query.map(web::Query::into_inner).map_err(|error| {
        let detail = format!("the query string does not fit: {error}");
        Problem::invalid(Violation::new("", "invalid-query", detail))
    })
}
